import TestKit
import Testing

/// `ops runs` and `ops logs`.
@Suite struct HistoryTests {
    private static let recipe = """
        ops: 1
        tasks:
          a: { matrix: { n: [ x, y ] }, run: 'echo "out $N"; echo "err $N" >&2', env: { N: "${{ matrix.n }}" } }
          b: { needs: [ a ], run: echo b }
          bad: { run: exit 3 }

        """

    @Test func thereAreNoRunsAtFirst() throws {
        let ops = try OpsProgram(Self.recipe)
        #expect(try ops("runs").text == "There are no runs yet.\n")
        #expect(try ops("runs", "--format", "json").text == "[]\n")
        let logs = try ops("logs")
        #expect(logs.errorText == "ops: error: there are no runs yet\n")
        #expect(logs.status == 2)
    }

    @Test func runsAreListedTheNewestFirst() throws {
        let ops = try OpsProgram(Self.recipe)
        #expect(try ops("b").status == 0)
        #expect(try ops("bad").status == 1)
        let text = ops.normalized(try ops("runs").text).replacing(/[0-9]+-[0-9]+-[0-9]+T[0-9:]+Z/, with: "DATE")
            .replacing(/[ ]+/, with: " ")
        #expect(text == "RUN DATE ✗ failed ↻ TIME bad (ops.yaml)\nRUN DATE ✓ succeeded TIME b (ops.yaml)\n")
        #expect(try ops("runs", "-n", "1").text.split(separator: "\n").count == 1)
    }

    @Test func runsAreDataToo() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("bad")
        let text = ops.normalized(try ops("runs", "--format", "json").text)
        for part in [#""id": "RUN""#, #""recipe": "ops.yaml""#, #""outcome": "failed""#, #""exit-status": 1"#] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test func runsOfOneTask() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("b")
        try ops("bad")
        #expect(try ops("runs", "b").text.split(separator: "\n").count == 1)
        #expect(try ops("runs", "a").text == "There are no runs of 'a' yet.\n")
    }

    @Test func logsHoldCleanUpAndResumedParts() throws {
        let recipe = """
            ops: 1
            tasks: { a: { run: 'echo a; test -e good', finally: [ { run: echo finally } ] } }
            finally: [ { run: echo end } ]

            """
        let ops = try OpsProgram(recipe)
        try ops("a")
        try ops.write("good", "")
        try ops("resume")
        let log = "a\nfinally\na\nfinally\n"
        #expect(try ops("logs").text == "==> a <==\n\(log)==> the recipe's clean-up <==\nend\nend\n")
        #expect(try ops("logs", try ops.lastRun(), "a").text == log)
    }

    @Test func whyTellsTheStepThatFailedAndWhatChanged() throws {
        let recipe = """
            ops: 1
            inputs: { v: { default: "1" } }
            tasks:
              a: { run: 'test "$INPUT_V" = 1 || { echo wrong; exit 3; }' }
              b: { needs: [ a ], run: echo b }
              c: { if: 1 == 2, run: echo c }
              all: { needs: [ b, c ] }

            """
        let ops = try OpsProgram(recipe)
        try ops("all", "-j", "1")
        try ops("all", "v=2", "-j", "1")
        let failed = try ops("why", "a")
        let parts = [
            "a ✗ failed after ", "  it ran because b needed it\n", "  step 1: test", "    │ wrong\n",
            "  in the run before, ", ": succeeded\n    since then inputs.v was 1, is 2\n",
        ]
        for part in parts { #expect(failed.text.contains(part), "\(part) in \(failed.text)") }
        #expect(try ops("why", "b").text.contains("b – was skipped, in the run "))
        #expect(try ops("why", "b").text.contains("\n  a failed\n"))
        #expect(try ops("why", "c").text.contains("\n  1 == 2 is false\n"))
        let json = try ops("why", "a", "--format", "json").text
        #expect(json.contains(#""outcome": "failed""#) && json.contains(#""exit-status": 3"#), "\(json)")
        let first = try #require(try ops("runs").text.split(separator: "\n").last?.split(separator: " ").first)
        #expect(try ops("why", "a", "--run", String(first)).text.contains("a ✓ succeeded"))
        let none = try ops("why", "nope")
        #expect(none.status == 2)
        #expect(none.errorText.contains("no run that is kept had a task 'nope'"))
    }

    @Test func logsPrintsTheNewestRunsTasks() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("b", "-j", "1")
        let result = try ops("logs")
        #expect(
            result.text
                == "==> a[n=x] <==\nout x\nerr x\n==> a[n=y] <==\nout y\nerr y\n==> b <==\nb\n")
        #expect(result.status == 0)
    }

    @Test func logsOfOneTaskIsItsOutputAlone() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("b")
        let id = try #require(try ops("runs").text.split(separator: " ").first.map(String.init))
        #expect(try ops("logs", id, "b").text == "b\n")
        #expect(try ops("logs", id, "a[n=y]").text == "out y\nerr y\n")
        let unknown = try ops("logs", id, "c")
        #expect(unknown.status == 2)
        #expect(ops.normalized(unknown.errorText).hasPrefix("ops: error: no task 'c' was started in the run RUN\n"))
    }

    @Test func anUnknownRunIsAnError() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("b")
        let result = try ops("logs", "19990101")
        #expect(result.errorText.contains("19990101"))
        #expect(result.status == 2)
    }

    @Test func aDryRunIsNoRun() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("b", "--dry-run")
        #expect(result.text == (try ops("plan", "b")).text)
        #expect(try ops("runs").text == "There are no runs yet.\n")
        #expect(try run(["test", "-e", ops.state]).status == 1)
    }

    @Test func aRunKeepsItsPlanItsJournalAndItsOutput() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("b")
        let kept = try run(["sh", "-c", "cd '\(ops.state)'/runs/* && ls && tail -n 1 journal.jsonl"]).text
        #expect(kept.contains("plan.json\n") && kept.contains("journal.jsonl\n"))
        #expect(kept.contains(#""event":"run-finished""#))
    }

    @Test func theStateIsTheUsersAlone() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops("b")
        let open = try run(["find", ops.state, "-perm", "/077"]).text
        #expect(open == "")
    }
}
