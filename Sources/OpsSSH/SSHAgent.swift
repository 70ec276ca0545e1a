import Glibc
import OpsCore
import OpsSystem

/// An ssh-agent, asked over its socket (draft-ietf-sshm-ssh-agent, section 3).
package struct SSHAgent: Sendable {
    private let socket: String

    private static let failure: UInt8 = 5
    private static let requestIdentities: UInt8 = 11
    private static let identitiesAnswer: UInt8 = 12
    private static let signRequest: UInt8 = 13
    private static let signResponse: UInt8 = 14
    /// Largest answer that is read, in bytes, as in OpenSSH.
    private static let limit = 256 << 10

    /// - Parameter socket: the path that `SSH_AUTH_SOCK` holds.
    package init(socket: String) { self.socket = socket }

    /// True where the agent holds the private half of the key.
    ///
    /// Throws: an `OpsError` where it cannot be reached or answers something else.
    package func holds(_ key: SSHPublicKey) async throws -> Bool {
        var answer = try await ask([Self.requestIdentities])
        guard answer.byte() == Self.identitiesAnswer, let count = answer.number() else { throw odd() }
        for _ in 0..<count {
            guard let form = answer.string(), answer.string() != nil else { throw odd() }
            if form == key.form { return true }
        }
        return false
    }

    /// The agent's signature over the message, in SSH's form. It may ask its user first; that is waited for.
    ///
    /// Throws: an `OpsError` (`forbidden` where it refuses); `CancellationError`.
    func sign(_ message: [UInt8], with key: SSHPublicKey) async throws -> [UInt8] {
        var answer = try await ask(
            [Self.signRequest] + SSHWire.string(key.form) + SSHWire.string(message) + SSHWire.number(0))
        let type = answer.byte()
        guard type != Self.failure else {
            throw OpsError(.forbidden, "the ssh-agent refuses to sign with \(key.fingerprint)")
        }
        guard type == Self.signResponse, let signature = answer.string() else { throw odd() }
        return signature
    }

    private func odd() -> OpsError {
        OpsError(.mismatch, "the ssh-agent at '\(socket)' gave an answer of no known form")
    }

    private func ask(_ message: [UInt8]) async throws -> SSHReader {
        let path = socket
        let answer = try await onThread { cancellation in
            let descriptor = try Self.connect(path)
            defer { close(descriptor) }
            let request = SSHWire.string(message)
            try request.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
            var header = SSHReader(try Self.read(4, from: descriptor, path, cancellation))
            guard let count = header.number(), (1...Self.limit).contains(Int(count)) else {
                throw OpsError(.mismatch, "the ssh-agent at '\(path)' gave an answer of no known form")
            }
            return try Self.read(Int(count), from: descriptor, path, cancellation)
        }
        return SSHReader(answer)
    }

    private static func connect(_ path: String) throws(OpsError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { target -> Bool in
            guard path.utf8.count < target.count else { return false }
            target.copyBytes(from: path.utf8)
            return true
        }
        guard isShort else { throw OpsError(.invalid, "the path of the ssh-agent's socket is too long: '\(path)'") }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw .system("open", path) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let number = errno
            close(descriptor)
            throw OpsError(
                .unavailable, "the ssh-agent at '\(path)' cannot be reached: \(OpsError.errorText(number))",
                hint: "SSH_AUTH_SOCK names it; 'eval $(ssh-agent)' starts one")
        }
        return descriptor
    }

    private static func read(
        _ count: Int, from descriptor: Int32, _ path: String, _ cancellation: CancellationFlag
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            try cancellation.check()
            // Looks up now and then: a cancelled caller does not wait for the agent's user.
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&wait, 1, 200) <= 0 { continue }
            var piece = [UInt8](repeating: 0, count: count - bytes.count)
            let got = Glibc.read(descriptor, &piece, piece.count)
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw OpsError(.unavailable, "the ssh-agent at '\(path)' went away") }
            bytes += piece.prefix(got)
        }
        return bytes
    }
}
