package import OpsCore
import OpsSystem

/// Who signs: a key in a file, or one that an ssh-agent holds.
package struct SSHSigner: Sendable {
    private enum Source: Sendable {
        case file(SSHPrivateKey)
        case agent(SSHAgent)
    }

    private let source: Source
    package let publicKey: SSHPublicKey

    package init(_ key: SSHPrivateKey) {
        source = .file(key)
        publicKey = key.publicKey
    }

    /// The key that a file names: a private key of OpenSSH, or a public one (`.pub`) whose other half the agent
    /// holds. A key with a passphrase is the agent's to use as well.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - environment: `SSH_AUTH_SOCK` names the agent.
    /// Throws: an `OpsError` with the path, which holds nothing of the key.
    package static func find(_ path: String, environment: [String: String]) async throws -> SSHSigner {
        let file = try read(path)
        do {
            switch file {
            case .open(let key): return SSHSigner(key)
            case .hidden(let key, let reason): return try await agent(key, environment, reason)
            }
        } catch let error as OpsError {
            throw refused(path, error)
        }
    }

    /// The public half of the key that a file names; no agent is asked.
    ///
    /// Throws: an `OpsError` with the path, which holds nothing of the key.
    package static func publicKey(_ path: String) throws(OpsError) -> SSHPublicKey {
        switch try read(path) {
        case .open(let key): key.publicKey
        case .hidden(let key, _): key
        }
    }

    private enum KeyFile {
        case open(SSHPrivateKey)
        /// With why the private half is not to be had from the file.
        case hidden(SSHPublicKey, reason: String)
    }

    private static func read(_ path: String) throws(OpsError) -> KeyFile {
        let text = String(decoding: try readFile(path, limit: 64 << 10), as: UTF8.self)
        do throws(OpsError) {
            guard OpenSSHKeyFile.isPrivateKey(text) else {
                return .hidden(try SSHPublicKey(line: text), reason: "is a public key")
            }
            guard OpenSSHKeyFile.isOpenSSH(text) else {
                throw OpsError(
                    .unsupported, "it is a private key of another form than OpenSSH's",
                    hint: "'ssh-keygen -p -f FILE' writes it anew")
            }
            guard let file = OpenSSHKeyFile(text) else {
                throw OpsError(.invalid, "it is no valid OpenSSH private key")
            }
            if file.fields != nil { return .open(try SSHPrivateKey(file)) }
            return .hidden(try SSHPublicKey(form: file.publicForm), reason: "has a passphrase")
        } catch {
            throw refused(path, error)
        }
    }

    private static func refused(_ path: String, _ error: OpsError) -> OpsError {
        OpsError(error.code, "cannot sign with '\(path)': \(error.message)", hint: error.hint, cause: error.cause)
    }

    private static func agent(
        _ key: SSHPublicKey, _ environment: [String: String], _ reason: String
    ) async throws -> SSHSigner {
        let hint = "'ssh-add FILE' gives a key to the agent"
        guard let socket = environment["SSH_AUTH_SOCK"], !socket.isEmpty else {
            throw OpsError(.invalid, "it \(reason), and there is no ssh-agent (SSH_AUTH_SOCK is not set)", hint: hint)
        }
        let agent = SSHAgent(socket: socket)
        guard try await agent.holds(key) else {
            throw OpsError(.invalid, "it \(reason), and the ssh-agent does not hold the key", hint: hint)
        }
        return SSHSigner(source: .agent(agent), publicKey: key)
    }

    private init(source: Source, publicKey: SSHPublicKey) {
        self.source = source
        self.publicKey = publicKey
    }

    /// The signature over the message, in SSH's form.
    ///
    /// Throws: an `OpsError`, also where the agent gives one that is not of this key and message.
    func sign(_ message: [UInt8]) async throws -> [UInt8] {
        switch source {
        case .file(let key): return try key.sign(message)
        case .agent(let agent):
            let signature = try await agent.sign(message, with: publicKey)
            guard publicKey.isSignature(signature, of: message) else {
                throw OpsError(.mismatch, "the ssh-agent gave a signature that is not \(publicKey.fingerprint)'s")
            }
            return signature
        }
    }
}
