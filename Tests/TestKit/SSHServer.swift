import Glibc
import OpsCore

/// A real sshd with a host key of its own, which lets the current user in by a key made for it. It is started anew for
/// each connection, on the pipes of the client (`sshd -i`): no port, and nothing to stop.
package final class SSHServer: Sendable {
    /// The name that clients know it by.
    package let host = "git.example.com"
    /// What git is to start in the place of ssh.
    package let command: String
    private let folder: TemporaryFolder

    package init() throws {
        folder = try TemporaryFolder()
        for name in ["host", "user"] {
            let made = try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder.path)/\(name)"])
            guard made.status == 0 else { throw OpsError(.command, made.errorText) }
        }
        try folder.write("authorized", try folder.text("user.pub"), mode: 0o600)
        let config = try folder.write(
            "config",
            """
            HostKey \(folder.path)/host
            PidFile none
            AuthorizedKeysFile \(folder.path)/authorized
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password

            """)
        // Debian's sshd wants it, and only its service makes it.
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        let key = try folder.text("host.pub").split(separator: " ").prefix(2).joined(separator: " ")
        let known = try folder.write("known", "\(host) \(key)\n")
        command =
            "ssh -F /dev/null -i \(folder.path)/user -o UserKnownHostsFile=\(known) -o BatchMode=yes "
            + "-o IdentitiesOnly=yes -o 'ProxyCommand=/usr/sbin/sshd -i -f \(config) -E \(folder.path)/log'"
    }
}
