import Glibc
import TestKit
import Testing

/// Undo, clean-up and retry through the program.
@Suite struct UndoTests {
    private static let deployment = """
        ops: 1
        tasks:
          deploy:
            steps:
              - { id: old, run: cat version, returns: version }
              - run: echo two > version
                undo:
                  through: smoke
                  run: 'echo "$OLD" > version; echo "back: $OPS_STATUS $OPS_EXIT_CODE $OPS_ERROR"'
                  env: { OLD: "${{ steps.old.outputs.version }}" }
          smoke:
            needs: [ deploy ]
            run: "touch started; [ ! -e slow ] || sleep 60; exit $(cat health)"
            on-failure: [ { run: 'echo "told: $(cat version)"' } ]
        finally: [ { run: 'echo "end: $OPS_STATUS $OPS_EXIT_CODE"' } ]

        """

    private func program(health: Int) throws -> OpsProgram {
        let ops = try OpsProgram(Self.deployment)
        try ops.write("version", "one\n")
        try ops.write("health", "\(health)")
        return ops
    }

    @Test func aFailedHealthCheckRollsBackBeforeItIsTold() throws {
        let ops = try program(health: 7)
        let result = try ops("smoke", "--stream", "raw")
        #expect(result.status == 1)
        #expect(
            result.text.hasPrefix("one\nback: failed 7 exit status 7 of")
                && result.text.hasSuffix("told: one\nend: failed 7\n"),
            "\(result.text)")
        #expect(try ops.text("version") == "one\n")
    }

    @Test func aHealthyOneStays() throws {
        let ops = try program(health: 0)
        #expect(try ops("smoke", "--stream", "raw").text == "one\nend: succeeded \n")
        #expect(try ops.text("version") == "two\n")
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP] as [Int32]) func anInterruptRollsBack(signal: Int32) throws {
        let ops = try program(health: 0)
        try ops.write("slow", "")
        let run = try ops.start(["smoke", "--stream", "raw"])
        try run.wait(for: ops.project + "/started")
        run.signal(signal)
        let result = try run.end()
        #expect(result.status == 128 + signal)
        #expect(result.text.contains("back: cancelled"))
        #expect(try ops.text("version") == "one\n")
    }

    @Test func thePlanListsTheUndoAndWhatDisarmsIt() throws {
        let ops = try program(health: 0)
        let plan = try ops("plan", "smoke")
        #expect(plan.text.contains("undo, armed until 'smoke' succeeds:\n            $ echo \"$OLD\" > version;"))
        let alone = try ops("plan", "deploy")
        #expect(alone.errorText.contains("'smoke' is not in this plan"))
        #expect(alone.status == 0)
    }

    @Test func eachAttemptIsAnEvent() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                run: 'echo "try $OPS_ATTEMPT"; [ "$OPS_ATTEMPT" = 3 ] || exit 75'
                retry: { attempts: 5, delay: 1ms, exit-codes: [ 75 ], jitter: 1 }

            """)
        let result = try ops("t", "--log-format", "json")
        #expect(result.status == 0)
        let attempts = result.text.matches(of: /"event":"step-started".*"attempt":(\d)/).map { String($0.1) }
        #expect(attempts == ["1", "2", "3"])
        #expect(try ops("logs").text.contains("try 1\ntry 2\ntry 3\n"))
    }
}
