import OpsCore
import OpsPlugin
import OrderedCollections

/// `azure-kv://VAULT/NAME`: a secret of Azure Key Vault; `#field` a member of the JSON it holds.
struct KeyVaultProvider: KeyedProvider {
    typealias Key = KeyVaults.Key

    let scheme = "azure-kv"
    let summary = "A secret of Azure Key Vault, or a field of the JSON it holds"
    let example = "azure-kv://my-vault/database-password"

    private let retryDelay: Duration

    init(retryDelay: Duration = .milliseconds(500)) { self.retryDelay = retryDelay }

    let manual = """
        `azure-kv://VAULT/NAME` is the current version of the secret; nothing is trimmed. VAULT is the vault's name, \
        or its whole host in another cloud (`my-vault.vault.azure.cn`); a host that is no Key Vault's is asked only \
        where the recipe's `secret-hosts` names it. `#field` selects a member of JSON. A version that is disabled, has \
        expired or is not valid yet is refused.

        Options: `version=ID`, `decode=base64`. `ops secrets check` lists versions (permission List), which shows no \
        value.

        The login is made once a run, in the order of Azure's SDKs: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and \
        `AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH` (PEM); `AZURE_FEDERATED_TOKEN_FILE`; the managed \
        identity (`IDENTITY_ENDPOINT` of App Service, else the metadata service); `az account get-access-token`. \
        `AZURE_TOKEN_CREDENTIALS` (dev, prod, or one of the SDKs' names) narrows that; `AZURE_AUTHORITY_HOST` names \
        another cloud's login.
        """

    func check(_ reference: SecretReference) throws(OpsError) {
        try SecretSelection.checkOptions(reference, known: ["version"])
        let parts = reference.path.split(separator: "/", omittingEmptySubsequences: false)
        func isName(_ text: some StringProtocol, more: String = "-") -> Bool {
            !text.isEmpty
                && text.utf8.allSatisfy {
                    (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || more.utf8.contains($0)
                }
        }
        guard parts.count == 2, isName(parts[0], more: "-.:"), isName(parts[1]) else {
            throw OpsError(
                .invalid, "'\(reference)' does not name a vault and a secret", hint: "write azure-kv://VAULT/NAME")
        }
        if let version = reference.options["version"], !isName(version) {
            throw OpsError(.invalid, "'\(version)' in '\(reference)' is not a version")
        }
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func read(
        _ keys: OrderedSet<KeyVaults.Key>, _ context: SecretContext
    ) async -> [KeyVaults.Key: Result<[UInt8], SecretFailure>] {
        let vaults = KeyVaults(requests: SecretRequests(context, retryDelay: retryDelay))
        return await gatherResults(keys) { (key) async throws(SecretFailure) in try await vaults.read(key) }
    }

    func probe(of key: KeyVaults.Key, _ context: SecretContext) async throws(SecretFailure) -> SecretProbe {
        try await KeyVaults(requests: SecretRequests(context, retryDelay: retryDelay)).probe(key)
    }
}
