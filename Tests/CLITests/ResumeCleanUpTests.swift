import Glibc
import TestKit
import Testing

/// Undo, `finally` and what else is special in a resumed run.
@Suite struct ResumeCleanUpTests {
    @Test func undosOfFinishedStepsAreArmedAgainWithTheirValues() throws {
        let recipe = """
            ops: 1
            defaults: { shell: sh }
            tasks:
              deploy:
                steps:
                  - { id: old, run: 'echo old >> log; printf v1', returns: digest }
                  - run: echo deploy >> log
                    undo: { through: smoke, run: 'echo "undo to $OLD" >> log', env: { OLD: "${{ steps.old.outputs.digest }}" } }
              smoke:
                needs: [ deploy ]
                run: 'echo smoke >> log; test -e started && exit 1; touch started; sleep 600'

            """
        let ops = try OpsProgram(recipe)
        let id = try ops.killed(["smoke"])
        #expect(try ops.text("log") == "old\ndeploy\nsmoke\n")
        #expect(try ops("resume", id).status == 1)
        #expect(try ops.text("log") == "old\ndeploy\nsmoke\nsmoke\nundo to v1\n")
        // What was undone is done again.
        try run(["sed", "-i", "s/exit 1/exit 0/", ops.project + "/ops.yaml"])
        let last = try ops("resume", id, "--force")
        #expect(last.status == 0, "\(last.errorText)\(last.text)")
        #expect(try ops.text("log") == "old\ndeploy\nsmoke\nsmoke\nundo to v1\nold\ndeploy\nsmoke\n")
    }

    @Test func aRunThatDiedInItsCleanUpFinishesItFirst() throws {
        let recipe = """
            ops: 1
            defaults: { shell: sh }
            tasks:
              a:
                steps:
                  - { run: echo a-1 >> log, undo: { run: echo undo-1 >> log } }
                  - { run: 'echo a-2 >> log', undo: { run: 'echo "undo-2 $OPS_STATUS" >> log; test -e started && exit 0; touch started; sleep 600' } }
                  - { run: 'echo a-3 >> log; test -e started || exit 3' }
                on-failure: [ { run: 'echo "failed $OPS_EXIT_CODE" >> log' } ]
                finally: [ { run: echo finally >> log } ]

            """
        let ops = try OpsProgram(recipe)
        let id = try ops.killed(["a"])
        #expect(try ops.text("log") == "a-1\na-2\na-3\nundo-2 failed\n")
        let result = try ops("resume", id)
        #expect(result.status == 0, "\(result.errorText)\(result.text)")
        #expect(
            try ops.text("log") == """
                a-1
                a-2
                a-3
                undo-2 failed
                undo-2 failed
                undo-1
                failed 3
                finally
                a-1
                a-2
                a-3
                finally

                """)
        #expect(result.text.contains("a, undo 2 was running when the run died: it is run again\n"))
    }

    @Test func aTaskThatDiedInItsFinallyAfterSuccessIsNotRepeated() throws {
        let recipe = """
            ops: 1
            defaults: { shell: sh }
            tasks:
              a:
                steps: [ { id: x, run: 'echo a >> log; printf 7', returns: n } ]
                outputs: { n: "${{ steps.x.outputs.n }}" }
                finally:
                  - run: echo finally-1 >> log
                  - run: 'echo finally-2 >> log; test -e started && exit 0; touch started; sleep 600'
              b: { needs: [ a ], run: 'echo "b $N" >> log', env: { N: "${{ needs.a.outputs.n }}" } }

            """
        let ops = try OpsProgram(recipe)
        let id = try ops.killed(["b"])
        let result = try ops("resume", id)
        #expect(result.status == 0, "\(result.errorText)\(result.text)")
        #expect(try ops.text("log") == "a\nfinally-1\nfinally-2\nfinally-2\nb 7\n")
    }

    @Test func aSecretOutputIsMadeAgain() throws {
        let recipe = """
            ops: 1
            defaults: { shell: sh }
            tasks:
              a:
                steps:
                  - { run: echo a-1 >> log }
                  - { id: token, run: 'echo a-2 >> log; printf "token=s3cret-%s\\n" word >> "$OPS_OUTPUT"', returns: { token: secret } }
                  - { run: 'echo "a-3 ${#TOKEN}" >> log; test -e good', env: { TOKEN: "${{ steps.token.outputs.token }}" } }

            """
        let ops = try OpsProgram(recipe)
        #expect(try ops("a").status == 1)
        try ops.write("good", "")
        #expect(try ops("resume").status == 0)
        #expect(try ops.text("log") == "a-1\na-2\na-3 11\na-2\na-3 11\n")
        #expect(try run(["grep", "-r", "s3cret-word", ops.state]).status == 1)
    }

    @Test func aTaskThatFailedIsRetriedAndWhatWasSkippedRuns() throws {
        let recipe = """
            ops: 1
            defaults: { shell: sh }
            tasks:
              a: { run: 'echo a >> log' }
              b: { run: 'echo b >> log; test -e good' }
              never: { if: 1 == 2, run: echo never >> log }
              asked: { needs: [ a ], if: "needs.a.result != 'succeeded'", run: echo asked >> log }
              c: { needs: [ a, b, never, asked ], run: echo c >> log }
            finally: [ { run: echo end >> log } ]

            """
        let ops = try OpsProgram(recipe)
        #expect(try ops("c", "-j", "1").status == 1)
        try ops.write("good", "")
        let result = try ops("resume")
        #expect(result.status == 0, "\(result.errorText)\(result.text)")
        #expect(try ops.text("log") == "a\nb\nend\nb\nc\nend\n")
    }

    @Test func anInterruptedRunGoesOn() throws {
        let recipe = """
            ops: 1
            defaults: { shell: sh }
            tasks:
              a: { steps: [ { run: echo a-1 >> log }, { run: 'echo a-2 >> log; test -e started && exit 0; touch started; sleep 600' } ] }

            """
        let ops = try OpsProgram(recipe)
        let running = try ops.start(["a"])
        try running.wait(for: ops.project + "/started")
        running.signal(SIGINT)
        #expect(try running.end().status == 130)
        #expect(try ops("runs").text.contains("interrupted"))
        let result = try ops("resume")
        #expect(result.status == 0)
        #expect(!result.text.contains("was running when the run died"))
        #expect(try ops.text("log") == "a-1\na-2\na-2\n")
    }
}
