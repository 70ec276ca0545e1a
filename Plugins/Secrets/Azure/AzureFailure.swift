import OpsCore
import OpsPlugin

/// An error that Azure Key Vault answered with.
struct AzureFailure: Sendable {
    /// The HTTP status.
    let status: Int
    /// Such as `ForbiddenByRbac`.
    let code: String?
    /// The code and the service's words, for the end of a message; empty where it has none.
    let said: String

    init(_ reply: SecretRequests.Reply) {
        status = reply.status
        let error = reply.json["error"]
        code = error?["innererror"]?["code"]?.stringValue ?? error?["code"]?.stringValue
        let words = error?["message"]?.stringValue?.split { $0.isWhitespace || $0.isNewline }.joined(separator: " ")
        said = (code.map { " (\($0))" } ?? "") + (words.map { ": \($0.prefix(300))" } ?? "")
    }

    /// - Parameters:
    ///   - what: what was asked for, and where.
    ///   - verb: what was to be done with it: `be read`.
    ///   - hint: for one who may not.
    func failure(of what: String, may verb: String, hint: String) -> SecretFailure {
        switch status {
        case 401: SecretFailure(.forbidden, "Azure does not accept the login for \(what)\(said)")
        case 403: SecretFailure(.forbidden, "\(what) may not \(verb)\(said)", hint: hint)
        case 429: SecretFailure(.unreachable, "the rate limit of the vault for \(what) was reached\(said)")
        case 400..<500: SecretFailure(.invalid, "Azure rejects the request for \(what) (\(status))\(said)")
        case 200: SecretFailure(.unreachable, "what answers for \(what) is not Azure Key Vault")
        default: SecretFailure(.unreachable, "Azure answered \(status) for \(what)\(said)")
        }
    }
}
