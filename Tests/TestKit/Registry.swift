import Glibc
import OpsCore

/// A real registry (Debian's docker-registry) on a free loopback port, stopped when the last reference goes.
package final class Registry: Sendable {
    package enum Option: Sendable {
        /// Asks for user `ops`, password `s3cret-pass`.
        case password
        /// Speaks TLS with a certificate of its own; see `certificate`.
        case tls
        case readOnly
    }

    package static let username = "ops"
    package static let password = "s3cret-pass"

    /// `127.0.0.1:PORT`.
    package let host: String
    /// The certificate that clients must trust, where it speaks TLS.
    package let certificate: String?
    /// The folder that it keeps its content in.
    package var storage: String { folder.path + "/storage" }
    private let pid: pid_t
    private let folder: TemporaryFolder

    package init(_ options: Option...) throws {
        folder = try TemporaryFolder()
        let log = open(folder.path + "/log", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw OpsError(.system, "the registry's log: errno \(errno)") }
        defer { close(log) }
        var config = """
            version: 0.1
            log: { accesslog: { disabled: false }, level: info }
            storage:
              filesystem: { rootdirectory: \(folder.path)/storage }
              delete: { enabled: true }

            """
        if options.contains(where: { if case .readOnly = $0 { true } else { false } }) {
            config += "  maintenance: { readonly: { enabled: true } }\n"
        }
        // The system chooses the port, so that nobody else can have taken it meanwhile; the log tells it.
        config += "http:\n  addr: 127.0.0.1:0\n"
        var certificate: String?
        if options.contains(where: { if case .tls = $0 { true } else { false } }) {
            let path = folder.path + "/ca.crt"
            let made = try run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                folder.path + "/key.pem", "-out", path,
            ])
            guard made.status == 0 else { throw OpsError(.command, made.errorText) }
            config += "  tls: { certificate: \(path), key: \(folder.path)/key.pem }\n"
            certificate = path
        }
        self.certificate = certificate
        if options.contains(where: { if case .password = $0 { true } else { false } }) {
            let entry = try run(["htpasswd", "-Bbn", Self.username, Self.password])
            try folder.write("htpasswd", entry.output)
            config += "auth: { htpasswd: { realm: test, path: \(folder.path)/htpasswd } }\n"
        }
        let file = try folder.write("config.yml", config)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        pid = try spawn(["docker-registry", "serve", file], streams: [null, log, log])
        let folder = folder
        var found: Substring?
        _ = try waitUntil {
            found = try folder.text("log").firstMatch(of: /listening on (127\.0\.0\.1:[0-9]+)/)?.output.1
            return found != nil
        }
        guard let found else {
            kill(pid, SIGKILL)
            throw OpsError(.timeout, "the registry does not start: \(try folder.text("log"))")
        }
        host = String(found)
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// The lines of its access log, such as `GET /v2/`: method and path of each request so far.
    package func requests() throws -> [String] {
        try folder.text("log").split(separator: "\n").compactMap { line in
            guard let start = line.firstRange(of: "] \""), line.contains("HTTP/1.1\"") else { return nil }
            let words = line[start.upperBound...].split(separator: " ")
            return words.count > 2 ? "\(words[0]) \(words[1])" : nil
        }
    }
}

/// A loopback port that nobody listens on now.
package func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> Int32 in
            guard bind(descriptor, pointer, length) == 0 else { return -1 }
            return getsockname(descriptor, pointer, &length)
        }
    }
    guard status == 0 else { throw OpsError(.system, "no free port: errno \(errno)") }
    return UInt16(bigEndian: address.sin_port)
}

private func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    return address
}
