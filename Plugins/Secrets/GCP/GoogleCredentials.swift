import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem
import OrderedCollections

/// Application Default Credentials of Google Cloud: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, the one that
/// `gcloud auth application-default login` wrote, else the machine's metadata service.
struct GoogleCredentials: Sendable {
    static let scope = "https://www.googleapis.com/auth/cloud-platform"

    let requests: SecretRequests

    var context: SecretContext { requests.context }

    /// The access token, asked for once a run.
    func token() async throws(SecretFailure) -> CloudToken {
        let credentials = self
        return try await context.session.token("Google access token") { () async throws(SecretFailure) in
            try await credentials.login()
        }
    }

    /// Who pays for a request, where that is not the secret's own project.
    func quotaProject() throws(SecretFailure) -> String? {
        if let project = context.variable("GOOGLE_CLOUD_QUOTA_PROJECT") { return project }
        guard let (path, source) = file else { return nil }
        return try TokenFile.json(path, source: source)["quota_project_id"]?.stringValue
    }

    /// The credentials file and what names it; nil where there is none.
    private var file: (path: String, source: String)? {
        if let path = context.variable("GOOGLE_APPLICATION_CREDENTIALS") {
            return (path, "GOOGLE_APPLICATION_CREDENTIALS")
        }
        let folder = context.variable("CLOUDSDK_CONFIG") ?? context.variable("HOME").map { $0 + "/.config/gcloud" }
        guard let path = folder.map({ $0 + "/application_default_credentials.json" }), FileStatus.find(path) != nil
        else { return nil }
        return (path, "gcloud auth application-default login")
    }

    private func login() async throws(SecretFailure) -> CloudToken {
        guard let (path, source) = file else {
            do throws(SecretFailure) {
                return try await fromMetadata()
            } catch {
                throw SecretFailure(
                    .forbidden, "no Google credentials: no file names them, and \(error.message)",
                    hint: "set GOOGLE_APPLICATION_CREDENTIALS, or run: gcloud auth application-default login")
            }
        }
        return try await from(try TokenFile.json(path, source: source), path: path)
    }

    /// What a credentials file gives, by its `type`.
    private func from(_ file: Value, path: String) async throws(SecretFailure) -> CloudToken {
        func member(_ name: String) throws(SecretFailure) -> String {
            guard let text = file[name]?.stringValue, !text.isEmpty else {
                throw SecretFailure(.invalid, "the Google credentials in '\(path)' have no '\(name)'")
            }
            return text
        }
        switch file["type"]?.stringValue {
        case "service_account":
            let endpoint = file["token_uri"]?.stringValue ?? "https://oauth2.googleapis.com/token"
            let now = Int(Timestamp.now)
            var header: ValueMap = [:]
            if let id = file["private_key_id"] { header["kid"] = id }
            let assertion = try SignedToken.make(
                .RS256, header: header,
                claims: [
                    "iss": .string(try member("client_email")), "scope": .string(Self.scope), "aud": .string(endpoint),
                    "iat": .integer(now), "exp": .integer(now + 3600),
                ], key: try member("private_key"), source: "the private_key in '\(path)'")
            return try await exchange(
                endpoint,
                [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)],
                what: "the login of service account '\(try member("client_email"))'")
        case "authorized_user":
            return try await exchange(
                file["token_uri"]?.stringValue ?? "https://oauth2.googleapis.com/token",
                [
                    ("grant_type", "refresh_token"), ("client_id", try member("client_id")),
                    ("client_secret", try member("client_secret")), ("refresh_token", try member("refresh_token")),
                ], what: "the Google login in '\(path)'", hint: "run: gcloud auth application-default login")
        case "external_account":
            let token = try await exchange(
                try member("token_url"), try await subject(of: file, path: path, audience: try member("audience")),
                what: "the workload identity of '\(path)'")
            guard let impersonation = file["service_account_impersonation_url"]?.stringValue else { return token }
            return try await impersonated(impersonation, token, path: path)
        case "impersonated_service_account":
            guard let source = file["source_credentials"], source["type"]?.stringValue != "impersonated_service_account"
            else { throw SecretFailure(.invalid, "'\(path)' has no usable source_credentials") }
            let token = try await from(source, path: path)
            return try await impersonated(try member("service_account_impersonation_url"), token, path: path)
        case let type:
            throw SecretFailure(
                .invalid, "the Google credentials in '\(path)' have the type '\(type ?? "none")', which is not known",
                hint: "known are service_account, authorized_user, external_account, impersonated_service_account")
        }
    }

    private func exchange(
        _ endpoint: String, _ items: [(String, String)], what: String, hint: String? = nil
    ) async throws(SecretFailure) -> CloudToken {
        let url = try Self.address(endpoint)
        let request = HTTPRequest(
            "POST", url, headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: SecretRequests.form(items), label: "the token endpoint at \(url.origin)")
        let reply = try await requests.send(request)
        guard reply.status == 200, let token = CloudToken(reply.json) else {
            throw CloudToken.refusal(reply, of: "\(what) at \(url.origin)", hint: hint)
        }
        return token
    }

    /// A token of a service account that the first identity may act as (IAM Credentials API, generateAccessToken).
    private func impersonated(
        _ endpoint: String, _ token: CloudToken, path: String
    ) async throws(SecretFailure) -> CloudToken {
        context.session.mask("Google access token", Array(token.text.utf8))
        let url = try Self.address(endpoint)
        let body = JSONWriter.text(.map(["scope": .list([.string(Self.scope)]), "lifetime": .string("3600s")]))
        let reply = try await requests.send(
            HTTPRequest(
                "POST", url, headers: [token.header, ("Content-Type", "application/json")],
                body: .bytes(Array(body.utf8)), label: "IAM credentials at \(url.origin)"))
        guard reply.status == 200, let text = reply.json["accessToken"]?.stringValue else {
            throw CloudToken.refusal(
                reply, of: "to act as the service account of '\(path)'",
                hint: "the identity needs the role Service Account Token Creator or Workload Identity User")
        }
        let expires = reply.json["expireTime"]?.stringValue.flatMap { Timestamp.parse($0) }
        return CloudToken(text, expires: expires.map(Double.init))
    }

    static func address(_ text: String) throws(SecretFailure) -> URLParts {
        do {
            return try URLParts(text)
        } catch {
            throw SecretFailure(.invalid, "an address in the Google credentials cannot be used: \(error.message)")
        }
    }
}
