import TestKit
import Testing

/// Inputs from the command line, a file, the environment and the recipe; arguments behind `--`.
@Suite struct InputTests {
    private static let echo = """
        ops: 1
        inputs: { word: { type: string, default: fallback }, unused: { type: string } }
        tasks: { t: { run: 'printf "%s\\n" "$INPUT_WORD"' } }

        """

    private func word(_ words: [String], environment: [String: String?] = [:]) throws -> String {
        let ops = try OpsProgram(Self.echo)
        try ops.write("values.yaml", "word: file\n")
        let result = try ops.run(["t", "--stream", "raw"] + words, environment: environment)
        return result.text + (result.status == 0 ? "" : result.errorText)
    }

    @Test func theDefaultIsTheLast() throws { #expect(try word([]) == "fallback\n") }

    @Test(arguments: ["OPS_INPUT_WORD", "OPS_INPUT_word"])
    func theEnvironmentBeatsTheDefault(name: String) throws {
        #expect(try word([], environment: ["OPS_INPUT_WORD": "environment"]) == "environment\n")
    }

    @Test func aFileBeatsTheEnvironment() throws {
        let environment = ["OPS_INPUT_WORD": "environment"]
        #expect(try word(["--inputs", "values.yaml"], environment: environment) == "file\n")
    }

    @Test func theCommandLineBeatsTheFile() throws {
        #expect(try word(["--inputs", "values.yaml", "word=line=with=signs"]) == "line=with=signs\n")
    }

    @Test func allThatIsMissingAndWrongIsToldAtOnceAndNothingRuns() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            inputs:
              a: { type: string }
              b: { type: integer }
              c: { type: string, options: [ x, y ], default: x }
              v: { type: string, pattern: '[0-9]+' }
              unused: { type: string }
            tasks:
              t: { run: [ touch, ran, "${{ inputs.a }}${{ inputs.b }}${{ inputs.c }}${{ inputs.v }}" ] }

            """)
        let result = try ops("t", "color=red", "b=x", "c=z", "v=1a")
        #expect(
            result.errorText == """
                ops: error: on the command line, 'color' is no input of the recipe
                     known: a, b, c, v, unused
                ops: error: the input 'a' has no value
                     give it as a=VALUE
                ops: error: on the command line, the input 'b' needs a whole number, got 'x'
                ops: error: on the command line, the input 'c' is one of x, y, not 'z'
                ops: error: on the command line, the input 'v' does not match [0-9]+: '1a'

                """)
        #expect(result.status == 2)
        #expect(!ops.exists("ran"))
    }

    @Test func aPatternMatchesTheWholeValue() throws {
        let ops = try OpsProgram(
            "ops: 1\ninputs: { v: { type: string, pattern: '[0-9]' } }\ntasks: { t: { run: 'echo $INPUT_V' } }\n")
        #expect(try ops("t", "v=12").status == 2)
        #expect(try ops("t", "v=1").status == 0)
    }

    @Test(arguments: [["l=a b", "l=c"], [#"l=["a b","c"]"#]])
    func aListIsRepeatedOrJSON(words: [String]) throws {
        let ops = try OpsProgram(
            "ops: 1\ninputs: { l: { type: list } }\ntasks: { t: { run: [ printf, '<%s>', '${{ inputs.l }}' ] } }\n")
        #expect(try ops.run(["t", "--stream", "raw"] + words).text == "<a b><c>")
    }

    @Test func aNumberKeepsItsSpelling() throws {
        let ops = try OpsProgram(
            "ops: 1\ninputs: { n: { type: number, default: 5.10 } }\ntasks: { t: { run: [ echo, '${{ inputs.n }}' ] } }\n"
        )
        #expect(try ops("t", "--stream", "raw").text == "5.10\n")
        #expect(try ops("t", "n=2.50", "--stream", "raw").text == "2.50\n")
    }

    @Test func aPathFromTheCommandLineIsRelativeToTheCaller() throws {
        let ops = try OpsProgram(
            "ops: 1\ninputs: { p: { type: path } }\ntasks: { t: { run: [ cat, '${{ inputs.p }}' ] } }\n")
        try ops.write("sub/file", "found\n")
        #expect(try ops("t", "p=file", "--stream", "raw", in: ops.project + "/sub").text == "found\n")
    }

    @Test func argumentsReachScriptsAndCommandsUnchanged() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - run: printf '<%s>\\n' "$@"
                  - run: [ printf, "[%s]\\n", "${{ args }}" ]

            """)
        let result = try ops("t", "--stream", "raw", "--", "a b", "$(touch pwned)", "--jobs", "'")
        #expect(
            result.text == "<a b>\n<$(touch pwned)>\n<--jobs>\n<'>\n[a b]\n[$(touch pwned)]\n[--jobs]\n[']\n")
        #expect(!ops.exists("pwned"))
    }

    @Test func noArgumentsAreAnEmptyList() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: [ echo, a, '${{ args }}', b ] } }\n")
        #expect(try ops("t", "--stream", "raw").text == "a b\n")
    }

    @Test(arguments: [
        "$(touch pwned)", "`touch pwned`", "'; touch pwned; '", "\"; touch pwned; \"", "a\ntouch pwned\n",
        "${{ inputs.word }}", "$INPUT_WORD", "\\", "| touch pwned", "--version", "%s%n", "é\u{301}\u{1F600}",
    ])
    func noInputRunsOrIsScannedAgain(value: String) throws {
        let ops = try OpsProgram(
            """
            ops: 1
            inputs: { word: { type: string } }
            tasks:
              t:
                steps:
                  - run: printf '%s\\n' "$INPUT_WORD"
                  - run: printf '%s\\n' "$W"
                    env: { W: "<${{ inputs.word }}>" }
                  - run: [ printf, "%s\\n", "${{ inputs.word }}" ]
                  - { run: cat, stdin: "${{ inputs.word }}" }
                  - { run: 'import os; print(os.environ["INPUT_WORD"])', shell: python3 }

            """)
        let result = try ops("t", "word=\(value)", "--stream", "raw")
        #expect(result.text == "\(value)\n<\(value)>\n\(value)\n\(value)\(value)\n")
        #expect(result.status == 0)
        #expect(!ops.exists("pwned"))
    }

    @Test func anExpressionInAScriptIsAnErrorWithTheRewrite() throws {
        let ops = try OpsProgram(
            "ops: 1\ninputs: { who: { type: string } }\ntasks:\n  t: { run: \"echo ${{ inputs.who }}; touch ran\" }\n")
        let result = try ops("t", "who=x")
        #expect(
            result.errorText == """
                ops.yaml:4:19: error: a script's text is constant: no expression may stand in it
                    4 |   t: { run: "echo ${{ inputs.who }}; touch ran" }
                      |                   ^~~~~~~~~~~~~~~~~ write env: { WHO: "${{ inputs.who }}" } and use "$WHO"

                """)
        #expect(result.status == 2)
        #expect(!ops.exists("ran"))
    }

    @Test func anExpressionBehindAnInterpretersOptionIsAnError() throws {
        let ops = try OpsProgram(
            "ops: 1\ninputs: { who: { type: string } }\ntasks:\n  t: { run: [ bash, -c, \"echo ${{ inputs.who }}\" ] }\n"
        )
        let result = try ops("t", "who=x")
        #expect(result.errorText.hasPrefix("ops.yaml:4:31: error: a script's text is constant"))
        #expect(result.status == 2)
    }
}
