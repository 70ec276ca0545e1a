import Glibc
package import OpsCore
import OpsSystem

/// A journal as it is read: its whole lines, in one pass over memory. A torn last line is left out.
package struct JournalFile: Sendable {
    private let bytes: [UInt8]

    /// Throws: an `OpsError` with the path.
    package init(runDirectory: String) throws(OpsError) { bytes = try readFile(runDirectory + "/journal.jsonl") }

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// Calls `body` with each whole line, its newline left out.
    package func forEachLine(_ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress else { return }
            var start = 0
            while start < all.count, let newline = memchr(base + start, 0x0A, all.count - start) {
                let end = newline - UnsafeMutableRawPointer(mutating: base)
                if end > start { body(UnsafeRawBufferPointer(rebasing: all[start..<end])) }
                start = end + 1
            }
        }
    }

    /// Each event in order, whole. A line that is no JSON is left out.
    package var events: [Value] {
        var events: [Value] = []
        forEachLine { line in if let event = try? JSONReader.value(Array(line)) { events.append(event) } }
        return events
    }

    /// The first and the last whole line of a journal of any length, read from its ends.
    ///
    /// Throws: an `OpsError` with the path.
    static func ends(runDirectory: String) throws(OpsError) -> (first: Value, last: Value)? {
        let path = runDirectory + "/journal.jsonl"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw OpsError.system("open", path) }
        defer { close(descriptor) }
        let length = lseek(descriptor, 0, SEEK_END)
        var window: off_t = 1 << 14
        while true {
            let head = piece(descriptor, 0, min(window, length))
            let tail = piece(descriptor, max(0, length - window), min(window, length))
            if let first = head.firstIndex(of: 0x0A), let end = tail.lastIndex(of: 0x0A) {
                let start = tail[..<end].lastIndex(of: 0x0A).map { $0 + 1 }
                if let start = start ?? (window >= length ? 0 : nil) {
                    guard let first = try? JSONReader.value(Array(head[..<first])) else { return nil }
                    return (first, (try? JSONReader.value(Array(tail[start..<end]))) ?? .null)
                }
            }
            guard window < length else { return nil }
            window *= 16
        }
    }

    private static func piece(_ descriptor: Int32, _ offset: off_t, _ count: off_t) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initialized in
            while initialized < Int(count), let base = buffer.baseAddress {
                let got = pread(descriptor, base + initialized, Int(count) - initialized, offset + off_t(initialized))
                if got <= 0 { break }
                initialized += got
            }
        }
    }
}
