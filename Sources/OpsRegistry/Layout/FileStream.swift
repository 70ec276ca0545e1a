import Glibc
import OpsCore
import OpsHTTP
import OpsSystem

/// Reads a file as a stream, in pieces of 256 KiB.
enum FileStream {
    /// Throws: an `OpsError` where the file cannot be opened.
    static func open(_ path: String) throws(OpsError) -> ByteStream {
        let file = try OpenFile(path)
        return ByteStream {
            var offset = 0
            return {
                let bytes = try file.read(at: offset)
                offset += bytes.count
                return bytes.isEmpty ? nil : bytes
            }
        }
    }
}

/// A file that is closed when nobody reads it any more.
private final class OpenFile: Sendable {
    private let descriptor: Int32
    private let path: String

    init(_ path: String) throws(OpsError) {
        self.path = path
        descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
    }

    deinit { close(descriptor) }

    func read(at offset: Int) throws(OpsError) -> [UInt8] {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, initialized in
            repeat {
                count = pread(descriptor, buffer.baseAddress, buffer.count, offset)
            } while count < 0
                && errno == EINTR
            initialized = max(count, 0)
        }
        guard count >= 0 else { throw .system("read", path) }
        return bytes
    }
}
