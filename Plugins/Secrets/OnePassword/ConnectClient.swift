import Logging
import OpsCore
import OpsHTTP
import OpsPlugin

/// A 1Password Connect server (its REST API, version 1).
struct ConnectClient: Sendable {
    private let address: URLParts
    private let token: String
    private let service: HTTPService
    private let retry: RetryPolicy
    private let context: SecretContext

    /// Of a whole vault's list of items.
    private static let answerLimit = 32 << 20

    /// The server that the environment names; nil where it names none.
    ///
    /// Throws: a `SecretFailure` (`invalid`, `forbidden`) that names the variable, never its value.
    init?(_ context: SecretContext, retryDelay: Duration) throws(SecretFailure) {
        let environment = context.environment
        func set(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let host = set("OP_CONNECT_HOST"), let token = set("OP_CONNECT_TOKEN") else { return nil }
        do throws(OpsError) {
            address = try URLParts(host)
        } catch {
            throw SecretFailure(.invalid, "OP_CONNECT_HOST cannot be used: \(error.message)", hint: error.hint)
        }
        try context.permit(host: address.host, port: address.effectivePort)
        self.token = token
        self.context = context
        service = HTTPService.make(HTTPConfiguration { environment[$0] })
        retry = RetryPolicy(attempts: 4, delay: retryDelay, longestWait: max(retryDelay, .seconds(10)))
    }

    private var name: String { address.origin }

    /// An item with its fields. The vaults, a vault's items and an item are each asked for once a run.
    func item(_ wanted: OnePasswordAddress) async throws(SecretFailure) -> OnePasswordItem {
        let vaults = try await list(["v1", "vaults"], purpose: "the vaults")
        let vault = try identifier(
            wanted.vault, in: vaults, kind: "vault", name: "name", place: "1Password Connect at \(name)")
        let items = try await list(["v1", "vaults", vault, "items"], purpose: "the items of vault '\(wanted.vault)'")
        let item = try identifier(
            wanted.item, in: items.filter { $0["state"]?.stringValue != "ARCHIVED" }, kind: "item", name: "title",
            place: "vault '\(wanted.vault)' in 1Password")
        let path = ["v1", "vaults", vault, "items", item]
        // A code of an earlier half minute is of no use.
        if wanted.aspect == .oneTimePassword { context.session.forget(Self.key(url(path))) }
        return OnePasswordItem(try await get(path, purpose: wanted.place))
    }

    private func identifier(
        _ text: String, in list: [Value], kind: String, name: String, place: String
    ) throws(SecretFailure) -> String {
        guard
            let id = try OnePasswordItem.find(text, in: list, kind: kind, name: name, place: place)["id"]?.stringValue
        else { throw notConnect }
        return id
    }

    private func list(_ path: [String], purpose: String) async throws(SecretFailure) -> [Value] {
        guard let list = try await get(path, purpose: purpose).listValue else { throw notConnect }
        return list
    }

    private func get(_ path: [String], purpose: String) async throws(SecretFailure) -> Value {
        let place = url(path)
        return try await context.session.once(Self.key(place)) { () async throws(SecretFailure) -> Value in
            let request = HTTPRequest(
                "GET", place, headers: [("Authorization", "Bearer \(token)"), ("Accept", "application/json")],
                redirects: .none, label: "1Password Connect at \(name)")
            do {
                let response = try await service.send(request, retry: retry, logger: context.logger)
                let body = try? JSONReader.value(try await response.collect(limit: Self.answerLimit))
                if response.status == 200, let body { return body }
                throw failure(response.status, body, purpose)
            } catch let error as SecretFailure {
                throw error
            } catch let error as OpsError {
                throw SecretFailure(
                    error.code == .invalid ? .invalid : .unreachable, error.message,
                    hint: error.code == .untrusted
                        ? "SSL_CERT_FILE can name a file of authorities to trust" : error.hint)
            } catch {
                throw SecretFailure(.unreachable, "the request was cancelled")
            }
        }
    }

    private func url(_ path: [String]) -> URLParts {
        var url = address
        url.userInfo = nil
        return path.reduce(url) { $0.appending($1) }
    }

    /// Names the question in a session.
    private static func key(_ url: URLParts) -> String { "op:" + url.text }

    private var notConnect: SecretFailure {
        SecretFailure(
            .unreachable, "what answers at \(name) is not 1Password Connect",
            hint: "OP_CONNECT_HOST names the server's address")
    }

    private func failure(_ status: Int, _ body: Value?, _ purpose: String) -> SecretFailure {
        let words = (body?["message"]?.stringValue ?? "").split { $0.isWhitespace }.joined(separator: " ")
        let said = words.isEmpty ? "" : ": " + words.replacing(token, with: "…").prefix(300)
        switch status {
        case 401:
            return SecretFailure(
                .forbidden, "1Password Connect at \(name) does not accept the token\(said)",
                hint: "OP_CONNECT_TOKEN may have expired or belong to another server")
        case 403:
            return SecretFailure(
                .forbidden, "1Password Connect at \(name) refuses \(purpose)\(said)",
                hint: "the token must have access to the vault")
        case 404 where body?["message"] != nil:
            return SecretFailure(.missing, "1Password Connect at \(name) does not have \(purpose)\(said)")
        case 200, 301, 302, 303, 304, 307, 308, 404: return notConnect
        case 400..<500 where status != 429 && status != 408:
            return SecretFailure(.invalid, "1Password Connect at \(name) rejects the request (\(status))\(said)")
        default: return SecretFailure(.unreachable, "1Password Connect at \(name) answered \(status)\(said)")
        }
    }
}
