import Glibc
import OpsCore
import TestKit

extension RealVault {
    /// A PostgreSQL server of Debian's on a free port of loopback, in which the real server makes users.
    final class Database: Sendable {
        let port: Int
        private let pid: pid_t
        private let folder: TemporaryFolder

        static let isThere: Bool = !programs.isEmpty

        /// The folder of the newest version's programs.
        private static let programs: String = {
            let text =
                (try? run(["sh", "-c", "ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1"]).text) ?? ""
            return String(text.prefix { $0 != "\n" })
        }()

        init() throws {
            folder = try TemporaryFolder()
            port = Int(try freePort())
            let data = folder.path + "/data"
            // It refuses to run as root.
            let isRoot = getuid() == 0
            let user = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
            if isRoot { try run(["chown", "postgres", folder.path]) }
            try folder.write("password", "admin-s3cret\n")
            let made = try run(
                user + [
                    Self.programs + "/initdb", "-D", data, "-U", "admin", "-A", "scram-sha-256", "--no-sync",
                    "--pwfile=\(folder.path)/password",
                ])
            guard made.status == 0 else { throw OpsError(.command, made.errorText) }
            let log = open(try folder.write("log", ""), O_RDWR | O_CLOEXEC)
            let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
            defer { [log, input].forEach { Glibc.close($0) } }
            pid = try spawn(
                user + [
                    Self.programs + "/postgres", "-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder.path,
                    "-F",
                ], streams: [input, log, log])
        }

        deinit {
            kill(pid, SIGQUIT)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }

        /// Whether somebody may log in.
        func admits(_ user: String, _ password: String) throws -> Bool {
            try run(
                ["psql", "-h", "127.0.0.1", "-p", String(port), "-U", user, "-d", "postgres", "-Atc", "select 1"],
                environment: ["PGPASSWORD": password]
            ).status == 0
        }

        /// Tells the server of it; gives the path of credentials.
        func connect(_ caller: Caller, _ mark: String) async throws -> String {
            guard try await eventually({ try admits("admin", "admin-s3cret") }) else {
                throw OpsError(.timeout, "the database does not get ready")
            }
            let mount = mark + "/database"
            try await caller.post("sys/mounts/\(mount)", #"{"type":"database"}"#)
            try await caller.post(
                "\(mount)/config/main",
                #"{"plugin_name":"postgresql-database-plugin","allowed_roles":"ci","username":"admin","#
                    + #""password":"admin-s3cret","connection_url":"#
                    + #""postgresql://{{username}}:{{password}}@127.0.0.1:\#(port)/postgres?sslmode=disable"}"#)
            try await caller.post(
                "\(mount)/roles/ci",
                #"{"db_name":"main","default_ttl":"1h","max_ttl":"24h","creation_statements":["#
                    + #""CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}'"]}"#)
            return mount + "/creds/ci"
        }
    }

    /// Whether the database admits somebody.
    func admits(_ user: String, _ password: String) throws -> Bool { try database?.admits(user, password) ?? false }
}
