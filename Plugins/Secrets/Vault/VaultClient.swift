import Logging
import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections
import Synchronization

/// What is asked of the server: a path below `/v1/`, whose segments are not yet escaped.
struct VaultRequest: Sendable {
    var method = "GET"
    var path: String
    var query: [(String, String)] = []
    var body: Value?
    /// nil is the settings' own.
    var namespace: String?
    /// Asks for the answer in a wrapping token that lives so long: `60s`.
    var wrapTTL: String?
    /// True where the body holds a secret, which messages must not repeat.
    var isPrivate = false
    /// What the request is about, for messages: `'secret/ci'`.
    var purpose: String
}

/// Sends requests to one Vault or OpenBao server (their HTTP API, version 1).
///
/// It holds no session, because a session holds it.
final class VaultClient: Sendable {
    /// An answer, whatever its status; a body that is not JSON is null.
    struct Reply: Sendable {
        var status: Int
        var body: Value
        /// The server's own words on one line, without secrets that the request held.
        var said: String
        /// Where it points to, for a redirect that was not followed.
        var redirect: String?
    }

    let settings: VaultSettings
    let variables: VaultVariables
    let pace: VaultPace
    let logger: Logger
    /// How often a login of this run had to be made anew: 0 or 1.
    let generation = Mutex(0)
    private let service: HTTPService
    private let retry: RetryPolicy
    private let rate: VaultRateLimit?
    /// What `permit` needs of the context.
    private let context: SecretContext

    /// - Parameter address: of another server than the one that the variables name.
    ///
    /// Throws: a `SecretFailure` (`invalid`) that names a variable.
    init(_ context: SecretContext, _ pace: VaultPace, at address: URLParts? = nil) throws(SecretFailure) {
        variables = VaultVariables(context.environment)
        settings = try VaultSettings(variables, address: address)
        self.pace = pace
        self.context = SecretContext(
            directory: context.directory, environment: [:], logger: context.logger, hosts: context.hosts)
        logger = context.logger
        service = HTTPService.make(settings.configuration)
        retry = RetryPolicy(
            attempts: settings.retries + 1, delay: pace.retryDelay, growth: .linear,
            // A write that has not reached the node that was asked.
            extraStatuses: [412])
        rate = settings.rate.map { VaultRateLimit($0, pace.clock) }
        if !settings.address.isSecure, !settings.address.isLoopback {
            logger.warning("Vault at \(settings.address.origin) is asked without TLS, as its address says")
        }
    }

    /// The address for messages.
    var name: String { settings.address.origin }

    /// What all of the server's answers in a session are kept under.
    var key: String { "vault \(settings.address.text) \(settings.namespace ?? "-")" }

    /// Sends a request and gives the answer, whatever its status.
    ///
    /// - Parameter token: nil sends none.
    /// Throws: a `SecretFailure` (`unreachable`, `forbidden`, `invalid`) where there is no answer of Vault's.
    func send(_ asked: VaultRequest, token: String?, retries: Bool = true) async throws(SecretFailure) -> Reply {
        var request = httpRequest(asked, token)
        var hidden = token.map { [$0] } ?? []
        if asked.isPrivate, let body = asked.body?.mapValue { hidden += body.values.compactMap(\.stringValue) }
        var (status, bytes, location) = try await exchange(request, retries ? retry : .none)
        if let location, let target = try redirect(from: request.url, to: location, status) {
            request.url = target
            (status, bytes, _) = try await exchange(request, retries ? retry : .none)
        }
        let body = (try? JSONReader.value(bytes)) ?? .null
        if status == 200, body.mapValue == nil {
            throw SecretFailure(
                .unreachable, "what answers at \(name) is not Vault", hint: "VAULT_ADDR names the server's address")
        }
        return Reply(status: status, body: body, said: Self.words(of: body, without: hidden), redirect: location)
    }

    private func httpRequest(_ asked: VaultRequest, _ token: String?) -> HTTPRequest {
        var url = settings.address.appending("v1")
        for segment in asked.path.split(separator: "/") { url = url.appending(String(segment)) }
        var request = HTTPRequest(
            asked.method, url.adding(query: asked.query),
            headers: [("X-Vault-Request", "true"), ("Accept", "application/json")],
            redirects: .none, label: "Vault at \(name)")
        if let token { request.set("X-Vault-Token", token) }
        if let namespace = asked.namespace ?? settings.namespace { request.set("X-Vault-Namespace", namespace) }
        if let mfa = settings.mfa { request.set("X-Vault-MFA", mfa) }
        if let time = asked.wrapTTL { request.set("X-Vault-Wrap-TTL", time) }
        if let body = asked.body {
            request.body = .bytes(Array(JSONWriter.text(body).utf8))
            request.set("Content-Type", "application/json")
        }
        return request
    }

    private func exchange(
        _ request: HTTPRequest, _ retry: RetryPolicy
    ) async throws(SecretFailure) -> (status: Int, bytes: [UInt8], location: String?) {
        try permit(request.url)
        let (service, rate, logger, timeout, clock) = (service, rate, logger, settings.timeout, pace.clock)
        do {
            let late = OpsError(.timeout, "no answer from \(request.name) within \(timeout.text)")
            return try await withDeadline(timeout, late) {
                if let wait = rate?.delay(), wait > .zero { try await clock.sleep(for: wait) }
                let response = try await service.send(request, timeout: timeout, retry: retry, logger: logger)
                let bytes = try await response.collect(limit: 16 << 20)
                return (response.status, bytes, response.header("location"))
            }
        } catch {
            throw failure(of: error)
        }
    }

    /// Where a request goes on (a standby node names the active one): to this server, or to one that the recipe's
    /// `secret-hosts` names, never from TLS to none. Nil where the answer stands.
    private func redirect(from: URLParts, to location: String, _ status: Int) throws(SecretFailure) -> URLParts? {
        guard [301, 302, 307, 308].contains(status), settings.followsRedirects,
            let target = try? from.resolve(location), target.isSecure || !from.isSecure
        else { return nil }
        if target.origin == from.origin { return target }
        guard context.hosts != nil else { return nil }
        try permit(target)
        return target
    }

    /// Throws: a `SecretFailure` (`forbidden`) where the recipe's `secret-hosts` does not name the server.
    private func permit(_ url: URLParts) throws(SecretFailure) {
        try context.permit(host: url.hostName, port: url.effectivePort)
    }

    private func failure(of error: any Error) -> SecretFailure {
        guard let error = error as? OpsError else { return SecretFailure(.unreachable, "the request was cancelled") }
        let hint =
            error.code == .untrusted
            ? "VAULT_CACERT or SSL_CERT_FILE can name a file of authorities to trust" : error.hint
        return SecretFailure(error.code == .invalid ? .invalid : .unreachable, error.message, hint: hint)
    }

    private static func words(of body: Value, without hidden: [String]) -> String {
        let texts = (body["errors"]?.listValue ?? []) + (body["warnings"]?.listValue ?? [])
        var text = texts.compactMap(\.stringValue).joined(separator: "; ").split { $0.isWhitespace }
            .joined(separator: " ")
        for secret in hidden where secret.utf8.count > 3 { text = text.replacing(secret, with: "…") }
        return String(text.prefix(300))
    }
}
