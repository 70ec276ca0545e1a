import OpsCore
import OpsEngine
import OrderedCollections
import TestKit
import Testing

/// Undo and clean-up (ops-recipe(5), "Clean-up").
@Suite struct UndoTests {
    private func run(
        _ yaml: String, _ tasks: [String], jobs: Int = 2, keepGoing: Bool = false, timeout: Duration? = nil,
        interruptAfter: Duration? = nil
    ) async throws -> RunResult {
        let fixture = try EngineFixture(yaml)
        return try await fixture.run(
            try await fixture.plan(tasks), jobs: jobs, keepGoing: keepGoing, timeout: timeout,
            interruptAfter: interruptAfter)
    }

    @Test func `the undos of a failed task run newest first, then on-failure, then finally`() async throws {
        let result = try await run(
            """
            tasks:
              t:
                steps:
                  - { run: one, undo: { run: undo-one } }
                  - { run: two, undo: { run: undo-two } }
                  - { fake.run: { command: three, fail: 3 }, undo: { run: undo-three } }
                  - { run: four, undo: { run: undo-four } }
                on-failure: [ { run: rescue } ]
                finally: [ { run: last } ]
            """, ["t"])
        #expect(
            result.calls == ["one", "two", "three", "undo-three", "undo-two", "undo-one", "rescue", "last"])
        #expect(result.finished.exitStatus == 1)
        #expect(result.stepOutcomes["t undo 3"] == .succeeded)
    }

    @Test func `a task that succeeds disarms its undos`() async throws {
        let result = try await run(
            "tasks: { a: { run: a, undo: { run: undo-a } }, b: { needs: [ a ], fake.run: { command: b, fail: 1 } } }",
            ["b"])
        #expect(result.calls == ["a", "b"])
    }

    private static let deployment = """
        tasks:
          deploy: { run: deploy, undo: { through: smoke, run: roll-back }, finally: [ { run: deploy-finally } ] }
          migrate: { needs: [ deploy ], run: migrate, undo: { through: smoke, run: migrate-back } }
          smoke:
            needs: [ migrate ]
            fake.run: { command: smoke, fail: 1 }
            on-failure: [ { run: tell } ]
            finally: [ { run: smoke-finally } ]
          behind: { needs: [ smoke ], run: behind }
        """

    @Test func `through another task: undone across tasks, newest first, before its on-failure`() async throws {
        let result = try await run(Self.deployment, ["behind"])
        #expect(
            result.calls == [
                "deploy", "deploy-finally", "migrate", "smoke", "migrate-back", "roll-back", "tell", "smoke-finally",
            ])
        #expect(result.finished.exitStatus == 1)
    }

    @Test func `through another task that succeeds: disarmed`() async throws {
        let yaml = Self.deployment.replacing(", fail: 1", with: "")
            .replacing("run: behind }", with: "fake.run: { command: behind, fail: 1 } }")
        let result = try await run(yaml, ["behind"])
        #expect(result.calls == ["deploy", "deploy-finally", "migrate", "smoke", "smoke-finally", "behind"])
    }

    @Test func `a task between that fails: what can no more be disarmed is undone before its own on-failure`()
        async throws
    {
        let yaml = Self.deployment.replacing(
            "run: migrate, undo: { through: smoke, run: migrate-back }",
            with: "fake.run: { command: migrate, fail: 4 }, on-failure: [ { run: sorry } ]")
        let result = try await run(yaml, ["behind"])
        #expect(result.calls == ["deploy", "deploy-finally", "migrate", "roll-back", "sorry"])
    }

    @Test func `a task not in the plan cannot disarm: the undo ends with its own task, and the plan says so`()
        async throws
    {
        let fixture = try EngineFixture(Self.deployment)
        let plan = try await fixture.plan(["deploy"])
        #expect(plan.warnings.contains { $0.message.contains("'smoke' is not in this plan") })
        let result = try await fixture.run(plan)
        #expect(result.calls == ["deploy", "deploy-finally"])
        #expect(result.finished.exitStatus == 0)
    }

    @Test func `a disarming task that is skipped has not succeeded`() async throws {
        let result = try await run(
            """
            tasks:
              deploy: { run: deploy, undo: { through: smoke, run: roll-back } }
              smoke: { needs: [ deploy ], if: 1 == 2, run: smoke }
            """, ["smoke"])
        #expect(result.calls == ["deploy", "roll-back"])
        #expect(result.finished.exitStatus == 0)
    }

    @Test func `an interrupt undoes what is armed, also of tasks that are done`() async throws {
        let yaml = Self.deployment.replacing("command: smoke, fail: 1", with: "command: smoke, wait: 1h")
        let result = try await run(yaml, ["behind"], interruptAfter: .seconds(60))
        #expect(
            result.calls == [
                "deploy", "deploy-finally", "migrate", "smoke", "migrate-back", "roll-back", "tell", "smoke-finally",
            ])
        #expect(result.finished.exitStatus == 130)
    }

    @Test func `the run's timeout and a step's undo alike`() async throws {
        let result = try await run(
            """
            tasks:
              t: { fake.run: { command: t, wait: 2h }, undo: { fake.run: { command: back, wait: 1m } } }
            """, ["t"], timeout: .seconds(3600))
        #expect(result.calls == ["t", "back"])
        #expect(result.finished.exitStatus == 124)
        #expect(result.finished.duration == .seconds(3660))
    }

    @Test func `an undo that hangs ends at its own bound, and stops no other`() async throws {
        let result = try await run(
            """
            tasks:
              t:
                steps:
                  - { run: one, undo: { run: undo-one } }
                  - { fake.run: { command: two, fail: 1 }, undo: { fake.run: { command: hang, wait: 9h } } }
            """, ["t"])
        #expect(result.calls == ["one", "two", "hang", "undo-one"])
        #expect(result.finished.duration == .seconds(300))
        #expect(result.stepOutcomes["t undo 2"] == .timedOut)
    }

    @Test func `a failed undo fails the run, and is named`() async throws {
        let result = try await run(
            """
            tasks:
              deploy: { run: deploy, undo: { through: smoke, fake.run: { command: back, fail: 9 } } }
              smoke: { needs: [ deploy ], if: 1 == 2, run: smoke }
            """, ["smoke"])
        #expect(result.calls == ["deploy", "back"])
        #expect(result.finished.exitStatus == 1)
        #expect(result.finished.reason == "clean-up failed")
    }

    @Test func `a step that did not start has no undo, a skipped one neither`() async throws {
        let result = try await run(
            """
            tasks:
              t:
                steps:
                  - { if: 1 == 2, run: one, undo: { run: undo-one } }
                  - { fake.run: { command: two, fail: 1 } }
                  - { run: three, undo: { run: undo-three } }
            """, ["t"])
        #expect(result.calls == ["two"])
    }

    @Test func `finally does not run where a need failed first`() async throws {
        let result = try await run(
            """
            tasks:
              a: { fake.run: { command: a, fail: 1 } }
              b: { needs: [ a ], run: b, on-failure: [ { run: b-failure } ], finally: [ { run: b-finally } ] }
            """, ["b"])
        #expect(result.calls == ["a"])
    }

    @Test func `a failure cancels what runs beside it at once, not after its clean-up`() async throws {
        let result = try await run(
            """
            tasks:
              bad: { fake.run: { command: bad, wait: 1s, fail: 1 }, finally: [ { fake.run: { command: slow, wait: 2m } } ] }
              other: { fake.run: { command: other, wait: 1h } }
            """, ["bad", "other"])
        #expect(result.finished.duration == .seconds(121))
        #expect(result.taskReasons["other"] == "cancelled because bad failed")
        #expect(result.tasks == ["other cancelled", "bad failed"])
    }
}
