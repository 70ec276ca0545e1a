import OpsCore
import OpsHTTP
import TestKit
import Testing

@testable import SecretsPlugin

/// The suite of AWS's own client (aws-c-auth): each folder holds a request and what it signs to, in its headers and in
/// its query.
struct SignatureV4Tests {
    @Test(.enabled(if: vectorsFolder != nil, "OPS_TEST_VECTORS is not set and ../shared/vectors is not there"))
    func signsAllRequestsOfTheSuite() throws {
        let names = try run(["ls", try #require(vectorsFolder) + "/sigv4"]).text.split(separator: "\n")
        #expect(names.count == 38)
        for name in names {
            let vector = try Vector(String(name))
            for isQuery in [false, true] {
                let prefix = isQuery ? "query" : "header"
                let canonical = vector.canonicalRequest(isQuery: isQuery)
                let text = vector.signature.stringToSign(canonical)
                #expect(try canonical == vector.text(prefix + "-canonical-request.txt"), "\(name), \(prefix)")
                #expect(try text == vector.text(prefix + "-string-to-sign.txt"), "\(name), \(prefix)")
                #expect(
                    try vector.signature.signature(of: text) == vector.text(prefix + "-signature.txt"),
                    "\(name), \(prefix)")
            }
        }
    }

    @Test(
        .enabled(if: vectorsFolder != nil, "OPS_TEST_VECTORS is not set and ../shared/vectors is not there"),
        arguments: [
            "get-vanilla", "get-vanilla-with-session-token", "get-relative-normalized",
            "get-vanilla-query-order-encoded",
            "post-header-key-sort", "get-header-value-trim",
        ])
    func signedRequestsHoldTheHeadersOfTheSuite(_ name: String) throws {
        let vector = try Vector(name)
        var request = HTTPRequest(
            vector.method, try URLParts("https://example.amazonaws.com" + vector.target),
            headers: vector.headers.filter { $0.0 != "Host" })
        vector.signature.sign(&request)
        let lines = request.headers.map { "\($0.0):\($0.1)" }
        for line in try vector.text("header-signed-request.txt").split(separator: "\n").dropFirst()
        where line.hasPrefix("X-Amz") || line.hasPrefix("Authorization") {
            #expect(lines.contains(String(line)))
        }
        #expect(request.header("authorization") != nil)
    }

    @Test func anotherPortIsPartOfTheSignedHost() throws {
        let credentials = AWSCredentials(accessKeyID: "A", secretAccessKey: "B", source: "")
        let signed = try ["https://a.example", "https://a.example:443", "https://a.example:444"].map { url in
            var request = HTTPRequest("POST", try URLParts(url), body: .bytes([1]))
            SignatureV4(credentials, region: "r", service: "s", time: 0).sign(&request)
            return request.header("authorization")
        }
        #expect(signed[0] == signed[1])
        #expect(signed[0] != signed[2])
    }
}

/// One folder of the suite.
private struct Vector {
    let folder: String
    let context: Value
    let method: String
    let target: String
    let headers: [(String, String)]
    let body: [UInt8]

    init(_ name: String) throws {
        folder = try #require(vectorsFolder) + "/sigv4/" + name
        context = try JSONReader.value(readAll(folder + "/context.json"))
        let text = String(decoding: try readAll(folder + "/request.txt"), as: UTF8.self)
        let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        var lines = parts[0].split(separator: "\n")
        let first = lines.removeFirst()
        method = String(first.prefix { $0 != " " })
        target = String(first.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count))
        var headers: [(String, String)] = []
        for line in lines {
            if line.hasPrefix(" ") {
                headers[headers.count - 1].1 += "\n" + line
            } else {
                let colon = try #require(line.firstIndex(of: ":"))
                headers.append((String(line[..<colon]), String(line[line.index(after: colon)...])))
            }
        }
        self.headers = headers
        body = parts.count > 1 ? Array(parts[1].utf8) : []
    }

    func text(_ file: String) throws -> String { String(decoding: try readAll(folder + "/" + file), as: UTF8.self) }

    private var token: String? {
        context["omit_session_token"]?.booleanValue == true ? nil : context["credentials"]?["token"]?.stringValue
    }

    var signature: SignatureV4 {
        let credentials = context["credentials"]
        let time = context["timestamp"]?.stringValue.flatMap { Timestamp.parse($0) } ?? 0
        return SignatureV4(
            AWSCredentials(
                accessKeyID: credentials?["access_key_id"]?.stringValue ?? "",
                secretAccessKey: credentials?["secret_access_key"]?.stringValue ?? "", sessionToken: token,
                source: ""),
            region: context["region"]?.stringValue ?? "", service: context["service"]?.stringValue ?? "",
            time: Double(time))
    }

    func canonicalRequest(isQuery: Bool) -> String {
        let path = String(target.prefix { $0 != "?" })
        var query = String(target.drop { $0 != "?" }.dropFirst())
        var headers = headers
        let hash = SignatureV4.hash(body)
        if isQuery {
            let id = context["credentials"]?["access_key_id"]?.stringValue ?? ""
            var items = [
                ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(id)/\(signature.scope)"),
                ("X-Amz-Date", signature.date), ("X-Amz-SignedHeaders", SignatureV4.signedHeaders(headers)),
                ("X-Amz-Expires", context["expiration_in_seconds"]?.scalarText ?? ""),
            ]
            if let token { items.append(("X-Amz-Security-Token", token)) }
            let text = items.map { $0.0 + "=" + PercentEncoding.encode($0.1) }
            query = ([query] + text).filter { !$0.isEmpty }.joined(separator: "&")
        } else {
            headers.append(("X-Amz-Date", signature.date))
            if let token { headers.append(("X-Amz-Security-Token", token)) }
            if context["sign_body"]?.booleanValue == true { headers.append(("x-amz-content-sha256", hash)) }
        }
        let isNormalized = context["normalize"]?.booleanValue == true
        return SignatureV4.canonicalRequest(
            method, path: isNormalized ? SignatureV4.normalized(path) : path, query: query, headers: headers,
            payloadHash: hash)
    }
}
