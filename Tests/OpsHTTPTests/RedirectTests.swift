import HTTPTestServer
import OpsCore
import OpsHTTP
import Testing

@Suite(.timeLimit(.minutes(10))) struct RedirectTests {
    private let secrets = [("Authorization", "Bearer s3cret"), ("Cookie", "c=s3cret"), ("X-Api-Key", "s3cret")]

    @Test func sameOriginKeepsHeaders() async throws {
        let server = try await HTTPTestServer {
            $0.path == "/a" ? .text(302, "", headers: [("Location", "b?x=1")]) : .text(200, "ok")
        }
        let response = try await service.send(request("GET", server.url + "/a", headers: secrets))
        #expect(response.status == 200)
        #expect(response.url.text == server.url + "/b?x=1")
        #expect(server.requests.last?.header("authorization") == "Bearer s3cret")
        #expect(server.requests.last?.header("x-api-key") == "s3cret")
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func anotherOriginGetsNoSecret(_ status: Int) async throws {
        let other = try await HTTPTestServer { _ in .text(200, "other") }
        let server = try await HTTPTestServer { [url = other.url] _ in
            .text(status, "", headers: [("Location", url + "/x")])
        }
        let url = server.url.replacing("://", with: "://u:s3cret@")
        let response = try await service.send(
            request("GET", url, headers: secrets + [("Accept", "a/b"), ("Range", "bytes=0-1")]))
        #expect(try await response.collect(limit: 10) == Array("other".utf8))
        let got = try #require(other.requests.first)
        #expect(!got.headers.contains { $0.1.contains("s3cret") || $0.0.lowercased() == "authorization" })
        #expect(got.header("accept") == "a/b")
        #expect(got.header("range") == "bytes=0-1")
    }

    @Test(arguments: [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (301, "PUT", "PUT"),
        (307, "POST", "POST"), (308, "PUT", "PUT"), (303, "HEAD", "HEAD"),
    ])
    func methodsAndBodies(_ status: Int, _ method: String, _ expected: String) async throws {
        let server = try await HTTPTestServer {
            $0.path == "/a" ? .text(status, "", headers: [("Location", "/b")]) : .text(200, "ok")
        }
        let body: HTTPRequest.Body = method == "HEAD" ? .empty : .stream(length: 4) { ByteStream(Array("body".utf8)) }
        let response = try await service.send(
            request(method, server.url + "/a", headers: [("Content-Type", "text/plain")], body: body))
        #expect(response.status == 200)
        let second = try #require(server.requests.last)
        #expect(second.method == expected)
        #expect(second.bodyText == (expected == "GET" || expected == "HEAD" ? "" : "body"))
        #expect((second.header("content-type") == nil) == (expected == "GET"))
    }

    @Test func privateBodyStaysWhereItWasSent() async throws {
        let other = try await HTTPTestServer { _ in .text(200, "other") }
        let server = try await HTTPTestServer { [url = other.url] _ in .text(307, "", headers: [("Location", url)]) }
        var outgoing = try request("POST", server.url, body: .bytes(Array("s3cret".utf8)))
        outgoing.isBodyPrivate = true
        let private_ = outgoing
        let error = await #expect(throws: OpsError.self) { try await service.send(private_) }
        #expect(error?.code == .forbidden)
        #expect(other.requests.isEmpty)
    }

    @Test func circlesEnd() async throws {
        let server = try await HTTPTestServer { _ in .text(302, "", headers: [("Location", "/")]) }
        let error = await #expect(throws: OpsError.self) { try await service.send(request("GET", server.url)) }
        #expect(error?.message == "\(server.url)/ redirects more than 5 times")
        #expect(server.requests.count == 6)
    }

    @Test func policyNoneGivesTheRedirect() async throws {
        let server = try await HTTPTestServer { _ in .text(302, "", headers: [("Location", "/")]) }
        var outgoing = try request("GET", server.url)
        outgoing.redirects = .none
        #expect(try await service.send(outgoing).status == 302)
    }

    @Test(arguments: ["javascript:x", "http://", "file:///etc/passwd"])
    func locationThatIsNoURL(_ location: String) async throws {
        let server = try await HTTPTestServer { _ in .text(302, "", headers: [("Location", location)]) }
        let error = await #expect(throws: OpsError.self) { try await service.send(request("GET", server.url)) }
        #expect(error?.code == .invalid)
    }
}
