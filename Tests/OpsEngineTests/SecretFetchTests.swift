import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import TestKit
import Testing

/// When, how often and of whom the secrets of a run are asked.
@Suite struct SecretFetchTests {
    private let provider = LeaseProvider()

    private func run(_ yaml: String, _ tasks: [String] = ["a"]) async throws -> RunResult {
        let fixture = try EngineFixture(yaml, providers: [provider])
        return try await fixture.run(try await fixture.plan(tasks))
    }

    @Test func `a missing secret falls through to the next reference`() async throws {
        let result = try await run(
            """
            secrets: { s: [ "lease://gone", "lease://static" ] }
            tasks: { a: { env: { S: "${{ secrets.s }}" }, run: a } }
            """)
        #expect(result.finished.exitStatus == 0)
        #expect(provider.asked == [["gone"], ["static"]])
    }

    @Test(arguments: ["denied", "away", "blank", "wrong"])
    func `any other failure does not, not even of an optional one`(path: String) async throws {
        let result = try await run(
            """
            secrets: { s: { from: [ "lease://\(path)", "lease://static" ], optional: true } }
            tasks: { a: { env: { S: "${{ secrets.s }}" }, run: a } }
            """)
        #expect(result.finished.exitStatus == 2 && result.calls.isEmpty)
        #expect(result.messages.contains { $0.contains("the secret 's' is not to be had: \(path) is ") })
        #expect(provider.asked == [[path]])
    }

    @Test func `what is not to be had is asked for once`() async throws {
        let result = try await run(
            """
            secrets: { s: lease://dynamic-or-gone, g: lease://gone }
            tasks:
              a: { continue-on-error: true, steps: [ { if: run.id != 'x', run: a, env: { G: "${{ secrets.g }}" } } ] }
              b: { needs: [ a ], continue-on-error: true, steps: [ { if: run.id != 'x', run: b, env: { G: "${{ secrets.g }}" } } ] }
            """, ["b"])
        #expect(result.stepOutcomes["a 1"] == .failed && result.stepOutcomes["b 1"] == .failed)
        #expect(provider.asked == [["gone"]])
    }

    @Test func `static ones are fetched together before the first task, dynamic ones when they are needed`()
        async throws
    {
        let record = CallRecord()
        let fixture = try EngineFixture(
            """
            secrets: { one: lease://static-1, two: lease://static-2, lease: lease://dynamic, unused: lease://static-3 }
            tasks:
              a: { env: { S: "${{ secrets.one }}" }, run: a }
              b: { needs: [ a ], env: { S: "${{ secrets.two }}" }, run: b }
              c: { needs: [ b ], env: { S: "${{ secrets.lease }}" }, run: c }
              d: { env: { S: "${{ secrets.unused }}" }, run: d }
            """, providers: [LeaseProvider(record: record)], record: record)
        let result = try await fixture.run(try await fixture.plan(["c"]), jobs: 1)
        #expect(result.finished.exitStatus == 0)
        #expect(result.calls == ["fetch static-1 static-2", "a", "b", "fetch dynamic", "c"])
    }

    @Test func `a provider that does not answer is given up`() async throws {
        let result = try await run(
            """
            secrets: { s: lease://never }
            tasks: { a: { env: { S: "${{ secrets.s }}" }, run: a } }
            """)
        #expect(result.finished.exitStatus == 2 && result.calls.isEmpty)
        #expect(result.messages.contains { $0.contains("'lease://' gave no answer within 2m") })
    }

    @Test func `an interrupt does not wait for a provider that does not heed it, and clean-up may ask again`()
        async throws
    {
        let fixture = try EngineFixture(
            """
            secrets: { s: lease://never, t: lease://static }
            tasks: { a: { env: { S: "${{ secrets.s }}" }, run: a } }
            finally: [ { run: last, env: { T: "${{ secrets.t }}" } } ]
            """, providers: [provider])
        let result = try await fixture.run(try await fixture.plan(["a"]), interruptAfter: .milliseconds(50))
        #expect(result.finished.exitStatus == 130)
        #expect(result.finished.duration < .seconds(1))
        #expect(result.stepOutcomes["finally 1"] == .succeeded)
    }

    @Test func `a provider is told the secret-hosts of the recipe that declares the secret`() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "part.yaml",
            """
            ops: 1
            secret-hosts: [ part.example.com ]
            secrets: { s: lease://static-part }
            tasks: { t: { env: { S: "${{ secrets.s }}" }, run: t } }

            """)
        let fixture = try EngineFixture(
            """
            secret-hosts: own.example.com:8200
            secrets: { s: lease://static }
            include: { p: part.yaml }
            tasks: { a: { needs: [ "p:t" ], env: { S: "${{ secrets.s }}" }, run: a } }
            """, in: folder, providers: [provider])
        let result = try await fixture.run(try await fixture.plan(["a"]))
        #expect(result.finished.exitStatus == 0)
        #expect(
            Set(provider.hosts) == [SecretHosts(["own.example.com:8200"]), SecretHosts(["part.example.com"])])
    }

    @Test func `a login's token is masked`() async throws {
        let result = try await run(
            """
            secrets: { s: lease://login }
            tasks: { a: { env: { S: "${{ secrets.s }}", SAY: "it is token-of-login" }, run: a } }
            """)
        #expect(result.output == "it is [masked:login token]")
    }
}
