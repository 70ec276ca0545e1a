import HTTPTestServer
import OpsCore
import OpsHTTP
import Synchronization
import TestKit
import Testing

/// A service that takes nothing from the environment.
let service = HTTPService.make(HTTPConfiguration())

func request(_ method: String = "GET", _ url: String, headers: [(String, String)] = [], body: HTTPRequest.Body = .empty)
    throws -> HTTPRequest
{
    HTTPRequest(method, try URLParts(url), headers: headers, body: body)
}

@Suite(.timeLimit(.minutes(10))) struct HTTPServiceTests {
    @Test func sendsAndReceives() async throws {
        let server = try await HTTPTestServer {
            .text(201, "got \($0.bodyText)", headers: [("X-Twice", "1"), ("x-twice", "2")])
        }
        let response = try await service.send(
            request("PUT", server.url + "/a%20b?x=1", headers: [("X-Own", "v")], body: .bytes(Array("body".utf8))))
        #expect(response.status == 201)
        #expect(response.headers(named: "X-TWICE") == ["1", "2"])
        #expect(try await response.collect(limit: 100) == Array("got body".utf8))
        let served = try #require(server.requests.first)
        #expect(served.method == "PUT")
        #expect(served.target == "/a%20b?x=1")
        #expect(served.header("x-own") == "v")
        #expect(served.header("content-length") == "4")
        #expect(served.header("user-agent") == "ops")
    }

    @Test func userInformationBecomesBasicAuthorization() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "") }
        let url = server.url.replacing("://", with: "://us%3Aer:p%40ss@")
        try await service.send(request("GET", url)).discard()
        #expect(server.requests.first?.header("authorization") == "Basic " + Base64.encode(Array("us:er:p@ss".utf8)))
    }

    @Test func streamsBodyBothWays() async throws {
        let server = try await HTTPTestServer { .response(200, body: $0.body) }
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let body = HTTPRequest.Body.stream(length: bytes.count) { ByteStream(bytes) }
        let response = try await service.send(request("POST", server.url, body: body))
        #expect(response.contentLength == bytes.count)
        #expect(try await response.collect(limit: bytes.count) == bytes)
    }

    @Test func wrongBodyLengthIsAnError() async throws {
        let server = try await HTTPTestServer { .response(200, body: $0.body) }
        let body = HTTPRequest.Body.stream(length: 10) { ByteStream([1, 2, 3]) }
        let error = await #expect(throws: OpsError.self) {
            try await service.send(request("POST", server.url, body: body))
        }
        #expect(error?.code == .mismatch)
    }

    @Test func collectHasALimit() async throws {
        let server = try await HTTPTestServer { _ in .response(200, body: [UInt8](repeating: 0x61, count: 300_000)) }
        let response = try await service.send(request("GET", server.url))
        let error = await #expect(throws: OpsError.self) { try await response.collect(limit: 1000) }
        #expect(error?.message == "the answer of \(server.url)/ is larger than 1.0 kB")
    }

    @Test func refusedConnection() async throws {
        let error = await #expect(throws: OpsError.self) {
            try await service.send(request("GET", "http://u:s3cret@127.0.0.1:1/?k=s3cret"))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "http://127.0.0.1:1/?k=… refused the connection")
    }

    @Test func unknownHost() async throws {
        let error = await #expect(throws: OpsError.self) {
            try await service.send(request("GET", "http://no-such-host.invalid/"))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "the host name of http://no-such-host.invalid/ could not be found")
    }

    @Test func timeoutBeforeTheHead() async throws {
        let server = try await HTTPTestServer { _ in .silence }
        let error = await #expect(throws: OpsError.self) {
            try await service.send(request("GET", server.url), timeout: .milliseconds(200))
        }
        #expect(error?.code == .timeout)
        #expect(error?.message == "no answer from \(server.url)/ within 200ms")
    }

    @Test func bodyThatStandsStill() async throws {
        let server = try await HTTPTestServer { _ in
            .slow(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".utf8), chunks: [[0x61]], pause: .zero)
        }
        let (hasHead, error) = try await withLimit { limit in
            let impatient = HTTPService.make(HTTPConfiguration(idleTimeout: limit))
            var hasHead = false
            let error = await #expect(throws: OpsError.self) {
                let response = try await impatient.send(request("GET", server.url))
                hasHead = true
                return try await response.collect(limit: 100)
            }
            return (hasHead, error)
        } isEnough: {
            $0.0
        }
        #expect(hasHead && error?.code == .timeout)
    }

    @Test func bodyThatBreaksOff() async throws {
        let server = try await HTTPTestServer { _ in .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".utf8))
        }
        let response = try await service.send(request("GET", server.url))
        let error = await #expect(throws: OpsError.self) { try await response.collect(limit: 100) }
        #expect(error?.code == .unavailable)
    }

    @Test(arguments: ["", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
    func answerThatIsNone(_ text: String) async throws {
        let server = try await HTTPTestServer { _ in .raw(Array(text.utf8)) }
        let error = await #expect(throws: OpsError.self) { try await service.send(request("GET", server.url)) }
        #expect(error?.code == .unavailable)
    }

    @Test func cancellation() async throws {
        let server = try await HTTPTestServer { _ in .silence }
        let task = Task { try await service.send(request("GET", server.url)) }
        #expect(try await eventually { !server.requests.isEmpty })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func cancellationWithinTheBody() async throws {
        let server = try await HTTPTestServer { _ in
            .slow(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".utf8), chunks: [[0x61]], pause: .zero)
        }
        let hasHead = Atomic(false)
        let task = Task {
            let response = try await service.send(request("GET", server.url))
            hasHead.store(true, ordering: .relaxed)
            return try await response.collect(limit: 100)
        }
        #expect(try await eventually { hasHead.load(ordering: .relaxed) })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func headersCannotBeInjected() async throws {
        let error = await #expect(throws: OpsError.self) {
            try await service.send(request("GET", "http://127.0.0.1:1/", headers: [("X-Token", "s3cret\r\nX-Evil: 1")]))
        }
        #expect(error?.code == .invalid)
        #expect(error?.message == "the value of header 'X-Token' holds a control character")
        for (name, method) in [("a b", "GET"), ("", "GET"), ("ok", "GE T")] {
            await #expect(throws: OpsError.self) {
                try await service.send(request(method, "http://127.0.0.1:1/", headers: [(name, "v")]))
            }
        }
    }

    @Test func proxyIsAskedWithItsCredentials() async throws {
        let proxy = try await HTTPTestServer { _ in .text(407, "") }
        let through = HTTPService.make(
            HTTPConfiguration(proxies: ProxySettings(plain: proxy.url.replacing("://", with: "://u:s3cret@"))))
        let error = await #expect(throws: OpsError.self) {
            try await through.send(request("GET", "http://example.invalid/"))
        }
        #expect(error?.code == .forbidden)
        #expect(error.map { !"\($0)".contains("s3cret") } == true)
        let served = try #require(proxy.requests.first)
        #expect(served.method == "CONNECT")
        #expect(served.target == "example.invalid:80")
        #expect(served.header("proxy-authorization") == "Basic " + Base64.encode(Array("u:s3cret".utf8)))
    }

    @Test func retries() async throws {
        let count = Mutex(0)
        let server = try await HTTPTestServer { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number < 3
                ? .text(number == 1 ? 503 : 429, "no", headers: [("Retry-After", "0")]) : .text(200, "yes")
        }
        let response = try await service.send(
            request("GET", server.url), retry: RetryPolicy(attempts: 3, delay: .milliseconds(10)))
        #expect(response.status == 200)
        #expect(server.requests.count == 3)
    }

    @Test func retryAfterIsWaitedForOrEndsIt() async throws {
        let server = try await HTTPTestServer { request in
            .text(429, "", headers: [("Retry-After", request.path == "/long" ? "3600" : "1")])
        }
        let policy = RetryPolicy(attempts: 2, delay: .milliseconds(1), longestWait: .seconds(2))
        let short = try await ContinuousClock().measure {
            try await service.send(request("GET", server.url + "/short"), retry: policy).discard()
        }
        #expect(short >= .seconds(1))
        #expect(server.requests.count == 2)
        try await service.send(request("GET", server.url + "/long"), retry: policy).discard()
        #expect(server.requests.count == 3)
    }

    @Test func connectionErrorsAreRetriedAndCertificatesNot() async throws {
        let server = try await HTTPTestServer { _ in .raw([]) }
        await #expect(throws: OpsError.self) {
            try await service.send(request("GET", server.url), retry: RetryPolicy(attempts: 3, delay: .milliseconds(1)))
        }
        #expect(server.requests.count == 3)
    }

    @Test func deadline() async throws {
        let error = await #expect(throws: OpsError.self) {
            try await withDeadline(.milliseconds(50), OpsError(.timeout, "late")) {
                try await Task.sleep(for: .seconds(60))
            }
        }
        #expect(error?.message == "late")
        #expect(try await withDeadline(.seconds(60), OpsError(.timeout, "late")) { 7 } == 7)
    }
}
