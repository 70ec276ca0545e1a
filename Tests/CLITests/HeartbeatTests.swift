import HTTPTestServer
import OpsCore
import TestKit
import Testing

/// `heartbeat`: what a service hears of unattended runs.
@Suite struct HeartbeatTests {
    private static func program(_ url: String, secret: Bool = false) throws -> OpsProgram {
        try OpsProgram(
            """
            ops: 1
            heartbeat: \(secret ? "${{ secrets.ping }}" : url)
            secrets: { ping: { from: env://PING, optional: true } }
            inputs: { say: { default: hello } }
            tasks:
              good: { run: 'echo "$INPUT_SAY"' }
              bad:
                env: { TOLD: "${{ secrets.ping }}" }
                run: 'seq -f "$INPUT_SAY %g" 20000; echo "last $TOLD"; exit 4'
            """)
    }

    @Test func hearsOfStartAndSuccess() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "OK") }
        let ops = try Self.program(server.url + "/ping/abc?tag=x%20y")
        let result = try ops("run", "--unattended", "good")
        #expect(result.status == 0 && result.output == [] && result.errorOutput == [])
        let requests = server.requests
        try #require(requests.count == 2)
        #expect(requests.map(\.method) == ["POST", "POST"])
        let id = #/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#
        let head = "/ping/abc/start?tag=x%20y&rid="
        #expect(requests[0].target.hasPrefix(head))
        let rid = requests[0].target.dropFirst(head.count)
        #expect(try id.wholeMatch(in: rid) != nil, "\(rid)")
        #expect(requests[1].target == "/ping/abc?tag=x%20y&rid=\(rid)")
        #expect(requests[1].bodyText.contains("hello\n") && requests[1].bodyText.contains(" succeeded in "))
    }

    @Test func hearsOfFailureWithTheEndOfTheMaskedLog() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "OK") }
        let ops = try Self.program("", secret: true)
        let url = server.url + "/hidden-place/"
        let result = try ops.run(["run", "--unattended", "bad"], environment: ["PING": url])
        #expect(result.status == 1)
        #expect(server.requests.map(\.path) == ["/hidden-place/start", "/hidden-place/fail"])
        let body = try #require(server.requests.last?.bodyText)
        #expect(body.utf8.count <= 10_000 && body.utf8.count > 5_000)
        #expect(body.contains("last [masked:ping]\n") && body.contains("exit status 4"))
        #expect(body.hasSuffix(" (exit status 1)\n"), "\(body.suffix(200))")
        #expect(!body.contains("hidden-place") && !result.text.contains("hidden-place"))
        let kept = try run(["grep", "-r", "hidden-place", ops.state])
        #expect(kept.status == 1, "\(kept.text)")
    }

    @Test func isTheBusinessOfUnattendedRunsOnly() async throws {
        let server = try await HTTPTestServer { _ in .text(200, "OK") }
        let ops = try Self.program(server.url + "/p")
        #expect(try ops("run", "good").status == 0)
        #expect(try ops("run", "--unattended", "--dry-run", "good").status == 0)
        let plan = try ops("plan", "good")
        #expect(
            plan.text.contains("request  POST \(server.url)/p/start  (when an unattended run starts)"), "\(plan.text)")
        let json = try JSONReader.value(try ops("plan", "good", "--format", "json").text)
        let targets = json["heartbeat"]?.listValue?.compactMap { $0["target"]?.stringValue }
        #expect(targets == ["/p/start", "/p", "/p/fail"].map { "POST \(server.url)\($0)" })
        #expect(server.requests.isEmpty)
        let hidden = try Self.program("", secret: true)
        #expect(try hidden.run(["plan", "good"], environment: ["PING": "x"]).text.contains("POST <secret ping>/start"))
        // A secret that is nowhere is no heartbeat.
        #expect(try hidden("run", "--unattended", "good").output == [])
        #expect(try hidden("plan", "good", "--format", "json").text.contains(#""heartbeat": [],"#))
    }

    @Test func troubleIsAWarningAndNoMore() async throws {
        let broken = try await HTTPTestServer { _ in .text(404, "not found") }
        let ops = try Self.program(broken.url + "/p")
        let result = try ops("run", "--unattended", "--log-file", "log", "good")
        #expect(result.status == 0 && result.output == [] && result.errorOutput == [])
        #expect(try ops.text("log").contains("the heartbeat was not told: it answered with status 404"))
        // A failed run's log has the warning.
        #expect(try ops("run", "--unattended", "bad").text.contains("warning: the heartbeat was not told"))
        let wrong = try Self.program("", secret: true)
        let told = try wrong.run(["run", "--unattended", "bad"], environment: ["PING": "no-url-at-all"])
        #expect(told.status == 1)
        #expect(told.text.contains("the heartbeat was not told") && !told.text.contains("no-url-at-all"))
        let known = try Self.program("not-a-url")
        let refused = try known("run", "good")
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("'heartbeat' is 'not-a-url', which is no URL"))
    }

    @Test func aSilentServiceHoldsUpNothingForLong() async throws {
        let server = try await HTTPTestServer { _ in .silence }
        let ops = try Self.program(server.url + "/p")
        // It is killed after a minute.
        let result = try ops.start(["run", "--unattended", "good"]).end()
        #expect(result.status == 0 && result.output == [])
    }
}
