import OpsCore
import OpsPlugin

/// An error that a service of Google Cloud answered with (its error model, google.rpc.Status in JSON).
struct GoogleFailure: Sendable {
    /// The HTTP status.
    let status: Int
    /// Such as `FAILED_PRECONDITION`.
    let state: String?
    /// The service's words behind a colon; empty where it has none.
    let words: String

    init(_ reply: SecretRequests.Reply) {
        status = reply.status
        let error = reply.json["error"]
        state = error?["status"]?.stringValue
        words = error?["message"]?.stringValue.map { ": \($0.prefix(300))" } ?? ""
    }

    /// - Parameters:
    ///   - what: what was asked for, and where.
    ///   - verb: what was to be done with it: `be read`.
    ///   - role: which lets it be done.
    func failure(of what: String, may verb: String, role: String) -> SecretFailure {
        switch status {
        case 401: SecretFailure(.forbidden, "Google does not accept the login for \(what)\(words)")
        case 403:
            SecretFailure(
                .forbidden, "\(what) may not \(verb)\(words)",
                hint: "the identity needs the role \(role), and the API must be enabled")
        case 429: SecretFailure(.unreachable, "the rate limit for \(what) was reached\(words)")
        case 400..<500: SecretFailure(.invalid, "Google rejects the request for \(what) (\(status))\(words)")
        default: SecretFailure(.unreachable, "Google answered \(status) for \(what)\(words)")
        }
    }
}
