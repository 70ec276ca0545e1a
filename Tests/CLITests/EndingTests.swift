import Glibc
import OpsCore
import TestKit
import Testing

/// Every run ends: timeouts, interrupts, and the processes they leave.
@Suite struct EndingTests {
    /// The run of `t` in a recipe with a time limit that was long enough for the file `child`.
    private static func withLimit(
        _ words: String..., recipe: (_ limit: String) -> String
    ) throws -> (ops: OpsProgram, limit: String, result: CommandResult) {
        try TestKit.withLimit { limit in
            let ops = try OpsProgram(recipe(limit.text))
            return (ops, limit.text, try ops.run(["t", "--stream", "raw"] + words))
        } isEnough: {
            try $0.ops.holds("child")
        }
    }

    @Test func aStepsTimeoutEndsItsWholeTree() throws {
        let (ops, limit, result) = try Self.withLimit { limit in
            """
            ops: 1
            tasks:
              t: { steps: [ { timeout: \(limit), run: "sleep 61 & echo $! > child; wait" } ], finally: [ { run: 'echo $OPS_STATUS' } ] }

            """
        }
        #expect(result.text == "timed-out\n")
        #expect(result.errorText.contains("timeout of \(limit) passed"))
        #expect(result.status == 1)
        #expect(try ops.isGone("child"))
    }

    @Test func aTasksTimeoutIsOfAllItsSteps() throws {
        let (ops, limit, result) = try Self.withLimit { limit in
            """
            ops: 1
            tasks:
              t: { timeout: \(limit), steps: [ { run: sleep 0.1 }, { run: "sleep 61 & echo $! > child; wait" } ], on-failure: [ { run: 'echo $OPS_STATUS' } ] }

            """
        }
        #expect(result.text == "timed-out\n")
        #expect(result.errorText.contains("timeout of \(limit) passed"))
        #expect(result.status == 1)
        #expect(try ops.isGone("child"))
    }

    @Test func theRunsTimeoutIs124AndFinallyStillRuns() throws {
        let (ops, _, result) = try Self.withLimit { limit in
            "ops: 1\ntimeout: \(limit)\ntasks: { t: { run: \"sleep 61 & echo $! > child; wait\", finally: [ { run: echo cleaned } ] } }\n"
        }
        #expect(result.text == "cleaned\n")
        #expect(result.status == 124)
        #expect(try ops.isGone("child"))
    }

    @Test func theCommandLinesTimeoutBoundsTheRunToo() throws {
        let ops = try OpsProgram("ops: 1\ntimeout: 1h\ntasks: { t: { run: sleep 10000 } }\n")
        #expect(try ops("t", "--timeout", "200ms").status == 124)
    }

    @Test func whatIgnoresSIGTERMIsKilledAfterTheGrace() throws {
        let (ops, _, result) = try Self.withLimit("--grace", "200ms") { limit in
            "ops: 1\ntimeout: \(limit)\ntasks: { t: { run: \"trap '' TERM; echo $$ > child; while :; do sleep 0.05; done\" } }\n"
        }
        #expect(result.status == 124)
        #expect(try ops.isGone("child"))
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func aSignalCancelsWithCleanUp(signal: Int32, status: Int32) throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { run: "sleep 61 & echo $! > child; touch started; wait", finally: [ { run: 'echo "cleaned $OPS_STATUS"' } ] }
              always: { needs: [ t ], if: always(), run: touch ran }

            """)
        let program = try ops.start(["always", "--stream", "raw"])
        try program.wait(for: ops.project + "/started")
        program.signal(signal)
        let result = try program.end()
        #expect(result.text == "cleaned cancelled\n")
        #expect(result.status == status)
        #expect(try ops.isGone("child"))
        #expect(!ops.exists("ran"))
    }

    @Test func aSecondSIGINTKillsWithoutCleanUp() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { run: "trap ': > told' TERM; echo $$ > child; touch started; while :; do sleep 0.05 || :; done", finally: [ { run: touch cleaned } ] }

            """)
        let program = try ops.start(["t", "--grace", "30s"])
        try program.wait(for: ops.project + "/started")
        program.signal(SIGINT)
        // Two at once may be one.
        try program.wait(for: ops.project + "/told")
        program.signal(SIGINT)
        #expect(try program.end().status == 130)
        #expect(!ops.exists("cleaned"))
        #expect(try ops.isGone("child"))
    }

    @Test func aSecondSIGTERMLetsTheCleanUpGoOn() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { run: "touch started; sleep 61", finally: [ { run: "touch cleaning; sleep 0.3; touch cleaned" } ] }

            """)
        let program = try ops.start(["t"])
        try program.wait(for: ops.project + "/started")
        program.signal(SIGTERM)
        try program.wait(for: ops.project + "/cleaning")
        program.signal(SIGTERM)
        #expect(try program.end().status == 143)
        #expect(ops.exists("cleaned"))
    }

    @Test func processesThatAStepLeftAreEndedWithItsTaskAndNamed() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { steps: [ { run: "sleep 61 >/dev/null 2>&1 & echo $! > child" }, { run: 'kill -0 $(cat child) && echo serves' } ] }

            """)
        let result = try ops("t")
        #expect(result.text.contains("\nserves\n"))
        #expect(result.text.contains("sleep"))
        #expect(result.status == 0)
        #expect(try ops.isGone("child"))
    }

    @Test func confirmWithoutATerminalFailsBeforeAnythingRuns() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              before: { run: touch ran }
              t: { needs: [ before ], confirm: Deploy it?, run: touch ran }

            """)
        let result = try ops("t")
        #expect(
            result.errorText == """
                ops: error: t asks "Deploy it?", and there is no terminal to answer on
                     --yes answers yes to every question

                """)
        #expect(result.status == 2)
        #expect(!ops.exists("ran"))
    }

    @Test(arguments: [["--yes"], ["-y"]])
    func yesAnswersEveryQuestion(words: [String]) throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { confirm: Deploy it?, run: touch ran } }\n")
        #expect(try ops.run(["t"] + words).status == 0)
        #expect(ops.exists("ran"))
    }

    @Test func yesHasAnEnvironmentTwin() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { confirm: Deploy it?, run: touch ran } }\n")
        #expect(try ops("t", environment: ["OPS_YES": "true"]).status == 0)
    }
}
