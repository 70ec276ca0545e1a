import Glibc

/// Feeds a child's standard input as fast as it reads; a reader that goes away early is fine.
@EventLoopActor
final class InputWriter {
    private var descriptor: Int32
    private let bytes: [UInt8]
    private var offset = 0
    private var isWatched = false

    /// Takes over the pipe's writing end.
    init(_ descriptor: Int32, _ bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        advance()
    }

    private func advance() {
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
            }
            if count > 0 {
                offset += count
            } else if errno == EAGAIN {
                return watch()
            } else if errno != EINTR {
                break
            }
        }
        finish()
    }

    private func watch() {
        if isWatched { return }
        isWatched = (try? EventLoop.shared.watch(descriptor, for: .writable) { _ in self.advance() }) != nil
        if !isWatched { finish() }
    }

    /// Closes it, whether all was read or not.
    func finish() {
        guard descriptor >= 0 else { return }
        EventLoop.shared.closeWatched(descriptor)
        descriptor = -1
    }
}
