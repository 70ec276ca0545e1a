import Glibc

/// Bytes kept for later: in memory up to a limit, behind that in a temporary file that has no name.
///
/// Where no such file can be written, what comes is counted in `lost` and dropped: the run's log has it.
final class SpillBuffer {
    private var memory: [UInt8] = []
    private var descriptor: Int32 = -1
    private(set) var lost = 0

    /// The bytes that stay in memory.
    static let memoryLimit = 1 << 20

    var isEmpty: Bool { memory.isEmpty && descriptor < 0 }
    /// True where it went to a file.
    var isSpilled: Bool { descriptor >= 0 }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer) {
        if descriptor < 0, memory.count + bytes.count <= Self.memoryLimit {
            memory.append(contentsOf: bytes)
            return
        }
        if descriptor < 0 {
            guard lost == 0, let file = Self.namelessFile() else {
                lost += bytes.count
                return
            }
            descriptor = file
            memory.withUnsafeBytes { write($0) }
            memory = []
        }
        write(bytes)
    }

    /// Hands all bytes on in order, in pieces.
    func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) {
        if !memory.isEmpty { memory.withUnsafeBytes(body) }
        guard descriptor >= 0, lseek(descriptor, 0, SEEK_SET) == 0 else { return }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            piece.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// The last bytes, at most so many.
    func suffix(_ count: Int) -> [UInt8] {
        guard descriptor >= 0 else { return memory.suffix(count) }
        let size = lseek(descriptor, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: max(0, min(count, Int(size))))
        let read = pread(descriptor, &bytes, bytes.count, size - off_t(bytes.count))
        return Array(bytes.prefix(max(0, read)))
    }

    private func write(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EINTR {
                lost += rest.count
                return
            }
        }
    }

    private static func namelessFile() -> Int32? {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((folder + "/ops-report-XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        unlink(template)
        // Children must not hold it open.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }
}
