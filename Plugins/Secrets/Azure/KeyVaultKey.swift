import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// A key in Azure Key Vault.
struct KeyVaultKey: Sendable {
    /// The vault's address.
    let vault: URLParts
    let name: String
    /// Empty is the newest.
    let version: String

    /// Throws: a `SecretFailure` (`invalid`) where they cannot be a vault's address, a name and a version.
    init(vault: String, name: String, version: String) throws(SecretFailure) {
        guard let url = try? URLParts(vault), url.isSecure, ["", "/"].contains(url.path), url.query == nil,
            url.userInfo == nil
        else {
            throw SecretFailure(
                .invalid, "it has no address of an Azure Key Vault", hint: "as in https://my-vault.vault.azure.net")
        }
        func isName(_ text: String) -> Bool {
            text.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
        guard !name.isEmpty, isName(name), isName(version) else {
            throw SecretFailure(.invalid, "it does not name a key in Azure Key Vault and its version")
        }
        self.vault = url
        self.name = name
        self.version = version
    }
}

/// Decryption by keys in Azure Key Vault (REST API version 2025-07-01).
extension KeyVaults {
    /// What was encrypted with RSA-OAEP-256.
    func decrypt(_ sealed: [UInt8], with key: KeyVaultKey) async throws(SecretFailure) -> [UInt8] {
        let resource = try resource(at: key.vault)
        // Without a version two slashes follow each other, as Azure's SDKs have it.
        var url = key.vault
        url.path = "/keys/\(key.name)/\(key.version)/decrypt"
        url = url.adding(query: [("api-version", Self.version)])
        let body = JSONWriter.text(
            .map(["alg": .string("RSA-OAEP-256"), "value": .string(SignedToken.encoded(sealed))]))
        let token = try await AzureCredentials(requests: requests, resource: resource).token()
        let reply = try await requests.send(
            HTTPRequest(
                "POST", url, headers: [token.header, ("Content-Type", "application/json")],
                body: .bytes(Array(body.utf8)), label: "Azure Key Vault at \(url.origin)"))
        guard reply.status == 200, let text = reply.json["value"]?.stringValue,
            let bytes = Base64.decode(Array(text.utf8))
        else {
            throw AzureFailure(reply).failure(
                of: "the key in Azure Key Vault '\(url.host)'", may: "be used",
                hint: "the identity needs the role Key Vault Crypto User, or Decrypt in the vault's access policy")
        }
        return bytes
    }
}
