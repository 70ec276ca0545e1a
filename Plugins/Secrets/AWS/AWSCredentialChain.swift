import Logging
import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Where an AWS access key is found, in botocore's order: variables, the profile (assumed role, web identity, IAM
/// Identity Center, keys, process), the container's endpoint, the machine's metadata service (IMDSv2).
struct AWSCredentialChain: Sendable {
    let settings: AWSSettings
    let requests: SecretRequests
    /// The ARN of a role that is assumed with what is found.
    var role: String?

    var context: SecretContext { settings.context }

    /// The credentials, looked for once a run for each profile; again where they have expired since.
    func credentials() async throws(SecretFailure) -> AWSCredentials {
        let key = key
        let chain = self
        func ask() async throws(SecretFailure) -> AWSCredentials {
            try await context.session.once(key) { () async throws(SecretFailure) in
                let found = try await chain.resolve()
                chain.context.session.mask("AWS secret access key", Array(found.secretAccessKey.utf8))
                if let token = found.sessionToken {
                    chain.context.session.mask("AWS session token", Array(token.utf8))
                }
                chain.context.logger.debug("AWS credentials are from \(found.source)")
                return found
            }
        }
        let found = try await ask()
        guard let expires = found.expires, expires < Timestamp.now + 60 else { return found }
        context.session.forget(key)
        return try await ask()
    }

    /// Forgets credentials that a service refused as expired.
    func forget() { context.session.forget(key) }

    private var key: String {
        "aws credentials \(settings.isProfileExplicit ? "profile" : "default") \(settings.profileName)"
            + (role.map { " role \($0)" } ?? "")
    }

    private func resolve() async throws(SecretFailure) -> AWSCredentials {
        if let role {
            var source = self
            source.role = nil
            return try await assumed(role, signedBy: try await source.credentials())
        }
        if !settings.isProfileExplicit, let found = try fromVariables() { return found }
        if let found = try await fromProfile(
            settings.profileName, visited: [], readsVariables: !settings.isProfileExplicit)
        {
            return found
        }
        if let found = try await fromContainer() { return found }
        let absence: SecretFailure
        do throws(SecretFailure) {
            if let found = try await fromMetadata() { return found }
            absence = SecretFailure(.forbidden, "the metadata service is turned off")
        } catch {
            absence = error
        }
        throw SecretFailure(
            .forbidden,
            "no AWS credentials: none in the environment or profile '\(settings.profileName)', and \(absence.message)",
            hint: "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with aws sso login")
    }

    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    func fromVariables() throws(SecretFailure) -> AWSCredentials? {
        guard let id = context.variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = context.variable("AWS_SECRET_ACCESS_KEY") else {
            throw SecretFailure(.invalid, "AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY")
        }
        let token = context.variable("AWS_SESSION_TOKEN") ?? context.variable("AWS_SECURITY_TOKEN")
        let expiration = context.variable("AWS_CREDENTIAL_EXPIRATION").flatMap(Self.time)
        if let expiration, expiration < Timestamp.now {
            throw SecretFailure(.forbidden, "the credentials in AWS_ACCESS_KEY_ID have expired", hint: "log in again")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: token, expires: expiration,
            source: "the environment")
    }

    /// What a profile gives, in order; nil where it has nothing of the kind.
    func fromProfile(
        _ name: String, visited: [String], readsVariables: Bool = false
    ) async throws(SecretFailure) -> AWSCredentials? {
        let profile = settings.config.profiles[name] ?? [:]
        let hasKeys = profile["aws_access_key_id"] != nil || profile["aws_secret_access_key"] != nil
        // Behind the first, a profile's own keys come before its role (botocore's `_resolve_credentials_from_profile`).
        let isRole = profile["role_arn"] != nil && profile["web_identity_token_file"] == nil
        if isRole, visited.isEmpty || !hasKeys { return try await assumedRole(name, profile, visited: visited) }
        if let found = try await fromWebIdentity(name, profile, readsVariables: readsVariables) { return found }
        if let found = try await fromSingleSignOn(name, profile) { return found }
        if hasKeys { return try keys(of: name, profile) }
        guard profile["login_session"] == nil else {
            throw SecretFailure(
                .invalid, "profile '\(name)' uses 'aws login', whose tokens ops does not read",
                hint: "set credential_process = aws configure export-credentials --profile \(name) in another profile")
        }
        return try await fromProcess(name, profile)
    }

    private func keys(of name: String, _ profile: AWSConfigFile.Section) throws(SecretFailure) -> AWSCredentials {
        guard let id = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"] else {
            throw SecretFailure(
                .invalid, "profile '\(name)' has only one of aws_access_key_id and aws_secret_access_key")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: profile["aws_session_token"],
            source: "profile '\(name)'")
    }

    /// Credentials in the JSON form that containers, the metadata service and credential processes share.
    ///
    /// - Parameter token: the member that holds the session token.
    static func read(_ value: Value, token: String, source: String) throws(SecretFailure) -> AWSCredentials {
        guard let id = value["AccessKeyId"]?.stringValue, let secret = value["SecretAccessKey"]?.stringValue else {
            let words = (value["Message"] ?? value["message"] ?? value["Code"] ?? value["code"])?.stringValue
            throw SecretFailure(
                .forbidden, "\(source) gave no credentials" + (words.map { ": \($0.prefix(200))" } ?? ""))
        }
        let expires = value["Expiration"]?.stringValue.flatMap(time)
        if let expires, expires < Timestamp.now {
            throw SecretFailure(.forbidden, "\(source) gave credentials that have expired")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: value[token]?.stringValue, expires: expires,
            source: source)
    }

    /// Seconds since 1970 of a time as AWS writes it: `2026-11-21T09:55:30Z`, with fractions, `UTC` or `+00:00`.
    static func time(_ text: String) -> Double? {
        guard text.utf8.count >= 19 else { return nil }
        let zone = text.dropFirst(19).drop { $0 == "." || $0.isNumber }
        guard ["", "Z", "UTC", "+00:00", "+0000"].contains(zone) else { return nil }
        return Timestamp.parse(String(text.prefix(19)) + "Z").map(Double.init)
    }
}
