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
        #expect(text == "RUN DATE ✗ failed TIME bad (ops.yaml)\nRUN DATE ✓ succeeded TIME b (ops.yaml)\n")
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
