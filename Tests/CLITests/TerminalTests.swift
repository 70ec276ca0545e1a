import TestKit
import Testing

/// What needs a terminal, in one that script(1) makes.
@Suite struct TerminalTests {
    private static let asks = "ops: 1\ntasks: { t: { confirm: Deploy it?, run: touch ran } }\n"

    @Test(arguments: ["y", "yes", "Y"])
    func yesGoesOn(answer: String) throws {
        let ops = try OpsProgram(Self.asks)
        let result = try ops.inTerminal(["t"], typed: answer + "\n")
        #expect(result.text.contains("Deploy it? [y/N] "))
        #expect(result.status == 0)
        #expect(ops.exists("ran"))
    }

    @Test(arguments: ["n", "", "no", "maybe"])
    func anythingElseRunsNothing(answer: String) throws {
        let ops = try OpsProgram(Self.asks)
        let result = try ops.inTerminal(["t"], typed: answer + "\n")
        #expect(result.text.contains("not confirmed: nothing was run"))
        #expect(result.status != 0)
        #expect(!ops.exists("ran"))
    }

    @Test func aTerminalGetsTheReportForPeople() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { a: { run: echo one }, b: { needs: [ a ], run: echo two; exit 3 } }\n")
        let result = try ops.inTerminal(["b"])
        #expect(result.status == 1)
        for part in ["\u{1B}[", "one", "two", "exit status 3"] { #expect(result.text.contains(part), "\(part)") }
    }

    @Test(arguments: [["--color", "never"], ["--log-format", "plain", "--color", "never"]])
    func withoutColourNoneIsPrinted(words: [String]) throws {
        let ops = try OpsProgram("ops: 1\ntasks: { a: { run: echo one } }\n")
        let result = try ops.inTerminal(["a"] + words)
        #expect(result.text.firstMatch(of: /\u{1B}\[[0-9;]*m/) == nil)
        #expect(result.status == 0)
    }

    @Test func aStepHasNoTerminalOfItsOwn() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { run: 'test -t 0 || test -t 1 || test -t 2 || touch none' } }\n")
        #expect(try ops.inTerminal(["t"]).status == 0)
        #expect(ops.exists("none"))
    }

    @Test func anInteractiveStepHasTheTerminal() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { interactive: true, run: 'test -t 0 && test -t 1 && read -r answer && echo \"$answer\" > got' } }\n"
        )
        #expect(try ops.inTerminal(["t"], typed: "typed\n").status == 0)
        #expect(try ops.text("got") == "typed\n")
    }
}
