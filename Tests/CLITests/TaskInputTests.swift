import TestKit
import Testing

/// A task's own inputs: given by `with` of a need, or on the command line where the task is named.
@Suite struct TaskInputTests {
    private static let recipe = """
        ops: 1
        inputs: { suffix: { default: "!" } }
        tasks:
          hello:
            inputs:
              who: { type: string, default: world }
              times: { type: integer, default: 1 }
            returns: text
            run: |
              echo "$INPUT_WHO${INPUT_TIMES-}" >> log
              echo "hello $INPUT_WHO"
          both:
            needs:
              - hello
              - { task: hello, with: { who: "you${{ inputs.suffix }}" }, as: other }
              - third
            env: { A: "${{ needs.hello.outputs.text }}", B: "${{ needs.other.outputs.text }}" }
            run: 'echo "$A, $B"'
          third:
            needs: { task: hello, with: { who: "you!" }, as: h }
            run: 'true'
          loop:
            matrix: { name: [ a, b, a2 ] }
            needs: { task: hello, with: { who: "${{ matrix.name }}" } }
            run: [ echo, "${{ matrix.name }}", "${{ needs.hello.outputs.text }}" ]
          strict:
            inputs: { one: {}, two: { type: integer }, spare: {} }
            run: 'echo "$INPUT_ONE $INPUT_TWO"'
        """

    @Test func runsOnceForEachDistinctSetOfValues() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("both", "--stream", "raw", "--jobs", "1")
        #expect(result.text == "hello world\nhello you!\nhello world, hello you!\n", "\(result)")
        #expect(try ops.text("log") == "world1\nyou!1\n")
    }

    @Test func theReportAndTheLogNameTheValues() throws {
        let ops = try OpsProgram(Self.recipe)
        let report = try ops("both", "--log-format", "plain").text
        #expect(report.contains("hello(who=you!)"), "\(report)")
        let run = try ops("runs").text.split(separator: " ").first.map(String.init) ?? ""
        #expect(try ops("logs", run, "hello(who=you!)").text == "hello you!\n")
        let all = try ops("logs", run, "hello").text
        #expect(all == "==> hello <==\nhello world\n==> hello(who=you!) <==\nhello you!\n", "\(all)")
    }

    @Test func aNamedTaskTakesThemFromTheCommandLine() throws {
        let ops = try OpsProgram(Self.recipe)
        #expect(try ops("hello", "who=me", "--stream", "raw").text == "hello me\n")
        #expect(try ops("hello", "--stream", "raw", environment: ["OPS_INPUT_WHO": "env"]).text == "hello env\n")
        try ops.write("values.yaml", "who: file\n")
        #expect(try ops("hello", "--stream", "raw", "--inputs", "values.yaml").text == "hello file\n")
        let wrong = try ops("both", "who=me")
        #expect(wrong.status == 2 && wrong.errorText.contains("'who' is no input of the recipe"))
        #expect(try ops("plan", "hello", "who=me").text.contains("hello(who=me)"))
        #expect(try ops("plan", "hello", "who=world").text.contains("● hello\n"))
    }

    @Test func allThatIsMissingIsToldAtOnce() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("strict")
        #expect(result.status == 2)
        #expect(
            result.errorText == """
                ops: error: the input 'one' has no value
                     give it as one=VALUE
                ops: error: the input 'two' has no value
                     give it as two=VALUE

                """)
        let needed = try OpsProgram(Self.recipe + "\n  user: { needs: [ strict ] }\n")
        let text = try needed("lint").text
        #expect(text.contains("task 'strict' needs a value for its inputs 'one', 'two', 'spare'"), "\(text)")
    }

    @Test func eachInstanceOfAMatrixMayGiveItsOwn() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("loop", "--stream", "raw", "--jobs", "1")
        #expect(result.text.split(separator: "\n").suffix(3) == ["a hello a", "b hello b", "a2 hello a2"], "\(result)")
        #expect(try ops.text("log") == "a1\nb1\na21\n")
        let plan = try ops("plan", "loop").text
        #expect(plan.contains("loop[name=b]  after hello(who=b)\n"), "\(plan)")
    }

    @Test func aTasksOwnInputIsItsOwn() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            inputs: { plain: { default: p } }
            tasks:
              t: { inputs: { plain: {} }, run: 'true' }
              u: { run: [ echo, "${{ inputs.x }}" ] }
              v: { inputs: { x: {} }, run: 'echo $INPUT_X' }
              w: { needs: { task: v, with: { y: 1, x: [ a ] } } }

            """)
        let text = try ops("lint").text
        #expect(text.contains("the recipe has an input 'plain' as well"))
        #expect(text.contains("'x' is an input of task 'v' alone"))
        #expect(text.contains("task 'v' has no input 'y'") && text.contains("needs string, got list"), "\(text)")
    }

    @Test func whatARunOnlyKnowsCannotBeGiven() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              v: { inputs: { x: {} }, run: 'echo $INPUT_X' }
              w: { needs: { task: v, with: { x: "${{ run.id }}" } } }

            """)
        let result = try ops("w")
        #expect(result.status == 2)
        #expect(
            result.errorText.contains("'x' must be known when planned, but run.id is known only in a run"), "\(result)")
    }
}
