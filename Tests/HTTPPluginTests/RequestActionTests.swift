import HTTPTestServer
import OpsCore
import OpsPlugin
import OrderedCollections
import Synchronization
import TestKit
import Testing

@testable import HTTPPlugin

@Suite(.timeLimit(.minutes(10))) struct RequestActionTests {
    private let folder: TemporaryFolder
    private let harness: ActionHarness
    private let secret = Value.secret(Secret(names: ["token"], bytes: Array("s3cret".utf8)))

    init() throws {
        folder = try TemporaryFolder()
        harness = ActionHarness(RequestAction(), in: folder)
    }

    @Test func outputs() async throws {
        let server = try await HTTPTestServer { _ in .json(200, #"{"id": 12345678901234567890, "ok": true}"#) }
        let outputs = try await harness.run(["url": .string(server.url)])
        #expect(outputs["status"] == .integer(200))
        #expect(outputs["body"] == .string(#"{"id": 12345678901234567890, "ok": true}"#))
        #expect(outputs["json"]?["id"]?.scalarText == "12345678901234567890")
        #expect(outputs["headers"]?["content-type"] == .string("application/json"))
        #expect(Set(outputs.keys) == Set(RequestAction.requestDeclaration.outputs.map(\.name)))
    }

    @Test func sendsHeadersAndBodies() async throws {
        let server = try await HTTPTestServer { _ in .text(204, "") }
        let headers = Value.map(["X-Token": secret, "X-Number": .integer(7)])
        _ = try await harness.run([
            "url": .string(server.url), "method": .string("PUT"), "headers": headers, "body": secret,
        ])
        _ = try await harness.run([
            "url": .string(server.url), "method": .string("POST"),
            "json": .map(["a": .list([.number(5.1, spelling: "5.10"), .null])]),
        ])
        let first = try #require(server.requests.first)
        #expect(first.method == "PUT")
        #expect(first.header("x-token") == "s3cret")
        #expect(first.header("x-number") == "7")
        #expect(first.bodyText == "s3cret")
        let second = try #require(server.requests.last)
        #expect(second.bodyText == #"{"a":[5.10,null]}"#)
        #expect(second.header("content-type") == "application/json")
    }

    @Test func unexpectedStatus() async throws {
        let server = try await HTTPTestServer { _ in .text(503, "  down for\n maintenance ") }
        let error = await #expect(throws: OpsError.self) {
            try await harness.run(["url": .string(server.url.replacing("://", with: "://u:s3cret@") + "/?key=s3cret")])
        }
        #expect(error?.code == .mismatch)
        #expect(error?.message == "GET \(server.url)/?key=… answered 503, expected 2xx: down for maintenance")
        let allowed = Value.map(["status": .list([.integer(200), .integer(503)])])
        _ = try await harness.run(["url": .string(server.url), "expect": allowed])
        let one = Value.map(["status": .integer(204)])
        let other = await #expect(throws: OpsError.self) {
            try await harness.run(["url": .string(server.url), "expect": one])
        }
        #expect(other?.message.contains("expected 204") == true)
    }

    @Test func bodyContains() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "all healthy here") }
        _ = try await harness.run(["url": .string(server.url), "expect": .map(["body-contains": .string("healthy")])])
        let error = await #expect(throws: OpsError.self) {
            try await harness.run(["url": .string(server.url), "expect": .map(["body-contains": .string("sick")])])
        }
        #expect(error?.message == "GET \(server.url)/ answered 200, but the body does not contain 'sick'")
    }

    @Test func untilRepeats() async throws {
        let count = Mutex(0)
        let server = try await HTTPTestServer { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number == 1 { return .raw([]) }
            return number == 2 ? .text(503, "starting") : .text(200, "ready")
        }
        let outputs = try await harness.run([
            "url": .string(server.url), "until": .string("1h"), "interval": .string("10ms"),
        ])
        #expect(outputs["body"] == .string("ready"))
        #expect(server.requests.count == 3)
        #expect(harness.log.text.contains("answered 503, expected 2xx: starting; trying again in 10ms"))
    }

    @Test func untilEndsWithTheLastFailure() async throws {
        let server = try await HTTPTestServer { _ in .text(500, "broken") }
        let (limit, count, error) = try await withLimit { limit in
            let before = server.requests.count
            let error = await #expect(throws: OpsError.self) {
                try await harness.run([
                    "url": .string(server.url), "until": .string(limit.text), "interval": .string((limit / 6).text),
                ])
            }
            return (limit, server.requests.count - before, error)
        } isEnough: {
            $0.1 >= 2
        }
        #expect(error?.code == .timeout)
        #expect(error?.message.hasPrefix("not as expected within \(limit.text), ") == true)
        #expect(error?.message.hasSuffix("the last: GET \(server.url)/ answered 500, expected 2xx: broken") == true)
        #expect((2...7).contains(count))
    }

    @Test func untilWaitsForAServiceThatIsNotThereYet() async throws {
        let error = try await withLimit { limit in
            await #expect(throws: OpsError.self) {
                try await harness.run([
                    "url": .string("http://127.0.0.1:1"), "until": .string(limit.text), "interval": .string("50ms"),
                ])
            }
        } isEnough: {
            $0?.message.contains("refused") == true
        }
        #expect(error?.message.hasSuffix("the last: http://127.0.0.1:1/ refused the connection") == true)
    }

    @Test func untilIsCancellable() async throws {
        let server = try await HTTPTestServer { _ in .text(500, "") }
        let task = Task {
            try await harness.run(["url": .string(server.url), "until": .string("2h"), "interval": .string("1h")])
        }
        #expect(try await eventually { !server.requests.isEmpty })
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func outputFileIsWholeOrAbsent() async throws {
        let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0) }
        let server = try await HTTPTestServer { request in
            switch request.path {
            case "/whole": .response(200, body: bytes)
            case "/missing": .text(404, "no")
            default: .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc".utf8))
            }
        }
        let outputs = try await harness.run(["url": .string(server.url + "/whole"), "output": .string("d/file")])
        #expect(outputs["body"] == .null)
        #expect(try folder.read("d/file") == bytes)
        for path in ["/missing", "/broken"] {
            await #expect(throws: OpsError.self) {
                try await harness.run(["url": .string(server.url + path), "output": .string("e/file")])
            }
        }
        #expect(!folder.exists("e/file"))
        #expect(try run(["find", folder.path, "-name", ".*"]).text == "")
    }

    @Test func largeBodyNamesTheRemedy() async throws {
        let server = try await HTTPTestServer { _ in .response(200, body: [UInt8](repeating: 0x61, count: 2_000_000)) }
        let error = await #expect(throws: OpsError.self) {
            try await harness.run(["url": .string(server.url), "until": .string("1h")])
        }
        #expect(error?.message == "the answer of \(server.url)/ is larger than 1.0 MB")
        #expect(error?.hint == "'output: FILE' takes any size")
    }

    @Test func secretBodyIsNotSentToAnotherHost() async throws {
        let other = try await HTTPTestServer { _ in .text(200, "") }
        let server = try await HTTPTestServer { [url = other.url] _ in .text(307, "", headers: [("Location", url)]) }
        await #expect(throws: OpsError.self) {
            try await harness.run(["url": .string(server.url), "method": .string("POST"), "body": secret])
        }
        #expect(other.requests.isEmpty)
        _ = try await harness.run(["url": .string(server.url), "method": .string("POST"), "body": .string("open")])
        #expect(other.requests.first?.bodyText == "open")
        let status = Value.map(["status": .integer(307)])
        _ = try await harness.run(["url": .string(server.url), "follow": .integer(0), "expect": status])
    }

    @Test func timeoutIsOfTheWholeAnswer() async throws {
        let server = try await HTTPTestServer { _ in
            .slow(
                Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".utf8),
                chunks: [[UInt8]](repeating: [0x61], count: 99), pause: .milliseconds(100))
        }
        let (limit, error) = try await withLimit { limit in
            let error = await #expect(throws: OpsError.self) {
                try await harness.run(["url": .string(server.url), "timeout": .string(limit.text)])
            }
            return (limit, error)
        } isEnough: {
            $0.1?.message.hasPrefix("no whole answer") == true
        }
        #expect(error?.message == "no whole answer from \(server.url)/ within \(limit.text)")
    }

    @Test func plans() async throws {
        let plan = try await harness.plan([
            "url": .string("https://u:s3cret@h/p?k=s3cret"), "method": .string("POST"), "until": .string("2m"),
            "output": .string("out"), "body": .secret(Secret(planned: ["token"])),
        ])
        #expect(
            plan.effects == [
                Effect(.request, "POST https://h/p?k=…", detail: "until as expected, at most 2m"),
                Effect(.write, "out"),
            ])
        let unknown = try await harness.plan(["url": .unknown(Unknown("needs.x.outputs.url", type: .string))])
        #expect(unknown.effects.map(\.target) == ["GET <needs.x.outputs.url>"])
    }

    @Test(
        arguments: [
            (["url": .string("h/p")], "'url' of http.request: the URL has no scheme"),
            (
                ["url": .string("http://h"), "body": .string("b"), "json": .integer(1)],
                "'json' of http.request: cannot stand beside 'body'"
            ),
            (
                ["url": .string("http://h"), "json": .list([.secret(Secret(planned: ["x"]))])],
                "'json' of http.request: cannot hold a secret"
            ),
            (
                ["url": .string("http://h"), "expect": .map(["status": .integer(42)])],
                "'expect.status' of http.request: a status is a number from 100 to 599"
            ),
            (
                ["url": .string("http://h"), "output": .string("f"), "expect": .map(["body-contains": .string("x")])],
                "'output' of http.request: cannot stand beside 'body-contains'"
            ),
            (["url": .string("http://h"), "follow": .integer(-1)], "'follow' of http.request: must be from 0 to 50"),
        ] as [(ValueMap, String)])
    func rejects(_ values: ValueMap, _ message: String) async throws {
        let error = await #expect(throws: OpsError.self) { try await harness.plan(values) }
        #expect(error?.code == .invalid)
        #expect(error?.message == message)
    }
}
