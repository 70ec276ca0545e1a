import Glibc

/// Cuts a stream of bytes into lines; only the unfinished line is kept.
struct OutputLines {
    private var partial: [UInt8] = []

    /// A line longer than this is handed on in parts.
    static let longestLine = 1 << 16

    /// Calls `body` for each finished line, without its newline.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            guard let newline = memchr(base, 0x0A, rest.count) else { break }
            let length = UnsafeRawPointer(newline) - base
            let line = UnsafeRawBufferPointer(rebasing: rest[..<length])
            if partial.isEmpty {
                body(line)
            } else {
                partial.append(contentsOf: line)
                partial.withUnsafeBytes(body)
                partial.removeAll(keepingCapacity: true)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
        }
        partial.append(contentsOf: rest)
        guard partial.count > Self.longestLine else { return }
        partial.withUnsafeBytes(body)
        partial.removeAll(keepingCapacity: true)
    }

    /// Hands on the last line where no newline ended it.
    mutating func finish(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard !partial.isEmpty else { return }
        partial.withUnsafeBytes(body)
        partial.removeAll()
    }
}
