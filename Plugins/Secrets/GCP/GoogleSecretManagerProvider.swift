import OpsCore
import OpsPlugin
import OrderedCollections

/// `gcp-sm://PROJECT/SECRET`: a secret of Google Cloud Secret Manager; `#field` a member of the JSON it holds.
struct GoogleSecretManagerProvider: KeyedProvider {
    typealias Key = GoogleSecretManager.Key

    let scheme = "gcp-sm"
    let summary = "A secret of Google Cloud Secret Manager, or a field of the JSON it holds"
    let example = "gcp-sm://my-project/database-password"

    private let retryDelay: Duration

    init(retryDelay: Duration = .milliseconds(500)) { self.retryDelay = retryDelay }

    let manual = """
        `gcp-sm://PROJECT/SECRET` is the newest version of the secret, byte for byte; its CRC32C is verified, nothing \
        is trimmed. `#field` selects a member of JSON.

        Options: `version=N` (or an alias) for another version than the newest, `location=REGION` for a regional \
        secret, `decode=base64`. `ops secrets check` reads metadata only (secretmanager.versions.get).

        The login is made once a run, by Application Default Credentials: the file that \
        `GOOGLE_APPLICATION_CREDENTIALS` names, else the one of `gcloud auth application-default login` (in \
        `CLOUDSDK_CONFIG` or ~/.config/gcloud): a service account's key, a user's login, a workload identity \
        (external_account) with a token from a file or an address, each with impersonation of a service account; else \
        the metadata service (`GCE_METADATA_HOST`; `NO_GCE_CHECK=true` turns it off). \
        `GOOGLE_CLOUD_QUOTA_PROJECT` names the project that is billed; \
        `CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER` another address of the service.
        """

    func check(_ reference: SecretReference) throws(OpsError) {
        try SecretSelection.checkOptions(reference, known: ["version", "location"])
        let parts = reference.path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && Self.isName($0, more: "-_.:") }) else {
            throw OpsError(
                .invalid, "'\(reference)' does not name a project and a secret", hint: "write gcp-sm://PROJECT/SECRET")
        }
        for option in ["version", "location"] {
            guard let value = reference.options[option] else { continue }
            guard !value.isEmpty, Self.isName(value[...], more: "-_") else {
                throw OpsError(.invalid, "'\(value)' in '\(reference)' is not a \(option)")
            }
        }
    }

    private static func isName(_ text: Substring, more: String) -> Bool {
        text.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || more.utf8.contains($0)
        } && text != "." && text != ".."
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func read(
        _ keys: OrderedSet<GoogleSecretManager.Key>, _ context: SecretContext
    ) async -> [GoogleSecretManager.Key: Result<[UInt8], SecretFailure>] {
        let manager = GoogleSecretManager(SecretRequests(context, retryDelay: retryDelay))
        return await gatherResults(keys) { (key) async throws(SecretFailure) in try await manager.read(key) }
    }

    func probe(of key: GoogleSecretManager.Key, _ context: SecretContext) async throws(SecretFailure) -> SecretProbe {
        try await GoogleSecretManager(SecretRequests(context, retryDelay: retryDelay)).probe(key)
    }
}
