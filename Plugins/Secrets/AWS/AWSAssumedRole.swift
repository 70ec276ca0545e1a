import OpsCore
import OpsHTTP
import OpsPlugin

/// Credentials that the Security Token Service gives for a role.
extension AWSCredentialChain {
    /// A profile with `role_arn` and `source_profile` or `credential_source`.
    func assumedRole(
        _ name: String, _ profile: AWSConfigFile.Section, visited: [String]
    ) async throws(SecretFailure) -> AWSCredentials {
        guard profile["mfa_serial"] == nil else {
            throw SecretFailure(
                .invalid, "profile '\(name)' has mfa_serial, and ops cannot ask for a code",
                hint: "get a session in your shell first (aws sts get-session-token), or use another profile")
        }
        let source: AWSCredentials
        switch (profile["source_profile"], profile["credential_source"]) {
        case (let parent?, nil): source = try await sourceProfile(parent, of: name, visited: visited + [name])
        case (nil, let kind?): source = try await credentialSource(kind, of: name)
        case (nil, nil):
            throw SecretFailure(
                .invalid, "profile '\(name)' has role_arn, but neither source_profile nor credential_source")
        case (_?, _?):
            throw SecretFailure(.invalid, "profile '\(name)' has both source_profile and credential_source")
        }
        var items = [
            ("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", profile["role_arn"] ?? ""),
            ("RoleSessionName", profile["role_session_name"] ?? "ops-\(Int(Timestamp.now))"),
        ]
        if let id = profile["external_id"] { items.append(("ExternalId", id)) }
        if let duration = profile["duration_seconds"] { items.append(("DurationSeconds", duration)) }
        return try await tokenService(items, signedBy: source, source: "the role of profile '\(name)'")
    }

    /// A role that is named beside the profile.
    func assumed(_ role: String, signedBy source: AWSCredentials) async throws(SecretFailure) -> AWSCredentials {
        try await tokenService(
            [
                ("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", role),
                ("RoleSessionName", "ops-\(Int(Timestamp.now))"),
            ], signedBy: source, source: "the role '\(role.prefix(200))'")
    }

    private func sourceProfile(
        _ parent: String, of name: String, visited: [String]
    ) async throws(SecretFailure) -> AWSCredentials {
        guard let profile = settings.config.profiles[parent] else {
            throw SecretFailure(.invalid, "source_profile '\(parent)' of profile '\(name)' does not exist")
        }
        // A profile may be its own source where it holds keys beside its role.
        let hasKeys = profile["aws_access_key_id"] != nil
        guard !visited.contains(parent) || parent == name && hasKeys else {
            throw SecretFailure(
                .invalid, "source_profile goes round in a circle: \((visited + [parent]).joined(separator: " → "))")
        }
        guard let found = try await fromProfile(parent, visited: visited) else {
            throw SecretFailure(.invalid, "source_profile '\(parent)' of profile '\(name)' has no credentials")
        }
        return found
    }

    private func credentialSource(_ kind: String, of name: String) async throws(SecretFailure) -> AWSCredentials {
        let found: AWSCredentials?
        switch kind.lowercased() {
        case "environment": found = try fromVariables()
        case "ecscontainer": found = try await fromContainer()
        case "ec2instancemetadata": found = try await fromMetadata()
        default:
            throw SecretFailure(
                .invalid, "credential_source '\(kind)' of profile '\(name)' is not known",
                hint: "it is Environment, EcsContainer or Ec2InstanceMetadata")
        }
        guard let found else {
            throw SecretFailure(.forbidden, "credential_source '\(kind)' of profile '\(name)' has no credentials")
        }
        return found
    }

    /// `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`, or the profile's settings of these names: the token of a
    /// Kubernetes service account or a CI job. The request is not signed.
    func fromWebIdentity(
        _ name: String, _ profile: AWSConfigFile.Section, readsVariables: Bool
    ) async throws(SecretFailure) -> AWSCredentials? {
        func setting(_ variable: String, _ key: String) -> String? {
            (readsVariables ? context.variable(variable) : nil) ?? profile[key]
        }
        guard let file = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file") else { return nil }
        guard let role = setting("AWS_ROLE_ARN", "role_arn") else {
            throw SecretFailure(
                .invalid, "there is a web identity token, but no role for it",
                hint: "set AWS_ROLE_ARN, or role_arn in profile '\(name)'")
        }
        let token = try TokenFile.text(file, source: "AWS_WEB_IDENTITY_TOKEN_FILE")
        context.session.mask("AWS web identity token", Array(token.utf8))
        let session = setting("AWS_ROLE_SESSION_NAME", "role_session_name") ?? "ops-\(Int(Timestamp.now))"
        return try await tokenService(
            [
                ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
                ("RoleSessionName", session), ("WebIdentityToken", token),
            ], signedBy: nil, source: "the role of the web identity")
    }

    /// Asks the Security Token Service (its Query API, version 2011-06-15).
    private func tokenService(
        _ items: [(String, String)], signedBy credentials: AWSCredentials?, source: String
    ) async throws(SecretFailure) -> AWSCredentials {
        let region = try settings.region()
        let url = try settings.endpoint(.tokens, region: region)
        var request = HTTPRequest(
            "POST", url, headers: [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: SecretRequests.form(items), label: "AWS STS at \(url.origin)")
        if let credentials {
            SignatureV4(credentials, region: region, service: AWSSettings.Service.tokens.name).sign(&request)
        }
        let reply = try await requests.send(request)
        let text = String(decoding: reply.body, as: UTF8.self)
        guard reply.status == 200, let id = XMLText.content(of: "AccessKeyId", in: text),
            let secret = XMLText.content(of: "SecretAccessKey", in: text)
        else {
            throw AWSFailure(
                code: XMLText.content(of: "Code", in: text) ?? "status \(reply.status)",
                message: XMLText.content(of: "Message", in: text) ?? "", status: reply.status
            ).failure(of: "\(source) (\(items[0].1) at \(url.origin))")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: XMLText.content(of: "SessionToken", in: text),
            expires: XMLText.content(of: "Expiration", in: text).flatMap(Self.time), source: source)
    }
}

/// The little of XML that answers of the Query API need: text in the first element of a name that has no attributes.
enum XMLText {
    static func content(of element: String, in text: String) -> String? {
        guard let start = text.firstRange(of: "<\(element)>") else { return nil }
        let rest = text[start.upperBound...]
        guard let end = rest.firstRange(of: "</\(element)>") else { return nil }
        var content = String(rest[..<end.lowerBound])
        let entities = [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#xA;", "\n"), ("&amp;", "&"),
        ]
        for (entity, plain) in entities { content = content.replacing(entity, with: plain) }
        return content
    }
}
