import OpsCore
import OpsHTTP
import OpsPlugin

/// Requests to one API server of Kubernetes, logged in.
struct KubernetesClient: Sendable {
    struct Reply: Sendable {
        var status: Int
        var body: Value?
    }

    let namespace: String
    /// Whole seconds since 1970; nil where the login has no end that is known.
    private(set) var expires: Int?
    /// True where a new login may be accepted after one was not.
    private(set) var canLogInAgain = false
    private let access: KubernetesAccess
    private let service: HTTPService
    private let retry: RetryPolicy
    private let context: SecretContext
    private var token: String?

    private static let answerLimit = 4 << 20

    /// Logs in where that takes a program.
    init(
        _ access: KubernetesAccess, retryDelay: Duration, _ context: SecretContext
    ) async throws(SecretFailure) {
        var configuration = access.configuration
        if case .program(let program) = access.credential {
            let login = try await program.logIn(context)
            token = login.token
            expires = login.expires
            canLogInAgain = true
            configuration.clientCertificate = login.certificate ?? configuration.clientCertificate
        }
        self.access = access
        self.context = context
        namespace = access.namespace
        service = HTTPService.make(configuration)
        retry = RetryPolicy(attempts: 4, delay: retryDelay, longestWait: max(retryDelay, .seconds(10)))
    }

    /// The address for messages.
    var name: String { access.server.origin }

    /// Asks for a path of the API, whose segments are escaped.
    ///
    /// Throws: a `SecretFailure` (`unreachable`, `invalid`) without the token; an answer of any status is none.
    func send(
        _ segments: [String], method: String = "GET", accept: String = "application/json", body: Value? = nil
    ) async throws(SecretFailure) -> Reply {
        var url = access.server
        url.userInfo = nil
        url.query = nil
        var request = HTTPRequest(
            method, segments.reduce(url) { $0.appending($1) }, headers: access.headers + [("Accept", accept)],
            redirects: .none, label: "Kubernetes at \(name)")
        if let authorization = try authorization { request.set("Authorization", authorization) }
        if let body {
            request.body = .bytes(Array(JSONWriter.text(body).utf8))
            request.set("Content-Type", "application/json")
        }
        do {
            let response = try await service.send(request, retry: retry, logger: context.logger)
            let bytes = try await response.collect(limit: Self.answerLimit)
            return Reply(status: response.status, body: try? JSONReader.value(bytes))
        } catch let error as OpsError {
            throw SecretFailure(
                error.code == .invalid ? .invalid : .unreachable, error.message,
                hint: error.code == .untrusted
                    ? "'certificate-authority' of the cluster in the kubeconfig names who signs its certificates"
                    : error.hint)
        } catch {
            throw SecretFailure(.unreachable, "the request was cancelled")
        }
    }

    private var authorization: String? {
        get throws(SecretFailure) {
            switch access.credential {
            case .none: return nil
            case .program: return token.map { "Bearer " + $0 }
            case .token(let token): return "Bearer " + token
            case .basic(let username, let password):
                return "Basic " + Base64.encode(Array("\(username):\(password)".utf8))
            case .tokenFile(let path, let other):
                do throws(SecretFailure) {
                    let bytes = try SecretFile.read(path, place: "the token file of Kubernetes")
                    return "Bearer " + String(decoding: bytes, as: UTF8.self)
                } catch {
                    guard let other else {
                        throw SecretFailure(
                            error.reason == .missing ? .forbidden : error.reason, error.message, hint: error.hint)
                    }
                    return "Bearer " + other
                }
            }
        }
    }

    /// Why an answer is not what was asked for (Kubernetes API conventions, "Response Status Kind").
    ///
    /// - Parameter purpose: what was asked for: `secret 'ci/registry'`.
    func failure(_ reply: Reply, _ purpose: String) -> SecretFailure {
        guard let body = reply.body, body["kind"]?.stringValue == "Status" else {
            guard ![401, 403].contains(reply.status), reply.status < 500, reply.status != 429 else {
                return failure(reply.status, "", purpose)
            }
            return SecretFailure(
                .unreachable, "what answers at \(name) is not the API of Kubernetes",
                hint: "'server' of the cluster in the kubeconfig names its address")
        }
        let words = (body["message"]?.stringValue ?? "").split { $0.isWhitespace }.joined(separator: " ")
        return failure(reply.status, words.isEmpty ? "" : ": " + words.prefix(300), purpose)
    }

    private func failure(_ status: Int, _ said: String, _ purpose: String) -> SecretFailure {
        switch status {
        case 401:
            SecretFailure(
                .forbidden, "Kubernetes at \(name) does not accept the login\(said)",
                hint: "the token or certificate of the user in the kubeconfig may have expired")
        case 403:
            SecretFailure(
                .forbidden, "Kubernetes at \(name) refuses \(purpose)\(said)",
                hint: "a role must allow this user the verb get on secrets in that namespace")
        case 404: SecretFailure(.missing, "there is no \(purpose) in Kubernetes at \(name)")
        case 400..<500 where status != 429 && status != 408:
            SecretFailure(.invalid, "Kubernetes at \(name) rejects the request for \(purpose) (\(status))\(said)")
        default: SecretFailure(.unreachable, "Kubernetes at \(name) answered \(status)\(said)")
        }
    }
}
