import HTTPTestServer
import Synchronization

/// A stand-in for Vault with the answers its API documents and a real one gave, the odd ones too.
///
/// `secret` is KV version 2, `old` KV version 1, `team/kv` a mount of two segments, `pki` another engine. The token
/// `root-s3cret` may do all, `narrow-s3cret` only read `secret/ci/registry`.
final class VaultDouble: Sendable {
    let server: HTTPTestServer

    /// - Parameter first: answers given before any other, one a request.
    init(first: [Answer] = [], tls: (certificate: String, key: String)? = nil) async throws {
        let queue = Queue(first)
        server = try await HTTPTestServer(tls: tls) { queue.next() ?? Self.answer($0) }
    }

    var environment: [String: String] { ["VAULT_ADDR": server.url, "VAULT_TOKEN": "root-s3cret"] }
    var paths: [String] { server.requests.map(\.target) }

    private final class Queue: Sendable {
        private let answers: Mutex<[Answer]>

        init(_ answers: [Answer]) { self.answers = Mutex(answers) }

        func next() -> Answer? { answers.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    private static let nothing = Answer.json(404, #"{"errors":[]}"#)
    private static let denied = Answer.json(403, #"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#)

    private static func answer(_ request: ServedRequest) -> Answer {
        guard let token = request.header("x-vault-token") else {
            return .json(400, #"{"errors":["missing client token"]}"#)
        }
        guard request.header("x-vault-request") == "true" else { return .json(412, "{}") }
        guard token == "root-s3cret" || token == "narrow-s3cret" else {
            return .json(403, #"{"errors":["permission denied for \#(token)"]}"#)
        }
        let path = String(request.path.dropFirst("/v1/".count))
        if path.hasPrefix("sys/internal/ui/mounts/") {
            return mount(String(path.dropFirst("sys/internal/ui/mounts/".count)), token)
        }
        if path == "sys/capabilities-self" {
            guard token == "root-s3cret" || request.bodyText.contains("secret/data/ci/registry") else {
                let path = request.bodyText.split(separator: "\"").dropFirst(2).first { $0.count > 4 } ?? ""
                return .json(200, #"{"capabilities":["deny"],"\#(path)":["deny"]}"#)
            }
            return .json(200, #"{"capabilities":["read"],"x":["read"]}"#)
        }
        if token == "narrow-s3cret", path != "secret/data/ci/registry" { return denied }
        return read(path, request)
    }

    private static func mount(_ path: String, _ token: String) -> Answer {
        func reply(_ mount: String, _ type: String, _ options: String) -> Answer {
            .json(200, #"{"data":{"path":"\#(mount)/","type":"\#(type)","options":\#(options)}}"#)
        }
        if token == "narrow-s3cret", path != "secret/ci/registry" {
            return .json(
                403,
                #"{"errors":["preflight capability check returned 403, please ensure client's policies grant access to path \"\#(path)/\""]}"#
            )
        }
        if path.hasPrefix("secret/") { return reply("secret", "kv", #"{"version":"2"}"#) }
        if path.hasPrefix("secretv1/") || path.hasPrefix("old/") {
            return reply(String(path.prefix { $0 != "/" }), "kv", "null")
        }
        if path.hasPrefix("team/kv/") { return reply("team/kv", "kv", #"{"version":"2"}"#) }
        if path.hasPrefix("pki/") { return reply("pki", "pki", "null") }
        return .json(
            403,
            #"{"errors":["preflight capability check returned 403, please ensure client's policies grant access to path \"\#(path)/\""]}"#
        )
    }

    private static func read(_ path: String, _ request: ServedRequest) -> Answer {
        switch request.target.dropFirst("/v1/".count) {
        case "secret/data/ci/registry":
            return .json(
                200,
                """
                {"data":{"data":{"password":"pa55-s3cret","user":"bob","id":12345678901234567890,"a.b":"dotted",
                "a":{"b":"nested","c":{"d":"deep"}},"empty":"","null":null,"coded":"aGk=","list":[1,"two"],"on":true},
                "metadata":{"version":3,"created_time":"2026-01-31T10:00:00Z","deletion_time":"","destroyed":false}}}
                """)
        case "secret/data/ci/registry?version=1":
            return .json(200, #"{"data":{"data":{"password":"first-s3cret"},"metadata":{"version":1}}}"#)
        case "secret/data/ci/registry?version=2":
            return .json(
                404,
                #"{"data":{"data":null,"metadata":{"version":2,"deletion_time":"2026-02-01T10:00:00Z","destroyed":false}}}"#
            )
        case "secret/data/gone":
            return .json(404, #"{"data":{"data":null,"metadata":{"version":7,"deletion_time":"","destroyed":true}}}"#)
        case "secret/metadata/ci/registry":
            return .json(
                200,
                """
                {"data":{"current_version":3,"versions":{"1":{"created_time":"2026-01-01T10:00:00Z","deletion_time":"","destroyed":false},
                "2":{"created_time":"2026-01-02T10:00:00Z","deletion_time":"2026-02-01T10:00:00Z","destroyed":false},
                "3":{"created_time":"2026-01-31T10:00:00Z","deletion_time":"","destroyed":false}}}}
                """)
        case "secret/ci/registry":
            return .json(404, #"{"errors":[],"warnings":["Invalid path for a versioned K/V secrets engine."]}"#)
        case "team/kv/data/app%20one":
            return .json(200, #"{"data":{"data":{"key":"team-s3cret"},"metadata":{"version":1}}}"#)
        case "old/ci":
            return .json(200, #"{"lease_id":"","lease_duration":1800,"data":{"password":"old-s3cret","ttl":"30m"}}"#)
        case "secretv1/x": return .json(200, #"{"data":{"k":"v1-s3cret"}}"#)
        default:
            return path.hasPrefix("nowhere/") ? .json(404, #"{"errors":["no handler for route 'nowhere/'"]}"#) : nothing
        }
    }
}
