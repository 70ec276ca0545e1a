import Glibc

/// Cuts a stream of bytes into lines at LF, however the bytes arrive; other line ends are content.
package struct LineFrames: Sendable {
    package enum Frame: Sendable, Hashable {
        /// A whole line without its end.
        case line([UInt8])
        /// A line longer than the limit, up to it. Nothing follows.
        case oversize([UInt8])
    }

    private let limit: Int
    private var rest: [UInt8] = []
    private var isOver = false

    /// - Parameter limit: the most bytes of a line.
    package init(limit: Int = PluginProtocol.lineLimit) { self.limit = limit }

    /// The lines that end within `bytes`. What is kept is never more than the limit.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) -> [Frame] {
        var frames: [Frame] = []
        var start = bytes.startIndex
        while !isOver, start < bytes.endIndex {
            let end = bytes.lineEnd(from: start)
            let piece = bytes[start..<(end ?? bytes.endIndex)]
            guard rest.count + piece.count <= limit else {
                isOver = true
                frames.append(.oversize(rest + piece.prefix(limit - rest.count)))
                rest = []
                break
            }
            guard let end else {
                rest.append(contentsOf: piece)
                break
            }
            frames.append(.line(rest + piece))
            rest.removeAll(keepingCapacity: true)
            start = end + 1
        }
        return frames
    }

    package mutating func append(_ bytes: [UInt8]) -> [Frame] {
        bytes.withUnsafeBytes { append($0) }
    }

    /// What stands behind the last line's end; empty where the stream ended with it.
    package var unfinished: [UInt8] { rest }
}

extension UnsafeRawBufferPointer {
    /// Where the next LF stands, at `start` or behind it; nil where there is none.
    package func lineEnd(from start: Int) -> Int? {
        guard start < count, let base = baseAddress, let place = memchr(base + start, 0x0A, count - start) else {
            return nil
        }
        return UnsafeRawPointer(place) - base
    }
}
