import HTTPTestServer
import OpsCore
import OpsHTTP
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct TLSTests {
    @Test func certificateFileIsTrusted() async throws {
        let authority = try CertificateAuthority()
        let server = try await HTTPTestServer(tls: try authority.issue("IP:127.0.0.1,DNS:localhost")) { _ in
            .text(200, "ok")
        }
        let trusting = HTTPService.make(HTTPConfiguration { $0 == "SSL_CERT_FILE" ? authority.certificate : nil })
        #expect(try await trusting.send(request("GET", server.url)).status == 200)
        #expect(try await trusting.send(request("GET", "https://localhost:\(server.port)/")).status == 200)
    }

    @Test func certificateFolderIsTrusted() async throws {
        let authority = try CertificateAuthority()
        let server = try await HTTPTestServer(tls: try authority.issue("IP:127.0.0.1")) { _ in .text(200, "ok") }
        let folder = try TemporaryFolder()
        try folder.write("ca.pem", authority.folder.read("ca.pem"))
        #expect(try run(["openssl", "rehash", folder.path]).status == 0)
        let trusting = HTTPService.make(HTTPConfiguration(certificateFolder: folder.path))
        #expect(try await trusting.send(request("GET", server.url)).status == 200)
    }

    @Test func unknownAuthority() async throws {
        let authority = try CertificateAuthority()
        let server = try await HTTPTestServer(tls: try authority.issue("IP:127.0.0.1")) { _ in .text(200, "ok") }
        // A second attempt would be a day away.
        let policy = RetryPolicy(attempts: 2, delay: .seconds(86_400), longestWait: .seconds(86_400))
        let error = await #expect(throws: OpsError.self) {
            try await service.send(request("GET", server.url), retry: policy)
        }
        #expect(error?.code == .untrusted)
        #expect(error?.message.hasPrefix("the certificate of \(server.url)/ is not signed") == true)
        #expect(server.requests.isEmpty)
    }

    @Test func wrongName() async throws {
        let authority = try CertificateAuthority()
        let server = try await HTTPTestServer(tls: try authority.issue("DNS:other.example")) { _ in .text(200, "ok") }
        let trusting = HTTPService.make(HTTPConfiguration(certificateFile: authority.certificate))
        for host in ["127.0.0.1", "localhost"] {
            let error = await #expect(throws: OpsError.self) {
                try await trusting.send(request("GET", "https://\(host):\(server.port)/"))
            }
            #expect(error?.code == .untrusted)
            #expect(error?.message == "the certificate of https://\(host):\(server.port)/ is for another host name")
        }
    }

    @Test func plainServer() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "ok") }
        let error = await #expect(throws: OpsError.self) {
            try await service.send(request("GET", "https://127.0.0.1:\(server.port)/"))
        }
        #expect(error?.message == "https://127.0.0.1:\(server.port)/ does not speak TLS there")
    }

    @Test func missingFile() async throws {
        let missing = HTTPService.make(HTTPConfiguration(certificateFile: "/nonexistent/ca.pem"))
        let error = await #expect(throws: OpsError.self) {
            try await missing.send(request("GET", "https://127.0.0.1:1/"))
        }
        #expect(
            error?.message
                == "SSL_CERT_FILE names '/nonexistent/ca.pem', which cannot be read: No such file or directory")
    }
}
