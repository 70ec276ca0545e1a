import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OpsCore

/// The answer to a request: its head, and a body that is still on its way.
package struct HTTPResponse: Sendable {
    package let status: Int
    /// In the order they came, with the case they came in.
    package let headers: [(String, String)]
    /// Where the answer came from, after redirects: what a relative `Location` is relative to.
    package let url: URLParts
    /// The body, to be read once. A chunk that fails to come is an `OpsError`: `timeout` where nothing came for
    /// the idle time, `unavailable` where the connection broke.
    package let chunks: ByteStream
    /// What messages call the place.
    package let name: String

    package init(
        status: Int, headers: [(String, String)], url: URLParts, chunks: ByteStream, name: String
    ) {
        self.status = status
        self.headers = headers
        self.url = url
        self.chunks = chunks
        self.name = name
    }

    /// The first value of a header; names have no case.
    package func header(_ name: String) -> String? { headers(named: name).first }

    /// All values of a header in their order; names have no case.
    package func headers(named name: String) -> [String] {
        headers.filter { $0.0.lowercased() == name.lowercased() }.map(\.1)
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The number of body bytes that the server announced.
    package var contentLength: Int? { header("content-length").flatMap { Int($0) } }

    /// The whole body.
    ///
    /// Throws: an `OpsError` (`mismatch`) where it has more than `limit` bytes, else as `chunks`.
    package func collect(limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in chunks {
            guard bytes.count + chunk.count <= limit else {
                throw OpsError(.mismatch, "the answer of \(name) is larger than \(ByteSize.text(limit))")
            }
            bytes += chunk
        }
        return bytes
    }

    /// The first bytes of the body as text for a message, on one line; empty where there is none.
    package func excerpt(limit: Int = 300) async -> String {
        var bytes: [UInt8] = []
        do {
            for try await chunk in chunks {
                bytes += chunk.prefix(limit - bytes.count)
                if bytes.count >= limit { break }
            }
        } catch {
            // What came until then is all there is to show.
        }
        let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace || $0.isNewline }
        return words.joined(separator: " ").filter {
            $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        }
    }

    /// Reads a short body to its end, so that the connection can serve the next request.
    package func discard() async {
        var count = 0
        do {
            for try await chunk in chunks {
                count += chunk.count
                if count > 1 << 16 { return }
            }
        } catch {
            // The body was not wanted.
        }
    }
}
