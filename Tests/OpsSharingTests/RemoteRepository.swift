import OpsCore
import OpsRegistry
import OpsSSH
import TestKit
import Testing

/// A repository in a registry of its own, and a folder of this machine.
struct RemoteRepository {
    let registry: Registry
    let client: RegistryClient
    let name: RepositoryName
    let folder: TemporaryFolder

    init() throws {
        registry = try Registry()
        client = try RegistryClient(host: try RegistryHost(registry.host), isPlainHTTP: true)
        name = try RepositoryName("team/recipe")
        folder = try TemporaryFolder()
    }

    func reference(_ tag: String = "1") throws -> ImageReference {
        ImageReference(host: client.host, repository: name, tag: try Tag(tag))
    }

    /// A new key, whose file in the folder has this name.
    func signer(_ name: String = "key") async throws -> SSHSigner {
        let made = try run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", folder.path + "/" + name])
        try #require(made.status == 0, "\(made.errorText)")
        return try await SSHSigner.find(folder.path + "/" + name, environment: [:])
    }
}
