import Crypto
import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem

/// Credentials of IAM Identity Center, with the token that `aws sso login` left in `~/.aws/sso/cache`.
extension AWSCredentialChain {
    func fromSingleSignOn(
        _ name: String, _ profile: AWSConfigFile.Section
    ) async throws(SecretFailure) -> AWSCredentials? {
        guard profile["sso_role_name"] != nil || profile["sso_account_id"] != nil else { return nil }
        var all = profile
        if let session = profile["sso_session"] {
            guard let section = settings.config.ssoSessions[session] else {
                throw SecretFailure(.invalid, "sso_session '\(session)' of profile '\(name)' does not exist")
            }
            all.merge(section) { _, new in new }
        }
        func setting(_ key: String) throws(SecretFailure) -> String {
            guard let value = all[key] else { throw SecretFailure(.invalid, "profile '\(name)' has no \(key)") }
            return value
        }
        let region = try AWSSettings.checkedRegion(try setting("sso_region"))
        let startURL = try setting("sso_start_url")
        let token = try token(of: name, cacheKey: profile["sso_session"] ?? startURL)
        let endpoint = try settings.endpoint(.singleSignOn, region: region)
        let url = endpoint.appending("federation", "credentials").adding(query: [
            ("role_name", try setting("sso_role_name")), ("account_id", try setting("sso_account_id")),
        ])
        let request = HTTPRequest(
            "GET", url, headers: [("x-amz-sso_bearer_token", token)],
            label: "IAM Identity Center at \(endpoint.origin)")
        let reply = try await requests.send(request)
        let source = "IAM Identity Center for profile '\(name)'"
        guard reply.status != 401 else { throw Self.expired(name) }
        guard reply.status == 200, let role = reply.json["roleCredentials"], let id = role["accessKeyId"]?.stringValue,
            let secret = role["secretAccessKey"]?.stringValue
        else {
            let words = reply.json["message"]?.stringValue.map { ": \($0.prefix(200))" } ?? ""
            throw SecretFailure(
                (400..<500).contains(reply.status) && reply.status != 429 ? .forbidden : .unreachable,
                "\(source) gave no credentials (\(reply.status))\(words)",
                hint: "sso_account_id and sso_role_name must name a role that is assigned to you")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: role["sessionToken"]?.stringValue,
            expires: role["expiration"]?.integerValue.map { Double($0) / 1000 }, source: source)
    }

    /// The token in the cache file that is named by the SHA-1 of the session's name, or of the start URL without one.
    private func token(of name: String, cacheKey: String) throws(SecretFailure) -> String {
        guard let home = context.environment["HOME"] else {
            throw SecretFailure(.invalid, "HOME is not set, so there is no ~/.aws/sso/cache")
        }
        let file = hexadecimal(Insecure.SHA1.hash(data: Array(cacheKey.utf8))) + ".json"
        let path = home + "/.aws/sso/cache/" + file
        guard FileStatus.find(path) != nil else { throw Self.expired(name, "has not logged in") }
        let value = try TokenFile.json(path, source: "the cache of aws sso login")
        guard let token = value["accessToken"]?.stringValue, let expires = value["expiresAt"]?.stringValue else {
            throw Self.expired(name, "has not logged in")
        }
        context.session.mask("IAM Identity Center token", Array(token.utf8))
        guard let time = Self.time(expires), time > Timestamp.now else { throw Self.expired(name) }
        return token
    }

    private static func expired(_ name: String, _ what: String = "has a login that has expired") -> SecretFailure {
        SecretFailure(
            .forbidden, "profile '\(name)' \(what) (IAM Identity Center)", hint: "run: aws sso login --profile \(name)")
    }
}
