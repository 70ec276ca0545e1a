import ArgumentParser
import OpsCore
import OpsHTTP
import OpsRegistry
import OpsSharing

/// The options of every command that pushes to a registry or pulls from one.
struct RegistryOptions: ParsableArguments {
    @Flag(help: "Speak to the registry without TLS.") var plainHttp = false

    /// The place in a registry that a reference names.
    ///
    /// Throws: an `OpsError` (`usage`) where it is no `oci://HOST/REPOSITORY:TAG`.
    static func place(_ text: String) throws(OpsError) -> ImageReference {
        let source: RemoteSource
        do throws(OpsError) {
            source = try RemoteSource(text)
        } catch {
            throw OpsError(.usage, "'\(text)' \(error.message)", hint: "write oci://HOST/REPOSITORY:TAG")
        }
        guard case .registry(let reference) = source.place, source.path.isEmpty else {
            throw OpsError(.usage, "'\(text)' is no place in a registry", hint: "write oci://HOST/REPOSITORY:TAG")
        }
        return reference
    }

    /// A client with the credentials that docker or podman login has kept.
    func client(_ host: RegistryHost, _ context: CommandContext) throws(OpsError) -> RegistryClient {
        let environment = context.environment
        let store = CredentialStore(environment: environment)
        return try RegistryClient(
            host: host, isPlainHTTP: plainHttp, service: HTTPService.make(HTTPConfiguration { environment[$0] }),
            credential: { try await store.credential(for: host, $0) })
    }
}
