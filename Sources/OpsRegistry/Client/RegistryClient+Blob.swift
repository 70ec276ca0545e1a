import OpsCore
package import OpsHTTP

extension RegistryClient {
    /// The content of a blob, checked as it comes (see `verified`). Where the connection breaks, the rest is asked
    /// for, as often as the client's retries allow.
    ///
    /// Throws: an `OpsError` where there is no such blob or it has another size.
    package func blob(_ repository: RepositoryName, _ descriptor: Descriptor) async throws -> ByteStream {
        let name = "\(descriptor.digest) of \(host)/\(repository)"
        let first = try await open(repository, descriptor, name, from: 0)
        let stream = ByteStream {
            var rest = first.makeAsyncIterator()
            var count = 0
            var attempt = 1
            return {
                while true {
                    do {
                        guard let chunk = try await rest.next() else { return nil }
                        count += chunk.count
                        return chunk
                    } catch {
                        guard attempt < retry.attempts, retry.retries(error) else { throw error }
                        try await Task.sleep(for: retry.wait(after: attempt))
                        attempt += 1
                        rest = try await open(repository, descriptor, name, from: count).makeAsyncIterator()
                    }
                }
            }
        }
        return try stream.verified(descriptor, name: name)
    }

    /// What a blob holds from an offset on.
    private func open(
        _ repository: RepositoryName, _ descriptor: Descriptor, _ name: String, from offset: Int
    ) async throws -> ByteStream {
        var request = HTTPRequest("GET", try url(repository, "blobs/\(descriptor.digest)"))
        if offset > 0 { request.set("Range", "bytes=\(offset)-") }
        let response = try await send(request, scopes: [.pull(repository)])
        guard response.status == 200 || response.status == 206 && offset > 0 else {
            throw await RegistryFailure.error(response, "reading \(name)")
        }
        let skipped = response.status == 206 ? 0 : offset
        if let length = response.contentLength, length != descriptor.size - offset + skipped {
            throw OpsError(.mismatch, "\(name) has \(length) bytes, not \(descriptor.size)")
        }
        return skipped == 0 ? response.chunks : response.chunks.skipping(skipped)
    }
}

extension ByteStream {
    /// The bytes behind the first `count`.
    fileprivate func skipping(_ count: Int) -> ByteStream {
        ByteStream {
            var left = count
            var chunks = makeAsyncIterator()
            return {
                while let chunk = try await chunks.next() {
                    if chunk.count > left {
                        defer { left = 0 }
                        return left == 0 ? chunk : Array(chunk[left...])
                    }
                    left -= chunk.count
                }
                return nil
            }
        }
    }
}
