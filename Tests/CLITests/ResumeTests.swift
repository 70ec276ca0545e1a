import Glibc
import TestKit
import Testing

/// `ops resume`: the rules of ops(1), "Resuming".
@Suite struct ResumeTests {
    /// Each step appends its name to `log`; `mark` makes `bad` fail until the file `good` exists.
    private static let recipe = """
        ops: 1
        defaults: { shell: sh }
        inputs: { version: { default: "1" } }
        tasks:
          first: { run: 'echo first >> log' }
          second:
            needs: [ first ]
            steps:
              - { id: made, run: 'echo second-1 >> log; printf 5.10', returns: text }
              - { id: typed, run: 'echo second-2 >> log; echo "n=5.10" >> "$OPS_OUTPUT"; echo "l=[1,\\"x\\"]" >> "$OPS_OUTPUT"', returns: { n: number, l: list } }
              - run: 'echo "second-3 $TEXT $N $L $V" >> log; test -e good'
                env:
                  TEXT: "${{ steps.made.outputs.text }}"
                  N: "${{ steps.typed.outputs.n }}"
                  L: "${{ join(steps.typed.outputs.l, '-') }}"
                  V: "${{ inputs.version }}"
              - { run: 'echo second-4 >> log' }
          third: { needs: [ second ], run: 'echo third >> log' }

        """

    @Test func aFailedRunGoesOnAtTheStepThatFailed() throws {
        let ops = try OpsProgram(Self.recipe)
        #expect(try ops("third", "version=2").status == 1)
        #expect(try ops.text("log") == "first\nsecond-1\nsecond-2\nsecond-3 5.10 5.10 1-x 2\n")
        try ops.write("good", "")
        let result = try ops("resume")
        #expect(result.status == 0, "\(result.errorText)\(result.text)")
        #expect(
            try ops.text("log")
                == "first\nsecond-1\nsecond-2\nsecond-3 5.10 5.10 1-x 2\nsecond-3 5.10 5.10 1-x 2\nsecond-4\nthird\n")
        #expect(ops.normalized(result.text).hasPrefix("the run RUN goes on: 1 of 3 tasks were finished before\n"))
        #expect(try ops("runs").text.split(separator: "\n").count == 1)
    }

    @Test func itWorksFromAnywhereByAPrefixAndOnceOnly() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("third")
        try ops.write("good", "")
        let id = try ops.lastRun()
        #expect(try ops.run(["resume", String(id.dropLast(2))], in: "/").status == 0)
        let again = try ops("resume", id)
        #expect(again.status == 0)
        #expect(again.text == "The run \(id) succeeded: nothing is left to do.\n")
        #expect(try ops("resume").text == again.text)
        #expect(try ops("resume", "1999").status == 2)
        #expect(try ops("resume", id, "version=3").status == 64)
    }

    @Test func withoutARunItTakesTheNewestThatDidNotEndWell() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("second")
        try ops("first")
        try ops.write("good", "")
        #expect(try ops("resume").text.contains("0 of 2") == false)
        #expect(try ops.text("log").contains("second-4"))
        try run(["rm", ops.project + "/good"])
        try ops("second")
        try ops.write("good", "")
        try ops("second")
        #expect(try ops("resume").text.contains("nothing is left to do"), "a later run of the same tasks succeeded")
    }

    @Test func withoutRunsItSaysSo() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("resume")
        #expect(result.status == 2)
        #expect(result.errorText.hasPrefix("ops: error: there is no run of ops.yaml yet\n"))
    }

    @Test func aChangedRecipeIsRefusedAndForced() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("third")
        let id = try ops.lastRun()
        try ops.write("ops.yaml", Self.recipe.replacing("test -e good", with: "true") + "# mended\n")
        let refused = try ops("resume")
        #expect(refused.status == 2)
        #expect(
            refused.errorText
                == """
                ops: error: the run \(id) began with something else
                ops: error: recipe ops.yaml changed
                     --force goes on all the same

                """)
        let forced = try ops("resume", "--force")
        #expect(forced.status == 0, "\(forced.errorText)\(forced.text)")
        #expect(forced.errorText.contains("warning: recipe ops.yaml changed\n"))
        #expect(try ops.text("log").hasSuffix("second-4\nthird\n"))
    }

    @Test func aChangedCommitIsNamed() throws {
        let recipe = """
            ops: 1
            tasks: { a: { run: 'test -e good', env: { SHA: "${{ git.sha }}" } } }

            """
        let ops = try OpsProgram(recipe)
        let git = ["git", "-C", ops.project, "-c", "user.name=t", "-c", "user.email=t@example.com"]
        try run(git + ["init", "-q"])
        try run(git + ["commit", "-q", "--allow-empty", "-m", "one"])
        let first = try run(git + ["rev-parse", "HEAD"]).text.split(separator: "\n").joined()
        #expect(try ops("a").status == 1)
        try run(git + ["commit", "-q", "--allow-empty", "-m", "two"])
        let second = try run(git + ["rev-parse", "HEAD"]).text.split(separator: "\n").joined()
        let refused = try ops("resume")
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("error: git.sha was \(first), is \(second)\n"))
    }

    @Test func anInputVariableThatSaysSomethingElseIsNamed() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("third", environment: ["OPS_INPUT_VERSION": "7"])
        try ops.write("good", "")
        let refused = try ops("resume", environment: ["OPS_INPUT_VERSION": "8"])
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("error: OPS_INPUT_VERSION was 7, is 8\n"))
        #expect(try ops("resume").status == 0)
        #expect(try ops.text("log").contains("second-3 5.10 5.10 1-x 7\nsecond-4\n"))
    }

    @Test func aRunThatGoesOnIsNotResumed() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { a: { run: 'touch started; while ! test -e go; do sleep 0.01; done' } }\n")
        let running = try ops.start(["a"])
        try running.wait(for: ops.project + "/started")
        let id = try ops.lastRun()
        #expect(try ops("runs").text.contains(" running "))
        let refused = try ops("resume", id)
        #expect(refused.status == 75)
        #expect(refused.errorText.contains("the run \(id) still goes on, in the process "))
        #expect(try ops("resume").status == 75)
        try ops.write("go", "")
        #expect(try running.end().status == 0)
        #expect(try ops("runs").text.contains("succeeded"))
    }

    @Test func aKilledRunReportsTheStepInFlight() throws {
        let ops = try OpsProgram(Self.waiting(""))
        let id = try ops.killed(["b"])
        #expect(try ops("runs").text.contains(" died "))
        let result = try ops("resume", id)
        #expect(result.status == 0, "\(result.errorText)\(result.text)")
        #expect(result.text.contains("b, step 2 (Wait) was running when the run died: it is run again\n"))
        #expect(try ops.text("log") == "a\nb-1\nb-2\nb-2\nb-3\n")
    }

    @Test func resumeSkipTakesItAsDone() throws {
        let ops = try OpsProgram(Self.waiting(", resume: skip"))
        let id = try ops.killed(["b"])
        let result = try ops("resume", id)
        #expect(result.status == 0, "\(result.errorText)\(result.text)")
        #expect(result.text.contains("b, step 2 (Wait) was running when the run died: it counts as done\n"))
        #expect(try ops.text("log") == "a\nb-1\nb-2\nb-3\n")
    }

    @Test func resumeFailRefuses() throws {
        let ops = try OpsProgram(Self.waiting(", resume: fail"))
        let id = try ops.killed(["b"])
        let result = try ops("resume", id)
        #expect(result.status == 2)
        #expect(
            result.errorText.contains("b, step 2 (Wait) was running when the run died, and 'resume: fail' does not"))
        #expect(try ops.text("log") == "a\nb-1\nb-2\n")
        #expect(try ops("resume", id, "--force").status == 0)
        #expect(try ops.text("log") == "a\nb-1\nb-2\nb-2\nb-3\n")
    }

    @Test(arguments: [("y", "a\nb-1\nb-2\nb-2\nb-3\n"), ("skip", "a\nb-1\nb-2\nb-3\n"), ("", "a\nb-1\nb-2\n")])
    func resumeAskAsksOnATerminal(answer: String, log: String) throws {
        let ops = try OpsProgram(Self.waiting(", resume: ask"))
        let id = try ops.killed(["b"])
        let result = try ops.inTerminal(["resume", id], typed: answer + "\n")
        #expect(result.text.contains("was running when the run died. Run it again? [y]es, [s]kip it as done, [N]o "))
        #expect((result.status == 0) == !answer.isEmpty, "\(result)")
        #expect(try ops.text("log") == log)
    }

    @Test func resumeAskNeedsATerminalOrYes() throws {
        let ops = try OpsProgram(Self.waiting(", resume: ask"))
        let id = try ops.killed(["b"])
        let result = try ops("resume", id)
        #expect(result.status == 2)
        #expect(result.errorText.contains("Run it again? There is no terminal to answer on\n"))
        #expect(try ops("resume", id, "--yes").status == 0)
        #expect(try ops.text("log") == "a\nb-1\nb-2\nb-2\nb-3\n")
    }

    @Test func aTornLastLineIsClosed() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("third")
        let id = try ops.lastRun()
        let journal = "\(ops.state)/runs/\(id)/journal.jsonl"
        try run(["sh", "-c", "head -c -20 \(journal) > \(journal).new && mv \(journal).new \(journal)"])
        try ops.write("good", "")
        #expect(try ops("runs").text.contains(" died "))
        #expect(try ops("resume").status == 0)
        #expect(try ops.text("log").hasSuffix("second-4\nthird\n"))
        let lines = try run([
            "sh", "-c", "python3 -c 'import json,sys\nfor l in sys.stdin: json.loads(l)' < \(journal)",
        ])
        #expect(lines.status == 0, "\(lines.errorText)")
    }

    @Test func confirmIsAskedAgainOnlyOfWhatIsLeft() throws {
        let recipe = """
            ops: 1
            tasks:
              a: { confirm: "Do a?", run: echo a >> log }
              b: { needs: [ a ], confirm: "Do b?", run: 'echo b >> log; test -e good' }

            """
        let ops = try OpsProgram(recipe)
        try ops("b", "--yes")
        try ops.write("good", "")
        let refused = try ops("resume")
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("b asks \"Do b?\""))
        #expect(try ops("resume", "-y").status == 0)
        #expect(try ops.text("log") == "a\nb\nb\n")
    }

    /// `b` waits in its second step until it is killed; the second time it does not.
    private static func waiting(_ more: String) -> String {
        """
        ops: 1
        defaults: { shell: sh }
        tasks:
          a: { run: echo a >> log }
          b:
            needs: [ a ]
            steps:
              - { run: echo b-1 >> log }
              - { name: Wait, run: 'echo b-2 >> log; test -e started && exit 0; touch started; sleep 600'\(more) }
              - { run: echo b-3 >> log }

        """
    }
}

extension OpsProgram {
    /// The newest run.
    func lastRun() throws -> String {
        try #require(try self("runs").text.split(separator: " ").first.map(String.init))
    }

    /// Starts it, kills it by SIGKILL once the file `started` is there, and gives the run's name.
    func killed(_ words: [String]) throws -> String {
        let running = try start(words)
        try running.wait(for: project + "/started")
        running.signal(SIGKILL)
        _ = try running.end()
        let id = try lastRun()
        // The lock is gone with the process, which may be the child of the one that was killed.
        #expect(try waitUntil { try !self("runs").text.contains(" running ") })
        return id
    }
}
