import OpsCore
import OpsPlugin
import TestKit

/// Asks a provider as the engine would.
struct SecretsHarness {
    let folder: TemporaryFolder
    let log = TestLog()
    var environment: [String: String]

    init(_ environment: [String: String] = [:]) throws {
        folder = try TemporaryFolder()
        self.environment = environment
    }

    var context: SecretContext {
        SecretContext(directory: folder.path, environment: environment, logger: log.logger)
    }

    /// The values as text, failures as `reason: message`.
    func fetch(_ provider: any SecretProvider, _ references: String...) async throws -> [String] {
        try await fetch(provider, references.map { try SecretReference($0) })
    }

    func fetch(_ provider: any SecretProvider, _ references: SecretReference...) async throws -> [String] {
        try await fetch(provider, references)
    }

    private func fetch(_ provider: any SecretProvider, _ references: [SecretReference]) async throws -> [String] {
        for reference in references { try provider.check(reference) }
        return await provider.fetch(references, context).map(Self.text)
    }

    func probe(_ provider: any SecretProvider, _ reference: String) async throws -> String {
        await probe(provider, try SecretReference(reference))
    }

    func probe(_ provider: any SecretProvider, _ reference: SecretReference) async -> String {
        Self.text(await provider.probe(reference, context).map { Array($0.text.utf8) })
    }

    func presence(_ provider: any SecretProvider, _ reference: String) throws -> SecretPresence {
        provider.presence(of: try SecretReference(reference), context)
    }

    static func text(_ result: Result<[UInt8], SecretFailure>) -> String {
        switch result {
        case .success(let bytes): String(decoding: bytes, as: UTF8.self)
        case .failure(let failure): "\(failure.reason): \(failure.message)"
        }
    }
}
