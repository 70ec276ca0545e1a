import Glibc
import OpsCore

/// A real sshd on a free loopback port with a host key of its own, which lets the current user in by a key made for it;
/// stopped when the last reference goes.
package final class SSHServer: Sendable {
    package let port: UInt16
    /// What git is to start in the place of ssh.
    package let command: String
    private let folder: TemporaryFolder
    private let pid: pid_t

    package init() throws {
        folder = try TemporaryFolder()
        port = try freePort()
        for name in ["host", "user"] {
            let made = try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder.path)/\(name)"])
            guard made.status == 0 else { throw OpsError(.command, made.errorText) }
        }
        try folder.write("authorized", try folder.text("user.pub"), mode: 0o600)
        let config = try folder.write(
            "config",
            """
            ListenAddress 127.0.0.1:\(port)
            HostKey \(folder.path)/host
            PidFile none
            AuthorizedKeysFile \(folder.path)/authorized
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            PermitUserEnvironment no

            """)
        // Debian's sshd wants it, and only its service makes it.
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        let host = try folder.text("host.pub").split(separator: " ").prefix(2).joined(separator: " ")
        let known = try folder.write("known", "[127.0.0.1]:\(port) \(host)\n")
        command =
            "ssh -F /dev/null -i \(folder.path)/user -o UserKnownHostsFile=\(known) -o BatchMode=yes "
            + "-o IdentitiesOnly=yes"
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        let log = open(try folder.write("log", ""), O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { [null, log].forEach { close($0) } }
        pid = try spawn(["/usr/sbin/sshd", "-D", "-e", "-f", config], streams: [null, log, log])
        try waitForPort(port)
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}
