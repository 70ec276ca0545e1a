import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem

/// Which server is asked, and as whom: the variables that the vault and bao commands read.
///
/// `BAO_X` is preferred to `VAULT_X`. The token is `BAO_TOKEN` or `VAULT_TOKEN`, else the content of
/// `~/.vault-token`, where the commands' `login` leaves it.
struct VaultSettings: Sendable {
    var address: URLParts
    var token: String
    var namespace: String?
    var configuration: HTTPConfiguration

    /// Throws: a `SecretFailure` that names the variable, never its value.
    init(_ context: SecretContext) throws(SecretFailure) {
        let environment = context.environment
        func variable(_ name: String) -> String? {
            (environment["BAO_" + name] ?? environment["VAULT_" + name]).flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let text = variable("ADDR") else {
            throw SecretFailure(
                .invalid, "VAULT_ADDR is not set, so there is no Vault server to ask",
                hint: "set it to the server's address, such as https://vault.example.com:8200")
        }
        do {
            address = try URLParts(text)
        } catch {
            throw SecretFailure(.invalid, "VAULT_ADDR cannot be used: \(error.message)", hint: error.hint)
        }
        guard let token = variable("TOKEN") ?? Self.tokenFile(environment) else {
            throw SecretFailure(
                .forbidden, "there is no Vault token",
                hint: "set VAULT_TOKEN, or log in with the vault command, which writes ~/.vault-token")
        }
        self.token = token
        namespace = variable("NAMESPACE")
        configuration = HTTPConfiguration { environment[$0] }
        if let file = variable("CACERT") {
            configuration.certificateFile = file
            configuration.certificateFolder = nil
        }
        if let folder = variable("CAPATH") { configuration.certificateFolder = folder }
    }

    private static func tokenFile(_ environment: [String: String]) -> String? {
        let path = environment["BAO_TOKEN_PATH"] ?? environment["HOME"].map { $0 + "/.vault-token" }
        guard let path, let bytes = try? readFile(path, limit: 1 << 16) else { return nil }
        let token = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }.first
        return token.map(String.init)
    }
}
