import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem

/// Which server is asked, and how: every variable of the official client but those of the login.
struct VaultSettings: Sendable {
    var address: URLParts
    var namespace: String?
    var configuration: HTTPConfiguration
    /// Of a request with all its attempts.
    var timeout: Duration
    /// How often a request is sent again.
    var retries: Int
    var rate: VaultRateLimit.Rate?
    /// `X-Vault-MFA`; it holds a passcode.
    var mfa: String?
    /// How long an answer waits, wrapped, for being opened: `60s`.
    var wrapTTL: String?
    var followsRedirects: Bool
    /// True where an agent is asked, which may log in by itself.
    var isAgent: Bool

    /// - Parameter address: of another server than the one that the variables name.
    ///
    /// Throws: a `SecretFailure` (`invalid`) that names the variable, never its value.
    init(_ variables: VaultVariables, address other: URLParts? = nil) throws(SecretFailure) {
        isAgent = other == nil && variables["AGENT_ADDR"] != nil
        if let other { address = other } else { address = try Self.address(variables, isAgent ? "AGENT_ADDR" : "ADDR") }
        if try variables.flag("SKIP_VERIFY") {
            throw SecretFailure(
                .invalid, "\(variables.name("SKIP_VERIFY")) asks for TLS that is not verified, which ops never does",
                hint: "unset it; VAULT_CACERT can name a file of authorities to trust")
        }
        if try variables.flag("SRV_LOOKUP"), address.port == nil {
            throw SecretFailure(
                .invalid, "\(variables.name("SRV_LOOKUP")) asks for SRV records, which ops does not look up",
                hint: "unset it, and name the server's host and port in VAULT_ADDR")
        }
        namespace = variables["NAMESPACE"]
        mfa = variables["MFA"]
        wrapTTL = variables["WRAP_TTL"]
        followsRedirects = try !variables.flag("DISABLE_REDIRECTS")
        timeout = try variables.duration("CLIENT_TIMEOUT") ?? .seconds(60)
        retries = 2
        if let text = variables["MAX_RETRIES"] {
            guard let number = Int(text), (0...100).contains(number) else {
                throw SecretFailure(.invalid, "\(variables.name("MAX_RETRIES")) is not a number from 0 to 100")
            }
            retries = number
        }
        if let text = variables["RATE_LIMIT"] {
            guard let rate = VaultRateLimit.Rate(text) else {
                throw SecretFailure(
                    .invalid, "\(variables.name("RATE_LIMIT")) is not a rate",
                    hint: "write the requests a second, as in 10, or rate:burst, as in 10:20")
            }
            self.rate = rate
        }
        configuration = HTTPConfiguration { variables.plain($0) }
        if let proxy = variables["PROXY_ADDR"] ?? variables["HTTP_PROXY"] {
            configuration.proxies = ProxySettings(plain: proxy, secure: proxy)
        }
        configuration.serverName = variables["TLS_SERVER_NAME"]?.lowercased()
        configuration.authorities = try Self.authorities(variables)
        configuration.clientCertificate = try Self.clientCertificate(variables)
        if configuration.authorities != nil {
            configuration.certificateFile = nil
            configuration.certificateFolder = nil
        }
    }

    private static func address(_ variables: VaultVariables, _ name: String) throws(SecretFailure) -> URLParts {
        guard let text = variables[name] else {
            throw SecretFailure(
                .invalid, "VAULT_ADDR is not set, so there is no Vault server to ask",
                hint: "set it to the server's address, such as https://vault.example.com:8200")
        }
        do throws(OpsError) {
            var address = try URLParts(text)
            address.userInfo = nil
            address.query = nil
            return address
        } catch {
            throw SecretFailure(
                .invalid, "\(variables.name(name)) cannot be used: \(error.message)", hint: error.hint)
        }
    }

    /// PEM text of what is to be trusted: of a file, of the variable itself, or of all files in a folder, in this
    /// order.
    private static func authorities(_ variables: VaultVariables) throws(SecretFailure) -> [UInt8]? {
        if let bytes = try variables.file("CACERT") { return bytes }
        if let text = variables["CACERT_BYTES"] { return Array(text.utf8) }
        guard let folder = variables["CAPATH"] else { return nil }
        let names: [String]
        do throws(OpsError) {
            names = try listFolder(folder)
        } catch {
            throw SecretFailure(
                .invalid, "\(variables.name("CAPATH")) names a folder that cannot be used: \(error.message)")
        }
        var bytes: [UInt8] = []
        for name in names where FileStatus.find(folder + "/" + name)?.kind == .file {
            bytes += try VaultVariables.read(folder + "/" + name, variables.name("CAPATH")) + [0x0A]
        }
        return bytes
    }

    private static func clientCertificate(_ variables: VaultVariables) throws(SecretFailure) -> ClientCertificate? {
        var chain = try variables.file("CLIENT_CERT")
        var key = try variables.file("CLIENT_KEY")
        if chain == nil, key == nil {
            chain = variables["CLIENT_CERT_BYTES"].map { Array($0.utf8) }
            key = variables["CLIENT_KEY_BYTES"].map { Array($0.utf8) }
        }
        if let chain, let key { return ClientCertificate(chain: chain, key: key) }
        guard chain == nil, key == nil else {
            throw SecretFailure(
                .invalid, "a client certificate needs VAULT_CLIENT_CERT and VAULT_CLIENT_KEY, of which one is not set")
        }
        return nil
    }
}
