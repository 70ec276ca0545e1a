import Glibc
import OpsCore

/// A server in Python on loopback ports that the system chose, killed when the last reference goes.
package final class PythonServer: Sendable {
    /// As the script wrote them.
    package let ports: [String]
    private let pid: pid_t
    private let folder: TemporaryFolder

    /// - Parameters:
    ///   - script: is given the path of a file, in which it is to write its ports with a space between them, whole (by a
    ///     rename), once it listens; and the arguments behind.
    package init(_ script: String, _ arguments: [String]) throws {
        folder = try TemporaryFolder()
        let file = try folder.write("server.py", script)
        let log = open(folder.path + "/log", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer {
            close(log)
            close(null)
        }
        pid = try spawn(["python3", file, folder.path + "/ports"] + arguments, streams: [null, log, log])
        let folder = folder
        let isUp = try waitUntil { folder.exists("ports") }
        guard isUp else {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw OpsError(.timeout, "the server does not start: \(try folder.text("log"))")
        }
        ports = try folder.text("ports").split(separator: " ").map(String.init)
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}
