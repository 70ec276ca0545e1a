import HTTPTestServer
import OpsCore
import Synchronization

/// A stand-in for Vault with the answers its API documents and a real one gave, the odd ones too.
///
/// The token `root-s3cret` may do all, `narrow-s3cret` only read `secret/ci/registry`, and so may not revoke leases;
/// tokens that logins make may do all.
final class VaultDouble: Sendable {
    /// How it treats those who come.
    struct Manner: Sendable {
        /// In seconds, of the tokens that logins make.
        var loginDuration = 3600
        var isLoginRenewable = true
        var isLoginBatch = false
        /// After how many requests such a token is spent; for the first login only.
        var uses: Int?
        /// In seconds.
        var leaseDuration = 3600
        var isLeaseRenewable = true
        /// How many renewals fail before one succeeds.
        var failingRenewals = 0
        /// The time of renewed leases; nil is `leaseDuration`.
        var renewedDuration: Int?
    }

    struct Token {
        var accessor: String?
        var isRoot = false
        var uses: Int?
        var isDead = false
        /// Of which token its end is the end.
        var parent: String?
    }

    struct Lease {
        var token: String
        var renewals = 0
        var isRevoked = false
    }

    struct Wrapped {
        var path: String
        var body: String
        var isOpened = false
    }

    struct State {
        var manner: Manner
        var first: [Answer]
        var tokens: [String: Token] = [
            "root-s3cret": Token(accessor: "root-accessor", isRoot: true), "narrow-s3cret": Token(accessor: "narrow"),
        ]
        var leases: [String: Lease] = [:]
        var wrapped: [String: Wrapped] = [:]
        var made = 0
    }

    private let stateBox: StateBox
    let server: HTTPTestServer

    final class StateBox: Sendable {
        let state: Mutex<State>

        init(_ state: State) { self.state = Mutex(state) }
    }

    /// - Parameter first: answers given before any other, one a request.
    init(
        _ manner: Manner = Manner(), first: [Answer] = [], tls: (certificate: String, key: String)? = nil,
        clientAuthority: String? = nil
    ) async throws {
        let box = StateBox(State(manner: manner, first: first))
        stateBox = box
        server = try await HTTPTestServer(tls: tls, clientAuthority: clientAuthority) { request in
            box.state.withLock { state in
                state.first.isEmpty ? Self.answer(request, &state) : state.first.removeFirst()
            }
        }
    }

    var environment: [String: String] { ["VAULT_ADDR": server.url, "VAULT_TOKEN": "root-s3cret"] }
    var paths: [String] { server.requests.map(\.target) }

    func count(_ path: String) -> Int { paths.filter { $0.hasPrefix("/v1/" + path) }.count }

    /// Names of leases that are still there.
    var livingLeases: [String] { with { $0.leases.filter { !$0.value.isRevoked }.keys.sorted() } }

    /// Accessors of tokens that logins made and that still live.
    var livingLogins: [String] {
        with {
            $0.tokens.values.filter { !$0.isDead }.compactMap(\.accessor).filter { $0.hasPrefix("login-") }.sorted()
        }
    }

    func with<T: Sendable>(_ body: (inout State) -> T) -> T { stateBox.state.withLock { body(&$0) } }

    /// Ends every token that a login made, as if its time were over.
    func endLogins() {
        with { state in
            for key in state.tokens.keys where key.hasPrefix("login-") { state.tokens[key]?.isDead = true }
        }
    }

    /// A wrapping token that a request to the path made.
    func wrap(_ path: String, _ body: String) -> String {
        with { $0.wrap(path, body) }
    }

    private static func answer(_ request: ServedRequest, _ state: inout State) -> Answer {
        guard request.header("x-vault-request") == "true" else { return .json(412, "{}") }
        let path = String(request.path.dropFirst("/v1/".count))
        if let answer = open(path, request, &state) { return answer }
        guard let name = request.header("x-vault-token") else {
            return .json(400, #"{"errors":["missing client token"]}"#)
        }
        guard var token = state.tokens[name], !token.isDead else {
            return .json(403, #"{"errors":["permission denied for \#(name)"]}"#)
        }
        if let uses = token.uses {
            token.uses = uses - 1
            token.isDead = uses <= 1
            state.tokens[name] = token
        }
        let isNarrow = name == "narrow-s3cret"
        var answer = known(path, request, name, isNarrow, &state)
        guard let time = request.header("x-vault-wrap-ttl"), case .response(200, _, let body) = answer else {
            return answer
        }
        let wrapping = state.wrap(path, String(decoding: body, as: UTF8.self))
        answer = .json(
            200,
            #"{"data":null,"wrap_info":{"token":"\#(wrapping)","ttl":\#(time.filter(\.isNumber)),"creation_path":"\#(path)"}}"#
        )
        return answer
    }

    private static func known(
        _ path: String, _ request: ServedRequest, _ token: String, _ isNarrow: Bool, _ state: inout State
    ) -> Answer {
        if path.hasPrefix("sys/internal/ui/mounts/") {
            return mount(String(path.dropFirst("sys/internal/ui/mounts/".count)), isNarrow: isNarrow)
        }
        if path == "sys/capabilities-self" { return capabilities(request, isNarrow: isNarrow) }
        if path == "auth/token/lookup-self" {
            return .json(200, #"{"data":{"ttl":\#(isNarrow ? 7200 : 0),"renewable":false}}"#)
        }
        if let answer = tokens(path, request, token, &state) { return answer }
        if isNarrow, path != "secret/data/ci/registry" {
            return .json(403, #"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#)
        }
        return leases(path, request, token, &state) ?? read(path, request)
    }

    private static func capabilities(_ request: ServedRequest, isNarrow: Bool) -> Answer {
        guard isNarrow, !request.bodyText.contains("secret/data/ci/registry") else {
            return .json(200, #"{"capabilities":["read","update"],"x":["read","update"]}"#)
        }
        let path = request.bodyText.split(separator: "\"").dropFirst(2).first { $0.count > 4 } ?? ""
        return .json(200, #"{"capabilities":["deny"],"\#(path)":["deny"]}"#)
    }
}
