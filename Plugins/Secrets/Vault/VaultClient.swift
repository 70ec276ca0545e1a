import Logging
import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Requests to one Vault or OpenBao server (their HTTP API, version 1).
struct VaultClient: Sendable {
    /// An answer that was understood: its status is 200, 204 or 404.
    struct Reply: Sendable {
        var status: Int
        var body: Value
    }

    let settings: VaultSettings
    private let service: HTTPService
    private let retry: RetryPolicy
    private let logger: Logger

    init(_ settings: VaultSettings, retryDelay: Duration, logger: Logger) {
        self.settings = settings
        self.logger = logger
        service = HTTPService.make(settings.configuration)
        // As the official client: two retries, and 412 while a write has not reached this node yet.
        retry = RetryPolicy(attempts: 3, delay: retryDelay, longestWait: retryDelay, extraStatuses: [412])
    }

    /// The address for messages.
    var name: String { settings.address.origin }

    /// Asks for a path below `/v1/`, whose segments are escaped.
    ///
    /// - Parameter purpose: what the request is about, for messages: `'secret/ci'`.
    /// Throws: a `SecretFailure` (`forbidden`, `unreachable`, `invalid`) without the token or any value.
    func request(
        _ method: String = "GET", _ path: String, query: [(String, String)] = [], body: Value? = nil, purpose: String
    ) async throws(SecretFailure) -> Reply {
        var url = settings.address
        url.userInfo = nil
        url.query = nil
        url = url.appending("v1")
        for segment in path.split(separator: "/") { url = url.appending(String(segment)) }
        var request = HTTPRequest(
            method, url.adding(query: query),
            headers: [("X-Vault-Token", settings.token), ("X-Vault-Request", "true"), ("Accept", "application/json")],
            redirects: .none, label: "Vault at \(name)")
        if let namespace = settings.namespace { request.set("X-Vault-Namespace", namespace) }
        if let body {
            request.body = .bytes(Array(JSONWriter.text(body).utf8))
            request.set("Content-Type", "application/json")
        }
        let response: HTTPResponse
        let bytes: [UInt8]
        do {
            response = try await service.send(request, timeout: .seconds(30), retry: retry, logger: logger)
            bytes = try await response.collect(limit: 4 << 20)
        } catch {
            throw failure(of: error)
        }
        let value = (try? JSONReader.value(bytes)) ?? .null
        switch response.status {
        case 200, 204, 404:
            guard response.status != 200 || value.mapValue != nil else {
                throw SecretFailure(
                    .unreachable, "what answers at \(name) is not Vault", hint: "VAULT_ADDR names the server's address")
            }
            return Reply(status: response.status, body: value)
        default: throw failure(status: response.status, body: value, location: response.header("location"), purpose)
        }
    }

    private func failure(of error: any Error) -> SecretFailure {
        guard let error = error as? OpsError else { return SecretFailure(.unreachable, "the request was cancelled") }
        let hint =
            error.code == .untrusted
            ? "VAULT_CACERT or SSL_CERT_FILE can name a file of authorities to trust; VAULT_SKIP_VERIFY is not heeded"
            : error.hint
        return SecretFailure(error.code == .invalid ? .invalid : .unreachable, error.message, hint: hint)
    }

    private func failure(status: Int, body: Value, location: String?, _ purpose: String) -> SecretFailure {
        let said = errors(in: body)
        let words = said.isEmpty ? "" : ": \(said)"
        switch status {
        case 301, 302, 303, 307, 308:
            let target = location.flatMap { try? settings.address.resolve($0) }?.origin ?? "elsewhere"
            return SecretFailure(
                .unreachable, "Vault at \(name) redirects to \(target), and the token is not sent there",
                hint: "set VAULT_ADDR to the address that is to be used")
        case 400 where said.contains("missing client token"), 401:
            return SecretFailure(.forbidden, "Vault at \(name) got no token it accepts\(words)")
        case 403:
            return SecretFailure(
                .forbidden, "Vault at \(name) refuses \(purpose)\(words)",
                hint: "the token may have expired, or its policy may not allow this path; see vault token lookup")
        case 429: return SecretFailure(.unreachable, "Vault at \(name) has a rate limit that was reached\(words)")
        case 503 where said.contains("sealed"):
            return SecretFailure(.unreachable, "Vault at \(name) is sealed", hint: "somebody has to unseal it first")
        case 400..<500 where status != 412:
            return SecretFailure(.invalid, "Vault at \(name) rejects the request for \(purpose) (\(status))\(words)")
        default: return SecretFailure(.unreachable, "Vault at \(name) answered \(status)\(words)")
        }
    }

    /// The server's own words on one line, without the token should it repeat it.
    func errors(in body: Value) -> String {
        let texts = (body["errors"]?.listValue ?? []) + (body["warnings"]?.listValue ?? [])
        let words = texts.compactMap(\.stringValue).joined(separator: "; ").split { $0.isWhitespace }
        return String(words.joined(separator: " ").replacing(settings.token, with: "…").prefix(300))
    }
}
