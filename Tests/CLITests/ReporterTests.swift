import TestKit
import Testing

/// What a run prints, in each format.
@Suite struct ReporterTests {
    private static let recipe = """
        ops: 1
        tasks:
          hello: { description: Say hello, run: echo hello }
          bad:
            needs: [ hello ]
            steps:
              - { name: Break, run: 'echo the reason >&2; exit 3' }
          last: { needs: [ bad ], run: echo never }

        """

    private func report(_ words: String..., environment: [String: String?] = [:]) throws -> (String, String, Int32) {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops.run(words, environment: environment)
        return (ops.normalized(result.text), ops.normalized(result.errorText), result.status)
    }

    @Test func plainShowsEachTaskItsOutputAndASummary() throws {
        let (text, error, status) = try report("last")
        #expect(
            text == """
                ▶ hello
                $ echo hello
                hello
                ✓ hello  TIME
                ▶ bad
                Break: $ echo the reason >&2; exit 3
                the reason
                ✗ bad  failed after TIME
                    step 1, Break: echo the reason >&2; exit 3
                    error: exit status 3 of 'echo the reason >&2; exit 3'
                    at ops.yaml:7:24
                – last  skipped: bad failed
                ✗ last  1 failed, 1 skipped, 1 succeeded in TIME
                  logs: ops logs RUN
                  go on: ops resume RUN

                """)
        #expect(error.isEmpty)
        #expect(status == 1)
    }

    @Test func jsonIsOneEventALine() throws {
        let (text, _, status) = try report("hello", "--log-format", "json")
        let lines = text.replacing(/"time":[0-9.]+/, with: "\"time\":0").replacing(
            /"duration":[0-9.]+/, with: "\"duration\":0")
        #expect(
            lines == """
                {"time":0,"event":"run-started","run":"RUN","recipe":"ops.yaml","tasks":["hello"],"task-count":1,\
                "version":"0.1.0"}
                {"time":0,"event":"task-started","task":"hello"}
                {"time":0,"event":"step-started","task":"hello","step":1,"action":"run","summary":"echo hello",\
                "attempt":1}
                {"time":0,"event":"output","task":"hello","step":1,"stream":"stdout","text":"hello\\n"}
                {"time":0,"event":"step-finished","task":"hello","step":1,"outcome":"succeeded","duration":0}
                {"time":0,"event":"task-finished","task":"hello","outcome":"succeeded","duration":0}
                {"time":0,"event":"run-finished","run":"RUN","outcome":"succeeded","duration":0,"exit-status":0}

                """)
        #expect(status == 0)
    }

    @Test(arguments: [
        (["hello", "--log-format", "github"], [:]), (["hello"], ["GITHUB_ACTIONS": "true"]),
    ])
    func githubFoldsATaskWithCommandsSwitchedOff(words: [String], environment: [String: String]) throws {
        let ops = try OpsProgram(Self.recipe)
        let text = ops.normalized(try ops.run(words, environment: environment.mapValues { $0 }).text)
        let token = try #require(text.firstMatch(of: /::stop-commands::([0-9a-z]+)/)).1
        #expect(
            text.replacing(token, with: "TOKEN")
                == """
                ::group::hello
                ::stop-commands::TOKEN
                $ echo hello
                hello
                ::TOKEN::
                ::endgroup::
                ✓ hello  TIME

                """)
    }

    @Test func githubAnnotatesAFailureOutsideItsGroup() throws {
        let (text, _, status) = try report("bad", "--log-format", "github")
        #expect(
            text.contains(
                "\n::error file=ops.yaml,line=7,col=24,title=bad failed::step 1, Break: "
                    + "exit status 3 of 'echo the reason >&2; exit 3'%0Athe reason\n"))
        #expect(status == 1)
    }

    @Test func aStepsOutputCannotGiveGithubACommand() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: 'echo ::set-env name=A::b' } }\n")
        let text = try ops("t", "--log-format", "github").text
        let token = try #require(text.firstMatch(of: /::stop-commands::([0-9a-z]+)/)).1
        let inside = try #require(text.firstRange(of: "::set-env"))
        let stop = try #require(text.firstRange(of: "::stop-commands::\(token)"))
        let resume = try #require(text.firstRange(of: "\n::\(token)::"))
        #expect(stop.upperBound < inside.lowerBound && inside.upperBound < resume.lowerBound)
    }

    @Test(arguments: [
        (["hello", "--log-format", "gitlab"], [:]), (["hello"], ["GITLAB_CI": "true"]),
    ])
    func gitlabFoldsATaskInASection(words: [String], environment: [String: String]) throws {
        let ops = try OpsProgram(Self.recipe)
        let text = ops.normalized(try ops.run(words, environment: environment.mapValues { $0 }).text)
            .replacing(/section_(start|end):[0-9]+/, with: { "section_\($0.1):0" })
        #expect(
            text == """
                \u{1B}[0Ksection_start:0:ops_1_hello[collapsed=true]\r\u{1B}[0Khello
                $ echo hello
                hello
                \u{1B}[0Ksection_end:0:ops_1_hello\r\u{1B}[0K
                ✓ hello  TIME

                """)
    }

    @Test func prefixedPutsTheTaskBeforeEachLine() throws {
        let (text, _, _) = try report("hello", "--stream", "prefixed")
        #expect(text.hasPrefix("hello │ $ echo hello\nhello │ hello\n✓ hello  TIME\n"))
    }

    @Test func rawPassesTheTwoStreamsThroughAndReportsOnStandardError() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: 'printf \"a\\0b\"; echo e >&2' } }\n")
        let result = try ops("t", "--stream", "raw")
        #expect(result.output == Array("a\0b".utf8))
        #expect(
            ops.normalized(result.errorText)
                == "e\n✓ t  TIME\n" || ops.normalized(result.errorText).hasPrefix("e\n✓ t  TIME\n✓ t  1 succeeded"))
    }

    @Test func quietPrintsNothingWhereAllIsFine() throws {
        let (text, error, status) = try report("hello", "-q")
        #expect(text.isEmpty)
        #expect(error.isEmpty)
        #expect(status == 0)
    }

    @Test func quietPrintsFailuresWhole() throws {
        let (text, _, status) = try report("last", "-q")
        #expect(!text.contains("hello\n"))
        for part in ["the reason\n", "✗ bad  failed after TIME\n", "exit status 3", "ops.yaml:7:24"] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(status == 1)
    }

    @Test func logFileGetsTheEventsBesideTheReport() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("hello", "--log-file", "log.jsonl")
        #expect(result.text.contains("✓ hello"))
        let log = try ops.text("log.jsonl")
        #expect(log.hasPrefix(#"{"time":"#))
        #expect(log.split(separator: "\n").count == 7)
    }

    @Test func logFileThatCannotBeWrittenIsAnErrorAndNothingRuns() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: touch ran } }\n")
        let result = try ops("t", "--log-file", "no/such/folder/log")
        #expect(result.errorText.contains("no/such/folder/log"))
        #expect(result.status == 2)
        #expect(!ops.exists("ran"))
    }

    @Test(
        arguments: [
            ([:], [], false), (["FORCE_COLOR": "1"], [], true), (["CLICOLOR_FORCE": "1"], [], true),
            (["FORCE_COLOR": "1", "NO_COLOR": "1"], [], false), (["NO_COLOR": "1"], ["--color", "always"], true),
            (["FORCE_COLOR": "1"], ["--color", "never"], false), (["OPS_COLOR": "always"], [], true),
            (["OPS_COLOR": "always"], ["--color", "never"], false), (["FORCE_COLOR": "0"], [], false),
        ] as [([String: String], [String], Bool)])
    func colourFollowsTheOptionThenTheVariables(environment: [String: String], words: [String], colored: Bool) throws {
        let ops = try OpsProgram(Self.recipe)
        let changes = environment.mapValues { $0 as String? }
        #expect(try ops.run(["hello"] + words, environment: changes).text.contains("\u{1B}[") == colored)
        #expect(try ops.run(["list"] + words, environment: changes).text.contains("\u{1B}[") == colored)
    }

    @Test func withoutUTF8TheReportIsASCII() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("hello", environment: ["LC_ALL": "de_DE.ISO-8859-1"])
        #expect(result.output.allSatisfy { $0 < 0x80 })
    }

    @Test func parallelTasksOutputStandsInOnePieceEach() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks:\n  t: { matrix: { n: [ a, b ] }, run: 'for i in 1 2 3; do echo \"$N $i\"; sleep 0.03; done', env: { N: '${{ matrix.n }}' } }\n"
        )
        let text = try ops("t", "-j", "2").text
        #expect(text.contains("a 1\na 2\na 3\n"))
        #expect(text.contains("b 1\nb 2\nb 3\n"))
    }
}
