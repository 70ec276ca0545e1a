import Crypto
import Glibc
import OpsCore
import OpsSystem

/// A regular file that is read into an archive, once, from start to end.
///
/// What changes while it is read is an error: an archive holds what was there, or is not made.
struct SourceFile: ~Copyable {
    /// In bytes, when it was opened.
    let size: Int
    private let path: String
    private let descriptor: Int32
    private let status: stat

    /// Opens it; a link in its place is not followed.
    ///
    /// Throws: an `OpsError` with the path.
    init(_ path: String) throws(OpsError) {
        // Without O_NONBLOCK a pipe put in the file's place would block for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system("read", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let number = errno
            close(descriptor)
            throw .system("read", path, number)
        }
        guard FileStatus(status).kind == .file else {
            close(descriptor)
            throw OpsError(.mismatch, "'\(path)' is no longer a regular file")
        }
        size = Int(status.st_size)
        self.path = path
        self.descriptor = descriptor
        self.status = status
    }

    deinit { close(descriptor) }

    /// Reads all of it through `buffer`, in blocks. Gives the SHA-256 of the content.
    ///
    /// Throws: an `OpsError` (`mismatch`) where it shrank, grew or changed; `CancellationError`; what `body` throws.
    func read(
        through buffer: UnsafeMutableRawBufferPointer, _ cancellation: CancellationFlag, _ body: ByteSink
    ) throws -> [UInt8] {
        var hash = SHA256()
        var rest = size
        while rest > 0 {
            try cancellation.check()
            let count = try block(buffer)
            guard count > 0, count <= rest else { throw changed() }
            let bytes = UnsafeRawBufferPointer(buffer)[..<count]
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes))
            try body(UnsafeRawBufferPointer(rebasing: bytes))
            rest -= count
        }
        var now = stat()
        guard try block(buffer) == 0, fstat(descriptor, &now) == 0, now.st_size == status.st_size,
            now.st_mtim.tv_sec == status.st_mtim.tv_sec, now.st_mtim.tv_nsec == status.st_mtim.tv_nsec
        else { throw changed() }
        return Array(hash.finalize())
    }

    private func block(_ buffer: UnsafeMutableRawBufferPointer) throws(OpsError) -> Int {
        var count = 0
        repeat { count = Glibc.read(descriptor, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
        guard count >= 0 else { throw .system("read", path) }
        return count
    }

    private func changed() -> OpsError {
        OpsError(.mismatch, "'\(path)' changed while it was read", hint: "archive it when nothing writes it")
    }
}
