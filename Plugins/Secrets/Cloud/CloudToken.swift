import OpsCore
import OpsPlugin

/// A bearer token of a cloud.
struct CloudToken: Sendable {
    var text: String
    /// Seconds since 1970; nil where it is not told.
    var expires: Double?

    /// What a token endpoint answered (RFC 6749 §5.1); nil where it holds none.
    init?(_ answer: Value) {
        guard let text = answer["access_token"]?.stringValue else { return nil }
        self.text = text
        // Some send the number as text.
        expires = answer["expires_in"]?.scalarText.flatMap { Double($0) }.map { Timestamp.now + $0 }
    }

    init(_ text: String, expires: Double? = nil) {
        self.text = text
        self.expires = expires
    }

    var header: (String, String) { ("Authorization", "Bearer " + text) }

    /// Why a token endpoint refused (RFC 6749 §5.2), with its own words.
    ///
    /// - Parameter what: which login it is.
    static func refusal(_ reply: SecretRequests.Reply, of what: String, hint: String? = nil) -> SecretFailure {
        let json = reply.json
        let code = json["error"]?.stringValue ?? json["error"]?["status"]?.stringValue
        let words = json["error_description"]?.stringValue ?? json["error"]?["message"]?.stringValue
        let text = [code, words].compactMap { $0 }.joined(separator: ": ").split { $0.isWhitespace || $0.isNewline }
        let said = text.isEmpty ? "" : ": \(text.joined(separator: " ").prefix(300))"
        let isOurs = (400..<500).contains(reply.status) && reply.status != 429
        return SecretFailure(
            isOurs ? .forbidden : .unreachable, "\(what) was refused (\(reply.status))\(said)", hint: hint)
    }
}

extension SecretSession {
    /// A login that is made once a run, and again where its token is about to expire; its token is masked.
    func token(
        _ key: String, _ login: @escaping @Sendable () async throws(SecretFailure) -> CloudToken
    ) async throws(SecretFailure) -> CloudToken {
        func ask() async throws(SecretFailure) -> CloudToken {
            try await once(key) { () async throws(SecretFailure) in
                let token = try await login()
                self.mask(key, Array(token.text.utf8))
                return token
            }
        }
        let found = try await ask()
        guard let expires = found.expires, expires < Timestamp.now + 30 else { return found }
        forget(key)
        return try await ask()
    }
}
