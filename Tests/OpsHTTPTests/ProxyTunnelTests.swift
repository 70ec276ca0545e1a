import Glibc
import HTTPTestServer
import OpsCore
import OpsHTTP
import TestKit
import Testing

/// A proxy in Python that tunnels every `CONNECT` to one port of loopback and writes each target to standard error.
private final class TunnelProxy: Sendable {
    private static let script = """
        import asyncio, sys
        async def pipe(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            writer.close()
        async def serve(reader, writer):
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode().splitlines()
            print(head[0], file=sys.stderr, flush=True)
            back, forth = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
            writer.write(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
            await asyncio.gather(pipe(reader, forth), pipe(back, writer))
        async def main():
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            print(server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()
        asyncio.run(main())
        """

    let port: Int
    private let pid: pid_t
    private let folder: TemporaryFolder

    init(to target: Int) async throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        try folder.write("proxy.py", Self.script)
        let files = try ["out", "err"].map { open(try folder.write($0, ""), O_RDWR | O_CLOEXEC) }
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { (files + [input]).forEach { close($0) } }
        pid = try spawn(["python3", folder.path + "/proxy.py", String(target)], streams: [input] + files)
        try #require(try await eventually { try folder.text("out").hasSuffix("\n") })
        port = try #require(try Int(folder.text("out").dropLast()))
    }

    var targets: String { get throws { try folder.text("err") } }

    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}

@Suite(.timeLimit(.minutes(10))) struct ProxyTunnelTests {
    @Test func plainRequestsAreTunnelled() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "through") }
        let proxy = try await TunnelProxy(to: server.port)
        let address = "http://127.0.0.1:\(proxy.port)"
        let through = HTTPService.make(HTTPConfiguration { $0 == "http_proxy" ? address : nil })
        let response = try await through.send(request("GET", "http://plain.example/x"))
        #expect(try await response.collect(limit: 100) == Array("through".utf8))
        #expect(server.requests.first?.header("host") == "plain.example")
        #expect(try proxy.targets == "CONNECT plain.example:80 HTTP/1.1\n")
    }

    @Test func certificatesAreCheckedBehindTheProxy() async throws {
        let authority = try CertificateAuthority()
        let server = try await HTTPTestServer(tls: try authority.issue("DNS:secure.example")) { _ in
            .text(200, "through")
        }
        let proxy = try await TunnelProxy(to: server.port)
        let through = HTTPService.make(
            HTTPConfiguration(
                certificateFile: authority.certificate, proxies: ProxySettings(secure: "http://127.0.0.1:\(proxy.port)")
            ))
        #expect(try await through.send(request("GET", "https://secure.example/")).status == 200)
        let error = await #expect(throws: OpsError.self) {
            try await through.send(request("GET", "https://other.example/"))
        }
        #expect(error?.code == .untrusted)
    }
}
