import HTTPTestServer
import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct SecretRequestsTests {
    private func failure(
        _ url: String, hosts: [String]? = nil, to place: SecretRequests.Place = .service
    ) async throws -> SecretFailure? {
        let harness = try SecretsHarness()
        let context = SecretContext(
            directory: "/", environment: [:], logger: harness.log.logger, hosts: hosts.map { SecretHosts($0) })
        let requests = SecretRequests(context, retryDelay: .milliseconds(5))
        do {
            _ = try await requests.send(HTTPRequest("GET", try URLParts(url)), to: place)
            return nil
        } catch { return error as? SecretFailure }
    }

    @Test(arguments: [
        "http://secrets.example", "http://169.254.evil.example", "http://10.0.0.1", "http://127.0.0.1.example",
        "http://metadata.google.internal.example",
    ])
    func nothingIsSentWithoutTLS(_ url: String) async throws {
        let failure = try await failure(url)
        #expect(failure?.reason == .invalid)
        #expect(failure?.message.contains("has no TLS") == true)
    }

    @Test func hostsThatTheRecipeDoesNotNameAreNotAsked() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "") }
        let refused = try await failure(server.url, hosts: ["secrets.example"])
        #expect(refused?.reason == .forbidden)
        #expect(server.requests.isEmpty)
        #expect(try await failure(server.url, hosts: ["127.0.0.1:\(server.port)"]) == nil)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [301, 302, 303, 307, 308]) func redirectsAreNotFollowed(_ status: Int) async throws {
        let other = try await HTTPTestServer { _ in .text(200, "") }
        let server = try await HTTPTestServer { _ in .text(status, "", headers: [("Location", other.url + "/x")]) }
        let refused = try await failure(server.url)
        #expect(refused?.reason == .unreachable)
        #expect(refused?.message == "\(server.url)/ redirects to \(other.url), and nothing is sent there")
        #expect(other.requests.isEmpty)
    }

    @Test func brokenConnectionsAreTriedAgainAndEnd() async throws {
        let server = try await HTTPTestServer { _ in .raw(Array("HTTP/1.1 2".utf8)) }
        #expect(try await failure(server.url)?.reason == .unreachable)
        #expect(server.requests.count == 4)
        #expect(try await failure(server.url, to: .metadata)?.reason == .unreachable)
        #expect(server.requests.count == 6)
    }

    @Test func cancellationEndsAFetch() async throws {
        let server = try await HTTPTestServer { _ in .silence }
        let harness = try SecretsHarness([
            "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_REGION": "r", "AWS_ENDPOINT_URL": server.url,
        ])
        let reference = try SecretReference("aws-sm://a")
        let task = Task { await SecretsManagerProvider().fetch([reference], harness.context) }
        #expect(try await eventually { !server.requests.isEmpty })
        task.cancel()
        let results = await task.value
        #expect(SecretsHarness.text(results[0]) == "unreachable: the request was cancelled")
    }
}
