import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Reading of Google Cloud Secret Manager (REST API version 1).
struct GoogleSecretManager: Sendable {
    /// What one read gets: a version of a secret.
    struct Key: SecretKey {
        var project: String
        var secret: String
        var version: String
        var location: String?

        init(_ reference: SecretReference) {
            project = String(reference.path.prefix { $0 != "/" })
            secret = String(reference.path.drop { $0 != "/" }.dropFirst())
            version = reference.options["version"] ?? "latest"
            location = reference.options["location"]
        }

        /// For messages.
        var place: String { "secret '\(secret)' of Google project '\(project)'" }
    }

    private let requests: SecretRequests
    private let credentials: GoogleCredentials

    init(_ requests: SecretRequests) {
        self.requests = requests
        credentials = GoogleCredentials(requests: requests)
    }

    /// The payload of a version, whose checksum is verified.
    func read(_ key: Key) async throws(SecretFailure) -> [UInt8] {
        let payload = try await ask(key, version: key.version, verb: ":access")["payload"]
        guard let text = payload?["data"]?.stringValue ?? (payload == nil ? nil : ""),
            let bytes = Base64.decode(Array(text.utf8))
        else { throw SecretFailure(.invalid, "the answer for \(key.place) holds no payload") }
        if let sum = payload?["dataCrc32c"]?.scalarText, sum != String(CRC32C.checksum(bytes)) {
            throw SecretFailure(
                .unreachable, "the payload of \(key.place) was damaged on its way: its CRC32C differs",
                hint: "try again")
        }
        return bytes
    }

    /// The metadata of a version and, where it may be read, of the secret.
    func probe(_ key: Key) async throws(SecretFailure) -> SecretProbe {
        let version = try await ask(key, version: key.version, verb: "")
        let number = version["name"]?.stringValue?.split(separator: "/").last.map(String.init) ?? key.version
        let state = version["state"]?.stringValue ?? ""
        guard state == "ENABLED" else {
            throw SecretFailure(
                state == "DESTROYED" ? .missing : .forbidden,
                "version \(number) of \(key.place) is \(state.lowercased())")
        }
        var probe = SecretProbe("version \(number)", version: number)
        if let time = version["createTime"]?.stringValue { probe.text += ", made \(time.prefix(10))" }
        // The role that may read values does not include the secret's own metadata.
        do throws(SecretFailure) {
            let secret = try await ask(key, version: nil, verb: "")
            if let time = secret["expireTime"]?.stringValue {
                probe.text += ", expires \(time.prefix(10))"
                probe.expires = Timestamp.parse(time.prefix(19) + "Z").map(Double.init)
            }
        } catch {
            guard error.reason == .forbidden else { throw error }
        }
        return probe
    }

    /// - Parameter version: nil asks for the secret itself.
    private func ask(_ key: Key, version: String?, verb: String) async throws(SecretFailure) -> Value {
        var url = try endpoint(key).appending("v1", "projects", key.project)
        if let location = key.location { url = url.appending("locations", location) }
        url = url.appending("secrets", key.secret)
        if let version { url = url.appending("versions", version) }
        url.path += verb
        var request = HTTPRequest("GET", url, label: "Google Secret Manager at \(url.origin)")
        if let project = try credentials.quotaProject() { request.set("X-Goog-User-Project", project) }
        let token = try await credentials.token().header
        request.set(token.0, token.1)
        let reply = try await requests.send(request)
        guard reply.status != 200 else {
            guard reply.json.mapValue != nil else {
                throw SecretFailure(.unreachable, "what answers at \(url.origin) is not Google Secret Manager")
            }
            return reply.json
        }
        throw Self.failure(reply, key, version)
    }

    private func endpoint(_ key: Key) throws(SecretFailure) -> URLParts {
        if let text = requests.context.variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER") {
            return try GoogleCredentials.address(text)
        }
        return try GoogleCredentials.address(
            key.location.map { "https://secretmanager.\($0).rep.googleapis.com" }
                ?? "https://secretmanager.googleapis.com")
    }

    private static func failure(_ reply: SecretRequests.Reply, _ key: Key, _ version: String?) -> SecretFailure {
        let answer = GoogleFailure(reply)
        let what = version.map { "version \($0) of \(key.place)" } ?? key.place
        if reply.status == 404 { return SecretFailure(.missing, "there is no \(what)") }
        if reply.status == 400, answer.state == "FAILED_PRECONDITION" {
            let isDestroyed = answer.words.contains("DESTROYED")
            return SecretFailure(isDestroyed ? .missing : .forbidden, "\(what) cannot be read\(answer.words)")
        }
        return answer.failure(of: what, may: "be read", role: "Secret Manager Secret Accessor")
    }
}
