import ArgumentParser
import OpsCore
import OpsHTTP
import OpsRecipe
import OpsRegistry
import OpsSharing

/// The options of every command that pushes to a registry or pulls from one.
struct RegistryOptions: ParsableArguments {
    @Option(name: RunOption.directory.names, help: RunOption.directory.valueHelp, completion: .directory)
    var directory: String?
    @Flag(help: "Speak to the registry without TLS.") var plainHttp = false

    /// Where ops works. Throws: an `OpsError` where `-C` names no folder.
    func context() throws(OpsError) -> CommandContext { try CommandContext.current().moved(to: directory) }

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

    /// Throws: an `OpsError` (`forbidden`) where the policy does not allow the place.
    static func check(_ reference: ImageReference, _ policy: Policy) throws(OpsError) {
        let host = reference.host.description
        if let refusal = policy.refusal(ofRegistry: host, repository: reference.repository.description) {
            throw refusal
        }
    }

    /// A client with the credentials that docker or podman login has kept.
    ///
    /// Throws: an `OpsError` (`forbidden`) where the policy does not allow the place.
    func client(
        _ reference: ImageReference, _ context: CommandContext, _ policy: Policy
    ) throws(OpsError) -> RegistryClient {
        try Self.check(reference, policy)
        return try RegistryClient(host: reference.host, isPlainHTTP: plainHttp, environment: context.environment)
    }
}
