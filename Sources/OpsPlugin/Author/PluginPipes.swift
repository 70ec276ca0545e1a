import Glibc
import OpsCore
import OpsSystem

/// The two pipes to the host, taken off the standard streams.
struct PluginPipes: Sendable {
    let input: Int32
    let output: Int32

    /// Moves the protocol to descriptors that no child process inherits. Standard input is empty from then on, and
    /// standard output is standard error.
    ///
    /// Throws: an `OpsError` where there are no more descriptors.
    init() throws(OpsError) {
        input = fcntl(0, F_DUPFD_CLOEXEC, 3)
        output = fcntl(1, F_DUPFD_CLOEXEC, 3)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard input >= 0, output >= 0, null >= 0, dup2(null, 0) == 0, dup2(2, 1) == 1 else {
            throw OpsError(.system, "cannot take the pipes of the protocol: \(OpsError.errorText(errno))")
        }
        close(null)
    }
}

/// The lines of the host, read by calls that block.
struct HostLines: Sendable {
    private let descriptor: Int32
    private var frames = LineFrames()
    private var ready: [LineFrames.Frame] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The next line; nil at the end of input, at which half a line counts for nothing.
    mutating func next() -> LineFrames.Frame? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while ready.isEmpty {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            ready = frames.append(Array(buffer[..<count]))
        }
        return ready.removeFirst()
    }
}
