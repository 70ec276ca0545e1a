import Glibc

/// Feeds a child's standard input as fast as it reads; a reader that goes away early is fine.
@EventLoopActor
final class InputWriter {
    private var descriptor: Int32
    /// True while the pipe is full.
    private var isWatched = false
    private var bytes: [UInt8]
    private var offset = 0
    /// False where the input ends with its bytes.
    private let staysOpen: Bool

    /// Takes over the pipe's writing end.
    init(_ descriptor: Int32, _ bytes: [UInt8], staysOpen: Bool = false) {
        self.descriptor = descriptor
        self.bytes = bytes
        self.staysOpen = staysOpen
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        advance()
    }

    /// Adds bytes behind those that are not read yet.
    func append(_ more: [UInt8]) {
        guard descriptor >= 0 else { return }
        bytes.removeFirst(offset)
        offset = 0
        bytes += more
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
                return finish()
            }
        }
        guard staysOpen else { return finish() }
        bytes = []
        offset = 0
        if isWatched { EventLoop.shared.unwatch(descriptor) }
        isWatched = false
    }

    private func watch() {
        guard !isWatched else { return }
        isWatched = (try? EventLoop.shared.watch(descriptor, for: .writable) { _ in self.advance() }) != nil
        if !isWatched { finish() }
    }

    /// Closes it, whether all was read or not.
    func finish() {
        guard descriptor >= 0 else { return }
        EventLoop.shared.closeWatched(descriptor)
        descriptor = -1
        isWatched = false
        bytes = []
        offset = 0
    }
}
