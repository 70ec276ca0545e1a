import TestKit
import Testing

/// `ops lint` in its four formats.
@Suite struct LintTests {
    private static let bad = "ops: 1\ntasks:\n  a: { need: [ b ], run: echo }\n"

    private func lint(_ recipe: String, _ words: String...) throws -> CommandResult {
        try OpsProgram(recipe).run(["lint"] + words)
    }

    @Test func aGoodRecipeIsSilent() throws {
        let result = try lint("ops: 1\ntasks: { a: { run: echo } }\n")
        #expect(result.text.isEmpty)
        #expect(result.errorText.isEmpty)
        #expect(result.status == 0)
    }

    @Test func textShowsTheLineAndTheNearestKey() throws {
        let result = try lint(Self.bad)
        #expect(
            result.text == """
                ops.yaml:3:8: error: unknown key 'need' in task 'a'
                    3 |   a: { need: [ b ], run: echo }
                      |        ^~~~ did you mean 'needs'?

                """)
        #expect(result.status == 2)
    }

    @Test func jsonHasTheSameFields() throws {
        let result = try lint(Self.bad, "--format", "json")
        #expect(
            result.text == """
                [
                  {
                    "severity": "error",
                    "code": "unknown-key",
                    "message": "unknown key 'need' in task 'a'",
                    "hint": "did you mean 'needs'?",
                    "file": "ops.yaml",
                    "line": 3,
                    "column": 8,
                    "end-line": 3,
                    "end-column": 12
                  }
                ]

                """)
        #expect(result.status == 2)
    }

    @Test func sarifIsALogOfOneRun() throws {
        let ops = try OpsProgram(Self.bad)
        let result = try ops("lint", "--format", "sarif")
        let file = try ops.write("log.sarif", result.text)
        let script = """
            import json,sys
            log = json.load(open(sys.argv[1]))
            run = log["runs"][0]
            found = run["results"][0]
            place = found["locations"][0]["physicalLocation"]
            print(log["version"], run["tool"]["driver"]["name"], found["ruleId"], found["level"])
            print(place["artifactLocation"]["uri"], place["region"]["startLine"], place["region"]["startColumn"])
            """
        #expect(try run(["python3", "-c", script, file]).text == "2.1.0 ops unknown-key error\nops.yaml 3 8\n")
        #expect(result.status == 2)
    }

    @Test func githubAnnotatesTheLine() throws {
        let result = try lint(Self.bad, "--format", "github")
        #expect(
            result.text == "::error file=ops.yaml,line=3,col=8,title=unknown-key::"
                + "unknown key 'need' in task 'a': did you mean 'needs'?\n")
        #expect(result.status == 2)
    }

    @Test func warningsAloneAreFine() throws {
        let result = try lint("ops: 1\ninputs: { x: { type: string } }\ntasks: { a: { run: echo } }\n")
        #expect(result.text.contains("ops.yaml:2:11: warning: the input 'x' is not used\n"))
        #expect(result.status == 0)
    }

    @Test func aTaskWithACommandsNameIsWarnedOf() throws {
        let result = try lint("ops: 1\ntasks:\n  list: { run: echo }\n")
        #expect(result.text.contains("ops.yaml:3:3: warning: "))
        #expect(result.text.contains("ops run list"))
        #expect(result.status == 0)
    }

    @Test func severalFilesAreCheckedTogether() throws {
        let ops = try OpsProgram()
        try ops.write("one.yaml", "ops: 1\ntasks: { a: { runs: echo } }\n")
        try ops.write("two.yaml", "ops: 2\ntasks: {}\n")
        let result = try ops("lint", "one.yaml", "two.yaml")
        #expect(result.text.contains("one.yaml:2:"))
        #expect(result.text.contains("two.yaml:1:"))
        #expect(result.status == 2)
    }

    @Test func everyProblemIsToldAtOnce() throws {
        let result = try lint(
            "ops: 1\ntasks:\n  a: { need: [ b ], run: echo }\n  b: { run: [ 'echo', '${{ inputs.x }}' ] }\n  c: { timeout: 5, run: echo }\n"
        )
        for place in ["ops.yaml:3:8:", "ops.yaml:4:28:", "ops.yaml:5:17:"] { #expect(result.text.contains(place)) }
    }

    @Test func aMissingFileIsAnErrorWithItsName() throws {
        let result = try OpsProgram()("lint", "nowhere.yaml")
        #expect(result.text.contains("nowhere.yaml"))
        #expect(result.status == 2)
    }
}
