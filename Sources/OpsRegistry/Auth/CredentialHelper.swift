import OpsCore
import OpsHTTP
import OpsSystem
import OrderedCollections
import Synchronization

/// A program that keeps credentials, `docker-credential-NAME` (docker, "Credential helper protocol").
struct CredentialHelper: Sendable {
    let name: String
    let environment: [String: String]

    private static let limit = Duration.seconds(30)
    private static let outputLimit = 1 << 20

    /// The credentials for a server; nil where the helper knows none.
    ///
    /// Throws: an `OpsError` where the program is not there, fails, says something else or takes too long.
    func get(_ server: String) async throws -> RegistryCredential? {
        let program = "docker-credential-\(name)"
        guard !name.contains("/"),
            let file = ExecutablePath.find(
                program, path: environment["PATH"] ?? ExecutablePath.defaultSearchPath, in: "/")
        else {
            throw OpsError(
                .notFound, "the credential helper '\(program)' is not installed",
                hint: "it is named in a config.json or auth.json for \(server)")
        }
        var spec = ChildSpec(executable: file, arguments: ["get"], environment: environment)
        spec.input = .bytes(Array(server.utf8))
        let command = spec
        let late = OpsError(.timeout, "'\(program)' did not answer within \(Self.limit.text)")
        let collected = CollectedOutput(limit: Self.outputLimit)
        let result = try await withDeadline(Self.limit, late) {
            try await ChildProcess.run(command, grace: .seconds(1)) { stream, bytes in
                if stream == .output { collected.append(bytes) }
            }
        }
        let bytes = collected.bytes
        let text = String(decoding: bytes, as: UTF8.self)
        guard result.status.isSuccess else {
            // The protocol's own word for it, on standard output.
            if text.contains("credentials not found") { return nil }
            throw OpsError(.command, "'\(program) get' for \(server) failed with \(result.status)")
        }
        guard let answer = try? JSONReader.value(bytes), let secret = answer["Secret"]?.stringValue,
            let username = answer["Username"]?.stringValue
        else { throw OpsError(.mismatch, "'\(program) get' for \(server) did not print credentials") }
        if secret.isEmpty { return nil }
        return username == "<token>" ? .identityToken(secret) : .basic(username: username, password: secret)
    }
}

/// The first bytes that a program printed.
private final class CollectedOutput: Sendable {
    private let limit: Int
    private let content = Mutex<[UInt8]>([])

    init(limit: Int) { self.limit = limit }

    var bytes: [UInt8] { content.withLock { $0 } }

    func append(_ bytes: UnsafeRawBufferPointer) {
        content.withLock { $0 += bytes.prefix(limit - $0.count) }
    }
}
