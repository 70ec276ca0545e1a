import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Decryption by Google Cloud KMS (REST API version 1).
struct GoogleKeyManagement: Sendable {
    private let requests: SecretRequests
    private let credentials: GoogleCredentials

    init(_ requests: SecretRequests) {
        self.requests = requests
        credentials = GoogleCredentials(requests: requests)
    }

    /// The plaintext, whose checksum is verified.
    ///
    /// - Parameter key: `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
    func decrypt(_ sealed: [UInt8], key: String) async throws(SecretFailure) -> [UInt8] {
        let endpoint = requests.context.variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS")
        let base = try GoogleCredentials.address(endpoint ?? "https://cloudkms.googleapis.com")
        var url = try Self.segments(key).reduce(base.appending("v1")) { $0.appending($1) }
        url.path += ":decrypt"
        try requests.context.permit(host: url.hostName, port: url.effectivePort)
        let body = JSONWriter.text(.map(["ciphertext": .string(Base64.encode(sealed))]))
        var request = HTTPRequest(
            "POST", url, headers: [("Content-Type", "application/json")], body: .bytes(Array(body.utf8)),
            label: "Google Cloud KMS at \(url.origin)")
        if let project = try credentials.quotaProject() { request.set("X-Goog-User-Project", project) }
        let token = try await credentials.token().header
        request.set(token.0, token.1)
        let reply = try await requests.send(request)
        let what = "the key in Google Cloud KMS"
        guard reply.status == 200 else {
            throw GoogleFailure(reply).failure(of: what, may: "be used", role: "Cloud KMS CryptoKey Decrypter")
        }
        guard let text = reply.json["plaintext"]?.stringValue, let bytes = Base64.decode(Array(text.utf8)) else {
            throw SecretFailure(.unreachable, "what answers at \(url.origin) is not Google Cloud KMS")
        }
        if let sum = reply.json["plaintextCrc32c"]?.scalarText, sum != String(CRC32C.checksum(bytes)) {
            throw SecretFailure(
                .unreachable, "what \(what) decrypted was damaged on its way: its CRC32C differs", hint: "try again")
        }
        return bytes
    }

    private static func segments(_ key: String) throws(SecretFailure) -> [String] {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let kinds = stride(from: 0, to: parts.count, by: 2).map { parts[$0] }
        let names = stride(from: 1, to: parts.count, by: 2).map { parts[$0] }
        let areNames = names.allSatisfy { name in
            name != "" && name != "." && name != ".."
                && name.utf8.allSatisfy {
                    (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "-_.:".utf8.contains($0)
                }
        }
        guard kinds == ["projects", "locations", "keyRings", "cryptoKeys"], names.count == 4, areNames else {
            throw SecretFailure(
                .invalid, "it has no resource id of a key in Google Cloud KMS",
                hint: "as in projects/P/locations/L/keyRings/R/cryptoKeys/K")
        }
        return parts
    }
}
