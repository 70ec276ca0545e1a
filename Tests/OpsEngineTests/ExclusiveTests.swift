import OpsCore
import OpsEngine
import OpsSystem
import TestKit
import Testing

/// `exclusive` (ops-recipe(5), "One at a time").
@Suite struct ExclusiveTests {
    @Test func `tasks of one run take turns, and hold no place meanwhile`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              a: { exclusive: x, fake.run: { command: a, wait: 10s } }
              b: { exclusive: x, fake.run: { command: b, wait: 10s } }
              c: { fake.run: { command: c, wait: 10s } }
            """)
        let result = try await fixture.run(try await fixture.plan(["a", "b", "c"]), jobs: 2)
        #expect(result.calls == ["a", "c", "b"])
        #expect(result.finished.duration == .seconds(20))
    }

    @Test func `a name with an expression is one for each instance`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              m: { matrix: { e: [ one, two ] }, exclusive: "at-${{ matrix.e }}", fake.run: { command: m, wait: 10s } }
            """)
        let plan = try await fixture.plan(["m"])
        #expect(plan.tasks.map(\.exclusive) == ["at-one", "at-two"])
        #expect(try await fixture.run(plan, jobs: 2).finished.duration == .seconds(10))
    }

    @Test func `an armed undo keeps the name, and lets in what disarms it`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              deploy: { exclusive: x, fake.run: { command: deploy, wait: 1s }, undo: { through: smoke, run: back } }
              other: { needs: [ deploy ], exclusive: x, run: other }
              smoke: { needs: [ deploy ], exclusive: x, fake.run: { command: smoke, wait: 5s } }
            """)
        let result = try await fixture.run(try await fixture.plan(["other", "smoke"]), jobs: 4)
        #expect(result.calls == ["deploy", "smoke", "other"])
        #expect(result.finished.exitStatus == 0)
    }

    @Test func `what another run holds is exit status 75, before anything runs`() async throws {
        let fixture = try EngineFixture("tasks: { z: { run: z }, a: { needs: [ z ], exclusive: x, run: a } }")
        let lock = try #require(
            try FileLock.tryAcquire(
                fixture.folder.path + "/locks/x.lock",
                as: FileLock.Holder(run: "20261126-030000-000-aa", task: "deploy", since: "2026-11-26T03:00:00Z")))
        defer { lock.release() }
        let result = try await fixture.run(try await fixture.plan(["a"]))
        #expect(result.finished.exitStatus == 75)
        #expect(result.calls.isEmpty)
        #expect(
            result.messages.contains {
                $0.contains("'x' is held by deploy of the run 20261126-030000-000-aa")
                    && $0.contains("2026-11-26T03:00:00Z")
            })
    }

    @Test func `waiting counts in no timeout`() async throws {
        let fixture = try EngineFixture(
            "tasks: { a: { timeout: 2m, exclusive: x, fake.run: { command: a, wait: 1m } } }")
        let lock = try #require(
            try FileLock.tryAcquire(
                fixture.folder.path + "/locks/x.lock", as: FileLock.Holder(run: "other")))
        let result = try await fixture.run(
            try await fixture.plan(["a"]), timeout: .seconds(90), lockWait: .forever,
            meanwhile: [(.seconds(3600), { lock.release() })])
        #expect(result.finished.exitStatus == 0)
        #expect(result.calls == ["a"])
        #expect(result.messages.contains { $0.contains("a waits for 'x'") })
    }

    @Test func `a wait with a limit ends with exit status 75`() async throws {
        let fixture = try EngineFixture("tasks: { a: { exclusive: x, run: a }, b: { run: b } }")
        let lock = try #require(
            try FileLock.tryAcquire(
                fixture.folder.path + "/locks/x.lock", as: FileLock.Holder(run: "other")))
        defer { lock.release() }
        let result = try await fixture.run(
            try await fixture.plan(["a", "b"]), keepGoing: true, lockWait: .upTo(.seconds(60)))
        #expect(result.finished.exitStatus == 75)
        #expect(result.calls == ["b"])
    }
}
