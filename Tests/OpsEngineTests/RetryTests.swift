import OpsCore
import OpsEngine
import OrderedCollections
import TestKit
import Testing

/// Retry, with every wait on a clock that jumps.
@Suite struct RetryTests {
    private func seconds(_ fixture: EngineFixture) -> [Double] { fixture.record.spans.map { Double($0.start) / 1e9 } }

    @Test func `the wait grows by backoff up to max-delay`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              t:
                fake.run: { command: t, fail: 75 }
                retry: { attempts: 5, delay: 10s, backoff: 3, max-delay: 1m }
            """)
        let result = try await fixture.run(try await fixture.plan(["t"]))
        #expect(seconds(fixture) == [0, 10, 40, 100, 160])
        #expect(result.startedSteps.count == 5)
        #expect(result.finished.exitStatus == 1)
    }

    @Test func `jitter takes away a part of the wait, the same for the same seed`() async throws {
        func starts(_ seed: UInt64) async throws -> [Double] {
            let fixture = try EngineFixture(
                """
                tasks:
                  t: { fake.run: { command: t, fail: 1 }, retry: { attempts: 20, delay: 10s, jitter: 0.5 } }
                """)
            _ = try await fixture.run(try await fixture.plan(["t"]), seed: seed)
            return seconds(fixture)
        }
        let first = try await starts(7)
        let waits = zip(first.dropFirst(), first).map { $0 - $1 }
        #expect(waits.allSatisfy { (5.0...10.0).contains($0) })
        #expect(Set(waits).count > 10)
        #expect(try await starts(7) == first)
        #expect(try await starts(8) != first)
    }

    @Test func `only the exit statuses named are tried again`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              a: { fake.run: { command: a, fail: 1 }, retry: { attempts: 3, exit-codes: [ 75 ] } }
              b: { fake.run: { command: b, fail: 75 }, retry: { attempts: 3, exit-codes: [ 75 ] } }
            """)
        let result = try await fixture.run(try await fixture.plan(["a", "b"]), keepGoing: true)
        #expect(result.calls.count { $0 == "a" } == 1)
        #expect(result.calls.count { $0 == "b" } == 3)
    }

    @Test func `the timeout is of each attempt`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              t: { timeout: 1m, fake.run: { command: t, wait: 2m }, retry: { attempts: 2, delay: 30s } }
            """)
        let result = try await fixture.run(try await fixture.plan(["t"]))
        #expect(seconds(fixture) == [0, 90])
        #expect(result.finished.duration == .seconds(150))
        #expect(result.tasks == ["t timed-out"])
    }

    @Test func `a task's retry starts its steps again from the first, its timeout is of each attempt`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              t:
                retry: { attempts: 3, delay: 10s }
                timeout: 1m
                steps:
                  - { run: one, undo: { run: back } }
                  - { fake.run: { command: two, wait: 40s, fail-first: 2 } }
                outputs: { x: done }
              u: { needs: [ t ], run: u }
            """)
        let result = try await fixture.run(try await fixture.plan(["u"]))
        #expect(result.calls == ["one", "two", "one", "two", "one", "two", "u"])
        #expect(result.finished.exitStatus == 0)
        #expect(result.finished.duration == .seconds(140))
        #expect(result.taskOutputs["t"] == ["x": .string("done")])
    }

    @Test func `a task joined by two dependents is not run again for the other one`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              base: { run: base }
              a: { needs: [ base ], fake.run: { command: a, fail-first: 2 }, retry: { attempts: 3 } }
              b: { needs: [ base ], run: b }
            """)
        let result = try await fixture.run(try await fixture.plan(["a", "b"]))
        #expect(result.calls.count { $0 == "base" } == 1)
        #expect(result.calls.count { $0 == "a" } == 3)
        #expect(result.finished.exitStatus == 0)
    }

    @Test func `a cancelled attempt is never tried again`() async throws {
        let fixture = try EngineFixture(
            "tasks: { t: { fake.run: { command: t, wait: 1h }, retry: { attempts: 5 } } }")
        let result = try await fixture.run(try await fixture.plan(["t"]), interruptAfter: .seconds(60))
        #expect(result.calls == ["t"])
        #expect(result.finished.exitStatus == 130)
    }

    @Test func `the end of a run does not depend on the wall clock`() async throws {
        let fixture = try EngineFixture(
            "tasks: { t: { fake.run: { command: t, fail-first: 1 }, retry: { attempts: 2, delay: 1h } } }")
        let clock = fixture.clock
        let result = try await fixture.run(
            try await fixture.plan(["t"]), meanwhile: [(.seconds(60), { clock.wallStart -= 7200 })])
        #expect(result.finished.duration == .seconds(3600))
        #expect(result.finished.exitStatus == 0)
    }
}
