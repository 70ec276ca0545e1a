import OpsCore
import OpsPlugin

/// A program's standard error as lines for the debug log: bounded, whatever comes.
struct ErrorLines: Sendable {
    /// The most of one line that is kept to be masked, and of that what is shown.
    private static let lineLimit = 1 << 16
    static let shownLimit = 4096
    /// The most that goes to the log in one call.
    static let limit = 1 << 20

    private var line: [UInt8] = []
    private var total = 0
    /// What the log is still to be told.
    private var held: [String] = []
    private(set) var last = ""

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard total <= Self.limit else { return }
        var start = 0
        while start < bytes.count, total <= Self.limit {
            let lineEnd = bytes.lineEnd(from: start)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<(lineEnd ?? bytes.count)])
            line.append(contentsOf: piece.prefix(max(0, Self.lineLimit - line.count)))
            guard let lineEnd else { return }
            end()
            start = lineEnd + 1
        }
    }

    private mutating func end() {
        if line.last == 0x0D { line.removeLast() }
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return }
        total += min(line.count, Self.shownLimit) + 1
        guard total <= Self.limit else {
            held.append("more than \(ByteSize.text(Self.limit)) on standard error: the rest is not kept")
            return
        }
        last = String(decoding: line, as: UTF8.self)
        held.append(last)
    }

    /// The lines since the last call. `isEnd` adds what has no line end.
    mutating func take(isEnd: Bool = false) -> [String] {
        if isEnd, total <= Self.limit { end() }
        defer { held.removeAll() }
        return held
    }

    var isEmpty: Bool { held.isEmpty }
}

extension String {
    /// The text cut to a number of bytes, at a character's end.
    func shortened(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > startIndex, String.Index(end, within: self) == nil { end = utf8.index(before: end) }
        return String(self[..<end]) + "…"
    }
}
