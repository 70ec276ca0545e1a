import HTTPTestServer
import OpsCore
import OpsPlugin
import OrderedCollections
import Synchronization
import TestKit
import Testing

@testable import NotifyPlugin

@Suite(.timeLimit(.minutes(10))) struct SlackActionTests {
    private let harness: ActionHarness

    init() throws {
        harness = ActionHarness(SlackAction(retryDelay: .milliseconds(20)), in: try TemporaryFolder())
    }

    private func webhook(_ server: HTTPTestServer) -> Value {
        .secret(Secret(names: ["slack"], bytes: Array((server.url + "/services/T0/B0/s3cret").utf8)))
    }

    @Test func posts() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "ok") }
        let outputs = try await harness.run([
            "webhook": webhook(server), "text": .string("a & b <!channel> \"c\"\n*d*"),
        ])
        #expect(outputs.isEmpty)
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/services/T0/B0/s3cret")
        #expect(request.header("content-type") == "application/json")
        #expect(request.bodyText == #"{"text":"a &amp; b &lt;!channel&gt; \"c\"\n*d*"}"#)
        #expect(harness.log.text == "info: posted to Slack")
    }

    @Test func markup() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "ok") }
        _ = try await harness.run([
            "webhook": webhook(server), "text": .string("<https://h|l>"), "markup": .boolean(true),
        ])
        #expect(server.requests.first?.bodyText == #"{"text":"<https://h|l>"}"#)
    }

    @Test(arguments: [
        (400, "invalid_payload", "Slack did not take the message (400 invalid_payload)"),
        (404, "no_service", "Slack does not know this webhook (404 no_service)"),
        (403, "invalid_token", "Slack does not know this webhook (403 invalid_token)"),
        (403, "action_prohibited", "Slack does not allow this message (403 action_prohibited)"),
        (410, "channel_is_archived", "the webhook's channel is archived or gone (410 channel_is_archived)"),
        (302, "", "Slack redirects, and a webhook is not sent on (302)"),
        (200, "<html>proxy</html>", "what answered for Slack is not Slack"),
        (500, "see /services/T0/B0/s3cret", "Slack answered 500"),
    ])
    func refusals(_ status: Int, _ body: String, _ message: String) async throws {
        let server = try await HTTPTestServer { .text(status, body, headers: [("Location", "http://other\($0.path)")]) }
        let error = await #expect(throws: OpsError.self) {
            try await harness.run(["webhook": webhook(server), "text": .string("t")])
        }
        #expect(error?.message == message)
        #expect(!"\(error.map(\.description) ?? "")\(harness.log.text)".contains("s3cret"))
    }

    @Test func rateLimitIsWaitedOut() async throws {
        let count = Mutex(0)
        let server = try await HTTPTestServer { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number == 1 ? .text(429, "rate_limited", headers: [("Retry-After", "1")]) : .text(200, "ok")
        }
        let time = try await ContinuousClock().measure {
            _ = try await harness.run(["webhook": webhook(server), "text": .string("t")])
        }
        #expect(time >= .seconds(1))
        #expect(server.requests.count == 2)
        #expect(!harness.log.text.contains("s3cret"))
    }

    @Test func unreachable() async throws {
        let webhook = Value.secret(Secret(names: ["slack"], bytes: Array("http://127.0.0.1:1/s3cret".utf8)))
        let error = await #expect(throws: OpsError.self) {
            try await harness.run(["webhook": webhook, "text": .string("t")])
        }
        #expect(error?.message == "Slack refused the connection")
        #expect(!"\(error.map(\.description) ?? "")\(harness.log.text)".contains("s3cret"))
    }

    @Test(arguments: ["s3cret", "ftp://h/s3cret", "http://hooks.example/s3cret", "https://h/s3cret\nX: y"])
    func webhookThatIsNone(_ url: String) async throws {
        let error = await #expect(throws: OpsError.self) {
            try await harness.run([
                "webhook": .secret(Secret(names: ["slack"], bytes: Array(url.utf8))), "text": .string("t"),
            ])
        }
        #expect(error?.code == .invalid)
        #expect(error.map { !"\($0)".contains("s3cret") } == true)
    }

    @Test func plans() async throws {
        let plan = try await harness.plan(["webhook": .secret(Secret(planned: ["slack"])), "text": .string("one\ntwo")])
        #expect(plan.effects == [Effect(.publish, "Slack", detail: "one")])
        let error = await #expect(throws: OpsError.self) {
            try await harness.plan(["webhook": .secret(Secret(planned: ["slack"])), "text": .string(" \n")])
        }
        #expect(error?.message == "'text' of notify.slack: is empty; Slack takes no empty message")
    }
}
