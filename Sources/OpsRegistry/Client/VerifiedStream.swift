package import OpsCore
package import OpsHTTP

extension ByteStream {
    /// The same bytes, checked against the descriptor as they pass: more bytes than its size end the stream with
    /// an error at once, and its end is one where size or digest differ.
    ///
    /// Throws: an `OpsError` (`unsupported`) for a digest that cannot be computed; the stream throws `mismatch`.
    package func verified(_ descriptor: Descriptor, name: String) throws(OpsError) -> ByteStream {
        let first = try DigestHasher(for: descriptor.digest)
        return ByteStream {
            var hasher = first
            var count = 0
            var iterator = makeAsyncIterator()
            return {
                if let chunk = try await iterator.next() {
                    count += chunk.count
                    guard count <= descriptor.size else {
                        throw OpsError(.mismatch, "\(name) is longer than its \(descriptor.size) bytes")
                    }
                    chunk.withUnsafeBytes { hasher.update($0) }
                    return chunk
                }
                guard count == descriptor.size else {
                    throw OpsError(.mismatch, "\(name) ends after \(count) of its \(descriptor.size) bytes")
                }
                try descriptor.digest.verify(hasher.finalize(), name)
                return nil
            }
        }
    }
}
