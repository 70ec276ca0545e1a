/// A stream of byte chunks, read once by one reader.
package struct ByteStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    private let makeNext: @Sendable () -> () async throws -> [UInt8]?

    /// A stream whose reader is made by `makeNext`; the reader gives nil at the end.
    package init(_ makeNext: @escaping @Sendable () -> () async throws -> [UInt8]?) { self.makeNext = makeNext }

    /// A stream of the chunks of any sequence.
    package init<Chunks: AsyncSequence & Sendable>(_ chunks: Chunks) where Chunks.Element == [UInt8] {
        self.init {
            var iterator = chunks.makeAsyncIterator()
            return { try await iterator.next() }
        }
    }

    /// A stream of the bytes, in chunks of 64 KiB.
    package init(_ bytes: [UInt8]) {
        self.init {
            var offset = 0
            return {
                guard offset < bytes.count else { return nil }
                let end = Swift.min(offset + 1 << 16, bytes.count)
                defer { offset = end }
                return Array(bytes[offset..<end])
            }
        }
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let nextChunk: () async throws -> [UInt8]?

        package mutating func next() async throws -> [UInt8]? { try await nextChunk() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(nextChunk: makeNext()) }
}
