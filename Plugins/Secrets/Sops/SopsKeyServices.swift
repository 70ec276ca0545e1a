import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Has the services that keep keys unwrap a data key: AWS KMS, Google Cloud KMS, Azure Key Vault, and the transit
/// engine of Vault or OpenBao (sops, "Usage"). Each is asked with the login that the provider of its secrets makes.
struct SopsKeyServices: Sendable {
    /// Their kinds of wrapping, in the order in which sops has them.
    static let kinds = ["kms", "gcp_kms", "azure_kv", "hc_vault"]

    /// The wait before a cloud is asked again.
    var retryDelay: Duration = .milliseconds(500)
    var vaultPace = VaultPace()

    /// The data key; nil where the wrapping is of no service that is known.
    ///
    /// Throws: a `SecretFailure` that does not name the key.
    func unwrapped(_ wrapping: SopsWrapping, _ context: SecretContext) async throws(SecretFailure) -> [UInt8]? {
        switch wrapping.kind {
        case "kms": try await amazon(wrapping, context)
        case "gcp_kms":
            try await GoogleKeyManagement(SecretRequests(context, retryDelay: retryDelay))
                .decrypt(try bytes(of: wrapping), key: wrapping.text("resource_id"))
        case "azure_kv":
            try await KeyVaults(requests: SecretRequests(context, retryDelay: retryDelay)).decrypt(
                try bytes(of: wrapping),
                with: try KeyVaultKey(
                    vault: wrapping.text("vault_url"), name: wrapping.text("name"), version: wrapping.text("version")))
        case "hc_vault":
            try await VaultRun(context, vaultPace, namedBy: wrapping.text("vault_address")).decrypt(
                wrapping.sealed, engine: wrapping.text("engine_path"), key: wrapping.text("key_name"))
        default: nil
        }
    }

    private func amazon(_ wrapping: SopsWrapping, _ context: SecretContext) async throws(SecretFailure) -> [UInt8] {
        let arn = wrapping.text("arn")
        guard let name = AWSResourceName(arn), name.service == AWSSettings.Service.keyManagement.name,
            let region = try? AWSSettings.checkedRegion(name.region)
        else { throw SecretFailure(.invalid, "it has no ARN of a key in AWS KMS") }
        func given(_ field: String) -> String? { wrapping.text(field).isEmpty ? nil : wrapping.text(field) }
        let account = AWSAccount(profile: given("aws_profile"), region: region, role: given("role"))
        return try await AWSKeyManagement(account, context, retryDelay: retryDelay).decrypt(
            try bytes(of: wrapping), key: arn,
            context: (wrapping.fields["context"]?.mapValue ?? [:]).mapValues { .string($0.scalarText ?? "") })
    }

    private func bytes(of wrapping: SopsWrapping) throws(SecretFailure) -> [UInt8] {
        guard let bytes = Base64.decode(Array(wrapping.sealed.utf8)), !bytes.isEmpty else {
            throw SecretFailure(.invalid, "its encrypted data key is not base64")
        }
        return bytes
    }
}
