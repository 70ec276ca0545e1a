import OpsCore
import OpsEngine
import OrderedCollections
import TestKit
import Testing

@Suite struct RunTests {
    @Test func `each task runs once, behind what it needs`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              a: { run: a }
              b: { needs: [ a ], run: b }
              c: { needs: [ a ], run: c }
              d: { needs: [ b, c ], run: d }
            """)
        let result = try await fixture.run(try await fixture.plan(["d", "b"]))
        #expect(result.calls == ["a", "b", "c", "d"])
        #expect(result.finished.exitStatus == 0)
    }

    @Test func `a task behind one that skipped itself starts once`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              a: { if: 1 == 2, run: a }
              b: { needs: [ a ], run: b }
              c: { needs: [ b ], run: c }
            """)
        let result = try await fixture.run(try await fixture.plan(["c"]), jobs: 4)
        #expect(result.calls == ["b", "c"])
        #expect(result.tasks == ["a skipped", "b succeeded", "c succeeded"])
    }

    @Test(arguments: [1, 3]) func `no more run at once than there are jobs`(_ jobs: Int) async throws {
        let fixture = try EngineFixture(
            "tasks: { m: { matrix: { n: [ 1, 2, 3, 4, 5, 6 ] }, fake.run: { command: x, wait: 20ms } } }")
        let result = try await fixture.run(try await fixture.plan(["m"]), jobs: jobs)
        #expect(result.calls.count == 6)
        #expect(result.mostAtOnce == jobs)
    }

    @Test func `max-parallel holds for one task's instances`() async throws {
        let fixture = try EngineFixture(
            "tasks: { m: { matrix: { n: [ 1, 2, 3, 4, 5 ] }, max-parallel: 2, fake.run: { command: x, wait: 20ms } } }")
        let result = try await fixture.run(try await fixture.plan(["m"]), jobs: 8)
        #expect(result.calls.count == 5)
        #expect(result.mostAtOnce == 2)
    }

    private static let failing = """
        tasks:
          bad: { fake.run: { command: bad, wait: 30ms, fail: 3 } }
          slow: { fake.run: { command: slow, wait: 10s } }
          behind: { needs: [ bad ], run: behind }
          other: { needs: [ quick ], run: other }
          quick: { fake.run: { command: quick, wait: 60ms } }
          rescue: { needs: [ bad ], if: failure(), run: rescue }
          far: { needs: [ behind ], if: failure(), run: far }
          last: { needs: [ behind ], if: always(), run: last }
          calm: { needs: [ quick ], if: failure(), run: calm }
        """

    @Test func `the first failure stops new tasks and cancels running ones`() async throws {
        let fixture = try EngineFixture(Self.failing)
        let plan = try await fixture.plan(["behind", "slow", "other", "rescue", "far", "last", "calm"])
        let result = try await fixture.run(plan, jobs: 8)
        #expect(result.finished.exitStatus == 1)
        #expect(result.finished.duration < .seconds(8))
        #expect(Set(result.calls) == ["bad", "slow", "quick", "rescue", "far", "last"])
        #expect(result.taskReasons["slow"] == "cancelled because bad failed")
        #expect(result.taskReasons["behind"] == "bad failed")
        #expect(result.taskReasons["calm"] == "failure() is false")
        #expect(result.tasks.contains("quick cancelled"))
        #expect(result.tasks.count == plan.tasks.count)
    }

    @Test func `keep-going finishes what does not depend on the failure`() async throws {
        let fixture = try EngineFixture(Self.failing)
        let plan = try await fixture.plan(["behind", "other", "rescue", "far", "last", "calm"])
        let result = try await fixture.run(plan, jobs: 8, keepGoing: true)
        #expect(result.finished.exitStatus == 1)
        #expect(Set(result.calls) == ["bad", "quick", "other", "rescue", "far", "last"])
        #expect(result.tasks.contains("behind skipped"))
    }

    @Test func `a tolerated failure stops nothing`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              a: { continue-on-error: true, fake.run: { command: a, fail: 1 } }
              b:
                needs: [ a ]
                steps:
                  - { continue-on-error: true, fake.run: { command: b1, fail: 1 } }
                  - { run: b2 }
            """)
        let result = try await fixture.run(try await fixture.plan(["b"]))
        #expect(result.calls == ["a", "b1", "b2"])
        #expect(result.finished.exitStatus == 0)
    }

    @Test func `an interrupt cancels, starts nothing more, not even always(), and cleans up`() async throws {
        let fixture = try EngineFixture(
            """
            finally: [ { run: recipe-finally } ]
            tasks:
              a: { fake.run: { command: a, wait: 20s }, finally: [ { fake.run: { command: clean, wait: 50ms } } ] }
              b: { needs: [ a ], if: always(), run: b }
              c: { run: c, finally: [ { run: never } ] }
            """)
        let plan = try await fixture.plan(["b", "c"])
        let result = try await fixture.run(plan, jobs: 1, interruptAfter: .milliseconds(100))
        #expect(result.calls == ["a", "clean", "recipe-finally"])
        #expect(result.finished.exitStatus == 130)
        #expect(result.finished.outcome == .cancelled)
        #expect(result.stepOutcomes["a finally 1"] == .succeeded)
        #expect(result.taskReasons["a"] == "interrupted by SIGINT")
    }

    @Test func `an interrupt ends the fetching of secrets`() async throws {
        let fixture = try EngineFixture(
            "secrets: { s: \"fake://slow\" }\ntasks: { a: { env: { S: \"${{ secrets.s }}\" }, run: a } }")
        let result = try await fixture.run(try await fixture.plan(["a"]), interruptAfter: .milliseconds(50))
        #expect(result.finished.exitStatus == 130)
        #expect(result.finished.duration < .seconds(20))
        #expect(result.calls.isEmpty)
    }

    @Test func `the run's own timeout is exit status 124`() async throws {
        let fixture = try EngineFixture(
            "tasks: { a: { fake.run: { command: a, wait: 20s }, finally: [ { run: clean } ] } }")
        let result = try await fixture.run(try await fixture.plan(["a"]), timeout: .milliseconds(50))
        #expect(result.finished.exitStatus == 124)
        #expect(result.finished.outcome == .timedOut)
        #expect(result.calls == ["a", "clean"])
    }

    @Test func `timeouts of tasks and steps`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              t: { timeout: 40ms, fake.run: { command: t, wait: 20s }, on-failure: [ { run: rescue } ] }
              s: { steps: [ { timeout: 40ms, fake.run: { command: s1, wait: 20s } }, { run: s2 } ] }
            """)
        let result = try await fixture.run(try await fixture.plan(["t", "s"]), keepGoing: true)
        #expect(Set(result.tasks) == ["t timed-out", "s timed-out"])
        #expect(Set(result.calls) == ["t", "rescue", "s1"])
        #expect(result.finished.exitStatus == 1)
    }

    @Test func `clean-up: on-failure then finally, each whatever the other did`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              good: { run: good, on-failure: [ { run: no } ], finally: [ { run: f1 } ] }
              bad:
                needs: [ good ]
                fake.run: { command: bad, fail: 2 }
                on-failure: [ { fake.run: { command: r1, fail: 1 } }, { run: r2 } ]
                finally: [ { run: f2 } ]
              never: { needs: [ bad ], run: never, finally: [ { run: never-finally } ] }
            """)
        let result = try await fixture.run(try await fixture.plan(["never"]))
        #expect(result.calls == ["good", "f1", "bad", "r1", "r2", "f2"])
        #expect(result.finished.exitStatus == 1)
    }

    @Test func `a failed finally makes the task failed`() async throws {
        let fixture = try EngineFixture(
            "tasks: { a: { run: a, finally: [ { fake.run: { command: f, fail: 1 } } ] }, b: { needs: [ a ], run: b } }")
        let result = try await fixture.run(try await fixture.plan(["b"]))
        #expect(result.tasks == ["a failed", "b skipped"])
        #expect(result.finished.exitStatus == 1)
    }

    @Test func `retry starts a step again until it succeeds or attempts are used up`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              a: { steps: [ { retry: { attempts: 3, delay: 1ms }, fake.run: { command: a, fail-first: 2 } } ] }
              b: { needs: [ a ], steps: [ { retry: { attempts: 2, delay: 1ms }, fake.run: { command: b, fail: 1 } } ] }
            """)
        let result = try await fixture.run(try await fixture.plan(["b"]))
        #expect(result.calls == ["a", "a", "a", "b", "b"])
        #expect(result.tasks == ["a succeeded", "b failed"])
    }

    @Test func `outputs reach what needs them; of a matrix they are lists`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              one: { run: one, returns: text }
              m: { matrix: { n: [ 1, 2 ] }, if: matrix.n == 1, run: m, returns: text }
              both:
                needs: [ one, m ]
                steps: [ { id: s, run: s, returns: text } ]
                outputs: { sum: "${{ needs.one.outputs.text }}+${{ steps.s.outputs.text }}", list: "${{ needs.m.outputs.text }}" }
              end: { needs: [ both ], fake.run: "${{ needs.both.outputs.sum }}" }
            """)
        let result = try await fixture.run(try await fixture.plan(["end"]))
        #expect(result.taskOutputs["both"]?["sum"] == .string("made by one+made by s"))
        #expect(result.taskOutputs["both"]?["list"] == .list([.string("made by m"), .null]))
        #expect(result.calls.last == "made by one+made by s")
    }

    @Test func `outputs known when planned are those of the run`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              a: { fake.make: { to: dist/a } }
              b: { needs: [ a ], steps: [ { id: s, fake.make: { to: b } } ], outputs: { x: "${{ needs.a.outputs.digest }}, ${{ steps.s.outputs.digest }}" } }
            """)
        let plan = try await fixture.plan(["b"])
        let result = try await fixture.run(plan)
        for task in plan.tasks {
            #expect(!task.outputs.isEmpty && !Value.map(task.outputs).containsUnknown)
            #expect(Value.map(result.taskOutputs[task.id.description] ?? [:]) == .map(task.outputs))
        }
    }

    @Test func `secrets are fetched and masked; one that is missing stops the run before its first task`() async throws
    {
        let fixture = try EngineFixture(
            """
            secrets: { s: { from: [ "fake://gone", "fake://there-it-is" ] }, lost: "fake://gone" }
            tasks:
              a: { env: { SAY: "<${{ secrets.s }}>" }, run: a }
              b: { fake.run: { command: b, password: "${{ secrets.lost }}" } }
            """)
        let good = try await fixture.run(try await fixture.plan(["a"]))
        #expect(good.output.contains("value-of-there-it-is") == false)
        #expect(good.output == "<[masked:s]>" || good.output.contains("masked"))
        let bad = try await fixture.run(try await fixture.plan(["b"]))
        #expect(bad.finished.exitStatus == 2)
        #expect(bad.calls == ["a"])
        #expect(bad.messages.contains { $0.contains("'lost'") }, "\(bad.messages)")
    }
}
