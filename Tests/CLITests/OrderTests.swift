import TestKit
import Testing

/// Conditions, needs, and what a failure does to the rest.
@Suite struct OrderTests {
    /// What each task of the run ended as, from the JSON report: `name outcome` or `name outcome: reason`.
    private func outcomes(_ ops: OpsProgram, _ words: String...) throws -> Set<String> {
        let result = try ops.run(words + ["--log-format", "json"])
        let file = try ops.write("report.jsonl", result.text)
        let script = """
            import json,sys
            for line in open(sys.argv[1]):
                e = json.loads(line)
                if e["event"] == "task-finished":
                    reason = e.get("reason")
                    instance = e.get("instance")
                    print(e["task"] + (instance or "") + " " + e["outcome"] + (": " + reason if reason else ""))
            """
        return Set(try run(["python3", "-c", script, file]).text.split(separator: "\n").map(String.init))
    }

    @Test func aNeedThatSkippedItselfCountsAsSatisfied() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              off: { if: "false", run: touch ran }
              undecided: { if: env.NEVER != null, run: touch ran }
              t: { needs: [ off, undecided ], run: echo t }

            """)
        #expect(
            try outcomes(ops, "t") == [
                "off skipped: false is false", "undecided skipped: env.NEVER != null is false", "t succeeded",
            ])
        #expect(!ops.exists("ran"))
    }

    @Test func aTaskBehindASkippedNeedStartsOnce() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              off: { if: "false", run: echo }
              t: { needs: [ off ], run: echo once >> times }

            """)
        #expect(try ops("t").status == 0)
        #expect(try ops.text("times") == "once\n")
    }

    @Test func failureStatusFunctionsDecideAfterAFailedNeed() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              bad: { run: exit 3 }
              after: { needs: [ bad ], run: echo }
              plain-success: { needs: [ bad ], if: success(), run: echo }
              rescue: { needs: [ after ], if: failure(), run: echo }
              always: { needs: [ after ], if: always(), run: echo }
              fine: { run: echo }
              no-rescue: { needs: [ fine ], if: failure(), run: echo }
              all: { needs: [ rescue, always, plain-success, no-rescue ] }

            """)
        let expected: Set = [
            "bad failed", "fine succeeded", "after skipped: bad failed", "plain-success skipped: bad failed",
            "rescue succeeded", "always succeeded", "no-rescue skipped: failure() is false",
            "all skipped: plain-success was skipped",
        ]
        #expect(try outcomes(ops, "all", "--keep-going") == expected)
    }

    @Test func failureAndAlwaysStillStartWithoutKeepGoing() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              bad: { run: exit 3 }
              rescue: { needs: [ bad ], if: failure(), run: touch rescued }
              always: { needs: [ bad ], if: always(), run: touch cleaned }

            """)
        #expect(try ops("rescue", "always").status == 1)
        #expect(ops.exists("rescued") && ops.exists("cleaned"))
    }

    @Test func theFirstFailureStopsNewTasks() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              bad: { run: exit 3 }
              independent: { run: touch ran }
              all: { needs: [ bad, independent ] }

            """)
        let found = try outcomes(ops, "all", "-j", "1")
        #expect(
            found == [
                "bad failed", "independent skipped: stopped after bad failed", "all skipped: bad failed",
            ])
        #expect(!ops.exists("ran"))
    }

    @Test func keepGoingFinishesWhatDoesNotDependOnTheFailure() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              bad: { run: exit 3 }
              independent: { run: touch ran }
              all: { needs: [ bad, independent ] }

            """)
        let found = try outcomes(ops, "all", "-j", "1", "--keep-going")
        #expect(found == ["bad failed", "independent succeeded", "all skipped: bad failed"])
        #expect(ops.exists("ran"))
    }

    @Test func aFailureCancelsARunningSiblingAndItsGrandchild() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              slow: { run: "sleep 61 & echo $! > grandchild; touch started; wait" }
              bad: { run: "while ! test -e started; do sleep 0.01; done; exit 5" }

            """)
        #expect(
            try outcomes(ops, "slow", "bad", "-j", "2") == [
                "bad failed", "slow cancelled: cancelled because bad failed",
            ])
        #expect(try ops.isGone("grandchild"))
    }

    @Test func continueOnErrorOfATaskToleratesItsFailure() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              bad: { continue-on-error: true, run: exit 3 }
              t: { needs: [ bad ], run: [ echo, "${{ needs.bad.result }}" ] }

            """)
        let result = try ops("t", "--stream", "raw")
        #expect(result.text == "failed\n")
        #expect(result.status == 0)
    }

    @Test func continueOnErrorOfAStepGoesOnWithTheNext() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - { id: bad, continue-on-error: true, run: exit 3 }
                  - { run: [ echo, "${{ steps.bad.result }}" ] }

            """)
        let result = try ops("t", "--stream", "raw")
        #expect(result.text == "failed\n")
        #expect(result.status == 0)
    }

    @Test func aStepsConditionSkipsOnlyThatStep() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - { id: a, run: printf no, returns: word }
                  - { if: steps.a.outputs.word == 'yes', run: echo skipped }
                  - { if: steps.a.outputs.word == 'no', run: echo; }

            """)
        let result = try ops("t", "-v")
        #expect(result.status == 0)
        #expect(!result.text.contains("\nskipped\n"))
    }

    @Test func anUndecidedConditionIsShownByThePlan() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              a: { run: printf yes, returns: word }
              t: { needs: [ a ], if: needs.a.outputs.word == 'yes', run: echo ran }

            """)
        let plan = try ops("plan", "t")
        #expect(
            plan.text == """
                Plan of t  (ops.yaml)

                ● a
                    $ printf yes
                        unknown  word

                ◐ t  after a
                    undecided: if needs.a.outputs.word == 'yes'
                    $ echo ran

                2 tasks: 1 run, 1 undecided. Nothing was run.

                """)
        #expect(try ops("t", "--stream", "raw").text.hasSuffix("ran\n"))
    }

    @Test func onFailureThenFinallyRunWithTheStatus() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps: [ { run: exit 7 } ]
                on-failure: [ { run: 'echo "on-failure $OPS_STATUS"; exit 1' }, { run: echo second } ]
                finally: [ { run: 'echo "finally $OPS_STATUS"' } ]

            """)
        let result = try ops("t", "--stream", "raw")
        #expect(result.text == "on-failure failed\nsecond\nfinally failed\n")
        #expect(result.status == 1)
    }

    @Test func finallyRunsAfterSuccessAndOnFailureDoesNot() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { run: echo did, on-failure: [ { run: echo bad } ], finally: [ { run: 'echo "finally $OPS_STATUS"' } ] }

            """)
        let result = try ops("t", "--stream", "raw")
        #expect(result.text == "did\nfinally succeeded\n")
        #expect(result.status == 0)
    }

    @Test func finallyThatFailsMakesTheTaskFailed() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { run: echo did, finally: [ { run: exit 2 }, { run: echo still } ] } }\n")
        let result = try ops("t", "--stream", "raw")
        #expect(result.text == "did\nstill\n")
        #expect(result.status == 1)
    }

    @Test func finallyDoesNotRunWhereANeedFailed() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              bad: { run: exit 3 }
              t: { needs: [ bad ], run: echo, finally: [ { run: touch ran } ] }

            """)
        #expect(try ops("t").status == 1)
        #expect(!ops.exists("ran"))
    }

    @Test func theRecipesOwnFinallyRunsOnceAtTheEnd() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks: { a: { run: echo a }, b: { needs: [ a ], run: exit 1 } }
            on-failure: [ { run: 'echo "run $OPS_STATUS"' } ]
            finally: [ { run: echo end } ]

            """)
        #expect(try ops("b", "--stream", "raw").text == "a\nrun failed\nend\n")
        #expect(try ops("a", "--stream", "raw").text == "a\nend\n")
    }

    @Test func maxParallelBoundsAMatrixTask() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                matrix: { n: [ 1, 2, 3 ] }
                max-parallel: 1
                run: mkdir lock; sleep 0.02; rmdir lock

            """)
        #expect(try ops("t", "-j", "3").status == 0)
    }

    @Test func aCycleIsShown() throws {
        let result = try OpsProgram(
            "ops: 1\ntasks:\n  a: { needs: [ b ] }\n  b: { needs: [ c ] }\n  c: { needs: [ a ] }\n")("a")
        #expect(result.status == 2)
        #expect(result.errorText.contains("a → b → c → a") || result.errorText.contains("a -> b -> c -> a"))
    }
}
