import OpsCore
import TestKit
import Testing

/// Steps that run scripts and commands: shells, standard input, standard output to a file.
@Suite struct StepTests {
    private func raw(_ steps: String) throws -> (ops: OpsProgram, result: CommandResult) {
        let ops = try OpsProgram("ops: 1\ntasks:\n  t:\n    steps:\n\(steps)\n")
        return (ops, try ops("t", "--stream", "raw"))
    }

    @Test func standardInputIsEmptyUnlessGiven() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks:\n  t:\n    steps:\n      - { run: cat; echo end }\n      - { run: cat, stdin: given }\n")
        let result = try ops.run(["t", "--stream", "raw"], input: Array("of ops\n".utf8))
        #expect(result.text == "end\ngiven")
    }

    @Test func standardOutputGoesToAFileWhole() throws {
        let (ops, result) = try raw("      - { run: 'printf a; printf b', stdout: out.txt }")
        #expect(try ops.text("out.txt") == "ab")
        #expect(result.text.isEmpty)
    }

    @Test func standardOutputOfAFailedStepLeavesNoFile() throws {
        let (ops, result) = try raw("      - { run: 'echo part; exit 1', stdout: out.txt }")
        #expect(result.status == 1)
        #expect(!ops.exists("out.txt"))
    }

    @Test func standardOutputOfAFailedStepLeavesTheOldFile() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: 'echo part; exit 1', stdout: out.txt } }\n")
        try ops.write("out.txt", "old")
        #expect(try ops("t").status == 1)
        #expect(try ops.text("out.txt") == "old")
    }

    @Test func bashFailsAtTheFirstErrorAlsoOfAPipe() throws {
        #expect(try raw("      - { run: 'false; echo no' }").result.text.isEmpty)
        #expect(try raw("      - { run: 'false | true; echo no' }").result.text.isEmpty)
    }

    @Test func shRunsWithE() throws {
        let (_, result) = try raw("      - { shell: sh, run: 'echo $-; false; echo no' }")
        #expect(result.text == "e\n")
        #expect(result.status == 1)
    }

    @Test func pythonIsAShell() throws {
        #expect(try raw("      - { shell: python3, run: 'print(6 * 7)' }").result.text == "42\n")
    }

    @Test func aListIsAShellThatGetsTheScriptsFile() throws {
        #expect(try raw("      - { shell: [ cat ], run: 'any text $HOME' }").result.text.hasPrefix("any text $HOME"))
    }

    @Test func aShellThatIsNotInstalledIsReportedBeforeAnythingRuns() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              before: { run: touch ran }
              t: { needs: [ before ], shell: [ no-such-shell ], run: echo }

            """)
        let result = try ops("t")
        #expect(result.errorText.hasPrefix("ops.yaml:4:"))
        #expect(result.errorText.contains("error: the program 'no-such-shell' is not installed"))
        #expect(result.status == 2)
        #expect(!ops.exists("ran"))
    }

    @Test func aCommandThatIsNotFoundFailsItsStepWithItsName() throws {
        let result = try OpsProgram("ops: 1\ntasks: { t: { run: [ no-such-program ] } }\n")("t")
        #expect((result.text + result.errorText).contains("no-such-program"))
        #expect(result.status == 1 || result.status == 2)
    }

    @Test func aCommandsListValueIsSplicedAndItsTextIsOneArgument() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            vars: { flags: [ -a, "b c" ] }
            tasks: { t: { run: [ printf, "<%s>", "${{ vars.flags }}", "x ${{ join(vars.flags, ' ') }}", "" ] } }

            """)
        #expect(try ops("t", "--stream", "raw").text == "<-a><b c><x -a b c><>")
    }

    @Test func aFailureNamesTheStepTheCommandItsStatusAndItsLastLines() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - name: Compile
                    run: |
                      echo the reason
                      exit 9

            """)
        let result = try ops("t", "-q")
        #expect(result.status == 1)
        for part in ["t  failed", "Compile", "exit status 9", "the reason", "ops.yaml:6:"] {
            #expect(result.text.contains(part), "\(part)")
        }
    }

    @Test func aSignalIsNamed() throws {
        let result = try OpsProgram("ops: 1\ntasks: { t: { run: kill -SEGV $$ } }\n")("t", "-q")
        #expect(result.text.contains("SIGSEGV"))
        #expect(result.status == 1)
    }

    @Test func retryStopsAtTheFirstSuccess() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks: { t: { run: 'echo "$OPS_ATTEMPT"; test "$OPS_ATTEMPT" = 2', retry: { attempts: 4, delay: 1ms } } }

            """)
        let result = try ops("t", "--stream", "raw")
        #expect(result.text == "1\n2\n")
        #expect(result.errorText.contains("attempt 1 of 4 failed"))
        #expect(result.status == 0)
    }

    @Test func retryCountsTheFirstAttemptAndThenFails() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { run: 'echo $OPS_ATTEMPT; exit 7', retry: { attempts: 3, delay: 1ms } } }\n")
        let result = try ops("t", "--stream", "raw")
        #expect(result.text == "1\n2\n3\n")
        #expect(result.status == 1)
    }

    @Test func retryIsOnlyOfTheNamedExitCodes() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { run: echo once; exit 7, retry: { attempts: 3, delay: 1ms, exit-codes: [ 75 ] } } }\n"
        )
        #expect(try ops("t", "--stream", "raw").text == "once\n")
    }

    @Test func theTimeoutIsOfEachAttempt() throws {
        let result = try withLimit { limit in
            let ops = try OpsProgram(
                """
                ops: 1
                tasks:
                  t: { steps: [ { timeout: \(limit.text), retry: { attempts: 2, delay: 1ms }, run: 'echo $OPS_ATTEMPT; test $OPS_ATTEMPT = 2 || sleep 61' } ] }

                """)
            return try ops("t", "--stream", "raw")
        } isEnough: {
            $0.text == "1\n2\n" && $0.status == 0
        }
        #expect(result.text == "1\n2\n")
        #expect(result.status == 0)
    }

    @Test func aCancelledAttemptIsNotRetried() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              slow: { run: 'echo try >> tries; sleep 61', retry: { attempts: 3, delay: 1ms } }
              bad: { run: 'while ! test -e tries; do sleep 0.01; done; exit 1' }

            """)
        #expect(try ops("slow", "bad", "-j", "2").status == 1)
        #expect(try ops.text("tries") == "try\n")
    }

    @Test func filesArePrivateAndGoneAfterTheStep() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - { files: { CONF: "a: ${{ 1 + 1 }}\\n" }, run: 'stat -c %a "$CONF"; cat "$CONF"; echo "$CONF" > path' }
                  - { run: 'test ! -e "$(cat path)"' }

            """)
        let result = try ops("t", "--stream", "raw")
        #expect(result.text == "600\na: 2\n")
        #expect(result.status == 0)
    }

    @Test func aFolderThatIsMissingFailsTheStepByItsName() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { dir: nowhere, run: echo x } }\n")
        let result = try ops("t", "-q")
        #expect(ops.normalized(result.text).contains("the folder 'PROJECT/nowhere' does not exist"))
        #expect(result.status == 1)
    }

    @Test func aTaskNamedTwiceRunsOnce() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: echo once >> times } }\n")
        #expect(try ops("t", "t").status == 0)
        #expect(try ops.text("times") == "once\n")
    }
}
