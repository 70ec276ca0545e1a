import Crypto
import Glibc
import OpsCore
import OpsHTTP
import OrderedCollections
import TestKit

@testable import SecretsPlugin

/// A real Vault or OpenBao: the one that `OPS_TEST_VAULT_ADDR` and `OPS_TEST_VAULT_TOKEN` name, else a development
/// server of the `bao` or `vault` program (that of .build/test-tools first), which ends with the last reference.
final class RealVault: VaultPlace {
    let address: String
    let rootToken: String
    let kv2: String
    let kv1: String
    let logins: [String: [String: String]]
    let dynamic: String?
    /// Names what this one prepared.
    let mark: String
    private let program: Program?
    let database: Database?

    /// A development server.
    final class Program: Sendable {
        let port: Int
        private let pid: pid_t
        private let folder: TemporaryFolder

        /// The first of these that there is.
        static let path: String? = {
            let names = [projectFolder + "/.build/test-tools/bin/bao", "bao", "vault"]
            let found = names.lazy.compactMap { name in
                try? run(["sh", "-c", "command -v \"$0\"", name]).text.split(separator: "\n").first
            }
            return found.first.map { String($0) }
        }()

        init?() throws {
            guard let path = Self.path else { return nil }
            folder = try TemporaryFolder()
            port = Int(try freePort())
            let log = open(try folder.write("log", ""), O_RDWR | O_CLOEXEC)
            let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
            defer { [log, input].forEach { Glibc.close($0) } }
            pid = try spawn(
                [
                    "env", "HOME=\(folder.path)", path, "server", "-dev", "-dev-no-store-token",
                    "-dev-root-token-id=root-s3cret", "-dev-listen-address=127.0.0.1:\(port)",
                ], streams: [input, log, log])
        }

        deinit {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }

        var hasEnded: Bool {
            var state = siginfo_t()
            return waitid(P_PID, id_t(pid), &state, WEXITED | WNOHANG | WNOWAIT) != 0 || state.si_signo != 0
        }

        /// One that answers. The port that was free, or the next one, may be another's meanwhile: then it ends at once.
        static func started() async throws -> Program {
            for _ in 0..<10 {
                guard let program = try Program() else { throw OpsError(.unavailable, "there is no bao program") }
                let caller = Caller(address: "http://127.0.0.1:\(program.port)", token: "")
                if try await eventually({ if program.hasEnded { true } else { await caller.isReady } }),
                    !program.hasEnded
                {
                    return program
                }
            }
            throw OpsError(.timeout, "the server does not get ready")
        }
    }

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// True where the suite can run against one.
    static let isThere = variable("OPS_TEST_VAULT_ADDR") != nil || Program.path != nil

    /// - Parameter needsDatabase: whether credentials of a PostgreSQL server are wanted.
    init(needsDatabase: Bool = false) async throws {
        if let given = Self.variable("OPS_TEST_VAULT_ADDR"), let token = Self.variable("OPS_TEST_VAULT_TOKEN") {
            (program, address, rootToken) = (nil, given, token)
        } else {
            let started = try await Program.started()
            (program, address, rootToken) = (started, "http://127.0.0.1:\(started.port)", "root-s3cret")
        }
        mark = "ops-test-" + String(UInt32.random(in: 0 ... .max), radix: 36)
        (kv2, kv1) = (mark + "/kv2", mark + "/kv1")
        let caller = Caller(address: address, token: rootToken)
        try await Self.fillEngines(caller, kv2: kv2, kv1: kv1)
        logins = try await Self.prepareLogins(caller, mark)
        database = needsDatabase ? try Database() : nil
        if let database { dynamic = try await database.connect(caller, mark) } else { dynamic = nil }
    }

    private static func fillEngines(_ caller: Caller, kv2: String, kv1: String) async throws {
        try await caller.post("sys/mounts/\(kv2)", #"{"type":"kv","options":{"version":"2"}}"#)
        try await caller.post("sys/mounts/\(kv1)", #"{"type":"kv","options":{"version":"1"}}"#)
        // A mount of version 2 prepares itself for a moment.
        try await caller.post("\(kv2)/data/ci/registry", #"{"data":{"password":"first-s3cret"}}"#)
        try await caller.post("\(kv2)/data/ci/registry", #"{"data":{"password":"second-s3cret"}}"#)
        try await caller.post("\(kv2)/delete/ci/registry", #"{"versions":[2]}"#)
        try await caller.post(
            "\(kv2)/data/ci/registry", #"{"data":{"password":"pa55-s3cret","user":"bob","a.b":"dotted","empty":""}}"#)
        try await caller.post("\(kv1)/ci", #"{"password":"old-s3cret","ttl":"30m"}"#)
    }

    private static func prepareLogins(_ caller: Caller, _ mark: String) async throws -> [String: [String: String]] {
        let policy = #"path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\"] }"#
        try await caller.post("sys/policies/acl/\(mark)", #"{"policy":"\#(policy)"}"#)
        for method in ["approle", "userpass", "jwt"] {
            try await caller.post("sys/auth/\(mark)/\(method)", #"{"type":"\#(method)"}"#)
        }
        try await caller.post("auth/\(mark)/approle/role/ci", #"{"token_policies":["\#(mark)"],"token_ttl":"1h"}"#)
        let role = try await caller.get("auth/\(mark)/approle/role/ci/role-id")["data"]?["role_id"]?.stringValue
        let secret = try await caller.post("auth/\(mark)/approle/role/ci/secret-id", "{}")["data"]?["secret_id"]
        try await caller.post(
            "auth/\(mark)/userpass/users/bob", #"{"password":"password-s3cret","token_policies":["\#(mark)"]}"#)
        let key = P256.Signing.PrivateKey()
        let pem = key.publicKey.pemRepresentation.split(separator: "\n").joined(separator: "\\n")
        try await caller.post("auth/\(mark)/jwt/config", #"{"jwt_validation_pubkeys":["\#(pem)"]}"#)
        try await caller.post(
            "auth/\(mark)/jwt/role/ci",
            #"{"role_type":"jwt","user_claim":"sub","bound_audiences":["https://vault.example"],"#
                + #""bound_claims":{"repository":"team/app"},"token_policies":["\#(mark)"]}"#)
        return [
            "approle": [
                "VAULT_ROLE_ID": role ?? "", "VAULT_SECRET_ID": secret?.stringValue ?? "",
                "VAULT_AUTH_PATH": mark + "/approle",
            ],
            "userpass": [
                "VAULT_USERNAME": "bob", "VAULT_PASSWORD": "password-s3cret", "VAULT_AUTH_PATH": mark + "/userpass",
            ],
            "jwt": [
                "VAULT_AUTH_ROLE": "ci", "VAULT_ID_TOKEN": try jwt(key), "VAULT_AUTH_PATH": mark + "/jwt",
            ],
        ]
    }

    /// A token as GitHub signs them, but by another algorithm.
    private static func jwt(_ key: P256.Signing.PrivateKey) throws -> String {
        func coded(_ bytes: [UInt8]) -> String {
            Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        let now = Int(Timestamp.now)
        let text =
            coded(Array(#"{"alg":"ES256","typ":"JWT"}"#.utf8)) + "."
            + coded(
                Array(
                    #"{"sub":"repo:team/app","aud":"https://vault.example","repository":"team/app","#.utf8)
                    + Array(#""iat":\#(now),"nbf":\#(now - 5),"exp":\#(now + 300)}"#.utf8))
        return try text + "." + coded(Array(key.signature(for: Array(text.utf8)).rawRepresentation))
    }

    private var caller: Caller { Caller(address: address, token: rootToken) }

    func call(_ path: String, _ body: String) async throws { try await caller.post(path, body) }

    func lives(lease id: String) async throws -> Bool {
        try await caller.status("sys/leases/lookup", #"{"lease_id":"\#(id)"}"#) == 200
    }

    func wasRenewed(lease id: String) async throws -> Bool {
        let lease = try await caller.post("sys/leases/lookup", #"{"lease_id":"\#(id)"}"#)
        return lease["data"]?["last_renewal"]?.stringValue != nil
    }

    func lives(accessor: String) async throws -> Bool {
        try await caller.status("auth/token/lookup-accessor", #"{"accessor":"\#(accessor)"}"#) == 200
    }

    func wrappedSecretID() async throws -> String {
        let reply = try await caller.post("auth/\(mark)/approle/role/ci/secret-id", "{}", wrapTTL: "60s")
        return reply["wrap_info"]?["token"]?.stringValue ?? ""
    }

    func endLogins() async throws {
        for method in logins.keys { try await caller.post("sys/leases/revoke-prefix/auth/\(mark)/\(method)", "{}") }
    }

    func close() async throws {
        guard program == nil else { return }
        for path in ["sys/mounts/\(kv2)", "sys/mounts/\(kv1)"] { _ = try await caller.status(path, nil, "DELETE") }
        for path in logins.keys.map({ "sys/auth/\(mark)/\($0)" }) + ["sys/mounts/\(mark)/database"] {
            _ = try await caller.status(path, nil, "DELETE")
        }
        _ = try await caller.status("sys/policies/acl/\(mark)", nil, "DELETE")
    }
}
