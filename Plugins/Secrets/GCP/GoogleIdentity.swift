import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Identities that something outside Google vouches for, or the machine itself.
extension GoogleCredentials {
    /// The token exchange (RFC 8693) for a workload identity's own token.
    func subject(
        of file: Value, path: String, audience: String
    ) async throws(SecretFailure) -> [(String, String)] {
        let token = try await subjectToken(file["credential_source"] ?? .null, path: path)
        context.session.mask("workload identity token", Array(token.utf8))
        return [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("audience", audience),
            ("scope", Self.scope), ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token", token),
            ("subject_token_type", file["subject_token_type"]?.stringValue ?? "urn:ietf:params:oauth:token-type:jwt"),
        ]
    }

    /// The token in the file or at the address that the credentials name.
    private func subjectToken(_ source: Value, path: String) async throws(SecretFailure) -> String {
        let content: [UInt8]
        if let file = source["file"]?.stringValue {
            content = try TokenFile.bytes(file, source: "credential_source in '\(path)'")
        } else if let text = source["url"]?.stringValue {
            let url = try Self.address(text)
            let headers = (source["headers"]?.mapValue ?? [:]).compactMap { name, value in
                value.scalarText.map { (name, $0) }
            }
            let reply = try await requests.send(
                HTTPRequest("GET", url, headers: headers, label: "the identity provider at \(url.origin)"))
            guard reply.status == 200 else {
                throw SecretFailure(
                    reply.status < 500 && reply.status != 429 ? .forbidden : .unreachable,
                    "the identity provider at \(url.origin) answered \(reply.status)")
            }
            content = reply.body
        } else {
            let kind = ["environment_id", "executable", "certificate"].first { source[$0] != nil }
            throw SecretFailure(
                .invalid,
                "credential_source in '\(path)' has '\(kind ?? "neither file nor url")', which ops does not read",
                hint: "use a source of type file or url")
        }
        var text = String(decoding: content, as: UTF8.self)
        if source["format"]?["type"]?.stringValue == "json" {
            let name = source["format"]?["subject_token_field_name"]?.stringValue ?? "access_token"
            guard let token = (try? JSONReader.value(content))?[name]?.stringValue else {
                throw SecretFailure(
                    .invalid, "the workload identity's token of '\(path)' is not in JSON field '\(name)'")
            }
            text = token
        }
        let words = text.split { $0.isWhitespace || $0.isNewline }
        guard words.count == 1 else {
            throw SecretFailure(.invalid, "what credential_source in '\(path)' names holds no token")
        }
        return String(words[0])
    }

    /// The service account of the machine (Compute Engine, GKE, Cloud Run), at `GCE_METADATA_HOST` or its usual name.
    func fromMetadata() async throws(SecretFailure) -> CloudToken {
        if context.variable("NO_GCE_CHECK")?.lowercased() == "true" {
            throw SecretFailure(.forbidden, "NO_GCE_CHECK turns the metadata service off")
        }
        let host = context.variable("GCE_METADATA_HOST") ?? "metadata.google.internal"
        let url = try Self.address(
            "http://\(host)/computeMetadata/v1/instance/service-accounts/default/token")
        let name = "the Google metadata service at \(url.origin)"
        let reply = try await requests.send(
            HTTPRequest("GET", url, headers: [("Metadata-Flavor", "Google")], label: name), to: .metadata)
        guard reply.status == 200, reply.response.header("metadata-flavor") == "Google",
            let token = CloudToken(reply.json)
        else {
            throw SecretFailure(
                reply.status >= 500 ? .unreachable : .forbidden, "\(name) gave no token (\(reply.status))",
                hint: "has the machine a service account?")
        }
        return token
    }
}
