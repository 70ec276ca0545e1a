import Crypto
import OpsCore
import OpsHTTP

/// AWS Signature Version 4 (AWS Identity and Access Management User Guide, "Create a signed AWS API request").
struct SignatureV4: Sendable {
    private static let algorithm = "AWS4-HMAC-SHA256"

    let credentials: AWSCredentials
    let region: String
    /// As the service signs: `secretsmanager`.
    let service: String

    /// `YYYYMMDD'T'HHMMSS'Z'`.
    let date: String

    /// - Parameter time: seconds since 1970.
    init(_ credentials: AWSCredentials, region: String, service: String, time: Double = Timestamp.now) {
        self.credentials = credentials
        self.region = region
        self.service = service
        date = Timestamp.iso8601(time).filter { $0 != "-" && $0 != ":" }
    }

    /// Adds `X-Amz-Date`, `X-Amz-Security-Token` and `Authorization`; all headers that are there are signed.
    ///
    /// The body must be bytes or empty, and the URL without user information.
    func sign(_ request: inout HTTPRequest) {
        request.set("X-Amz-Date", date)
        if let token = credentials.sessionToken { request.set("X-Amz-Security-Token", token) }
        var body: [UInt8] = []
        if case .bytes(let bytes) = request.body { body = bytes }
        let host = request.url.origin.drop { $0 != "/" }.dropFirst(2)
        let headers = request.headers + [("Host", String(host))]
        let canonical = Self.canonicalRequest(
            request.method, path: Self.normalized(request.url.path), query: request.url.query ?? "", headers: headers,
            payloadHash: Self.hash(body))
        request.set(
            "Authorization",
            "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope), "
                + "SignedHeaders=\(Self.signedHeaders(headers)), Signature=\(signature(of: stringToSign(canonical)))")
    }

    /// `date/region/service/aws4_request`.
    var scope: String { "\(date.prefix(8))/\(region)/\(service)/aws4_request" }

    /// What is hashed of a request.
    ///
    /// - Parameters:
    ///   - path: as it is sent; it is escaped once more, as all services but S3 want it.
    ///   - query: as it is sent, without the question mark.
    ///   - headers: those to be signed.
    ///   - payloadHash: of the body, lower-case hexadecimal.
    static func canonicalRequest(
        _ method: String, path: String, query: String, headers: [(String, String)], payloadHash: String
    ) -> String {
        var lines = [method, PercentEncoding.encode(path, allowing: "/"), canonicalQuery(query)]
        for name in names(headers) {
            let values = headers.filter { $0.0.lowercased() == name }.map { header in
                header.1.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
            }
            lines.append(name + ":" + values.joined(separator: ","))
        }
        return (lines + ["", signedHeaders(headers), payloadHash]).joined(separator: "\n")
    }

    static func signedHeaders(_ headers: [(String, String)]) -> String { names(headers).joined(separator: ";") }

    func stringToSign(_ canonicalRequest: String) -> String {
        [Self.algorithm, date, scope, Self.hash(Array(canonicalRequest.utf8))].joined(separator: "\n")
    }

    func signature(of text: String) -> String {
        var key = SymmetricKey(data: Array(("AWS4" + credentials.secretAccessKey).utf8))
        for part in [String(date.prefix(8)), region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return hexadecimal(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    static func hash(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

    /// The path without `.` and `..` segments and repeated slashes.
    static func normalized(_ path: String) -> String {
        var kept: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." { _ = kept.popLast() } else { kept.append(segment) }
        }
        let isFolder = path.hasSuffix("/") || path.hasSuffix("/.") || path.hasSuffix("/..")
        return "/" + kept.joined(separator: "/") + (isFolder && !kept.isEmpty ? "/" : "")
    }

    private static func names(_ headers: [(String, String)]) -> [String] {
        Set(headers.map { $0.0.lowercased() }).sorted()
    }

    private static func canonicalQuery(_ query: String) -> String {
        func escaped(_ text: Substring?) -> String {
            guard let text else { return "" }
            return PercentEncoding.encode(
                PercentEncoding.decode(text).map { String(decoding: $0, as: UTF8.self) } ?? String(text))
        }
        let pairs = query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (escaped(parts.first), escaped(parts.count > 1 ? parts[1] : nil))
        }
        return pairs.sorted { $0 < $1 }.map { $0.0 + "=" + $0.1 }.joined(separator: "&")
    }
}
