import OpsCore
import OpsEngine
import OpsPlugin
import OpsReport
import Testing

@Suite struct PlainReporterTests {
    func report(
        _ script: Script, _ stream: PlainReporter.Stream = .grouped, _ options: ReportOptions = ReportOptions()
    ) -> (output: String, error: String) {
        let output = ReportOutput()
        let error = ReportOutput()
        let reporter = PlainReporter(stream, standardOutput: output, standardError: error, options: options)
        for event in script.events { reporter.receive(event) }
        reporter.close()
        return (output.text, error.text)
    }

    @Test func aSilentTaskIsOneLine() {
        var script = Script()
        script.begin("lint")
        script.start("lint")
        script.step("lint", "true")
        script.end("lint")
        script.finish("lint")
        script.finish()
        #expect(report(script).output == "✓ lint  250ms\n")
    }

    @Test func groupsFailuresAndSummary() {
        #expect(
            report(.failing).output == """
                ▶ build[arch=amd64]
                Compile: $ make all
                connecting
                refused
                ✗ build[arch=amd64]  failed after 250ms
                    step 2, Compile: make all
                    error: the command ended with status 3
                    at ops.yaml:14:7
                    hint: start the server first
                ▶ test
                $ swift test
                12 tests
                ✓ test  1.10s
                – deploy  skipped: build[arch=amd64] failed
                ✗ build[arch=amd64]  failed after 250ms
                    step 2, Compile: make all
                    error: the command ended with status 3
                    │ connecting
                    │ refused
                    at ops.yaml:14:7
                    hint: start the server first
                ✗ release  1 failed, 1 skipped, 1 succeeded in 1.25s
                  slowest: test 1.10s, build[arch=amd64] 250ms
                  logs: ops logs r1
                  go on: ops resume r1

                """)
    }

    @Test func aFailureInSightIsNotSaidAgain() {
        var script = Script()
        script.begin("all", count: 3)
        script.start("slow")
        script.say("slow", "first\n")
        script.start("bad")
        script.step("bad", "false")
        script.end("bad", .failed, failure: Script.failure)
        script.finish("bad", .failed)
        script.say("slow", "second\n")
        script.finish("slow", .cancelled)
        script.finish("next", .skipped, reason: "bad failed", ms: 0)
        script.finish(.failed, status: 1)
        #expect(
            report(script).output == """
                ▶ slow
                first
                second
                ⊘ slow  cancelled after 250ms
                ✗ bad  failed after 250ms
                    step 1: false
                    error: the command ended with status 3
                    │ connecting
                    │ refused
                    at ops.yaml:14:7
                    hint: start the server first
                – next  skipped: bad failed
                ✗ all  1 failed, 1 cancelled, 1 skipped in 1.25s
                  slowest: bad 250ms, slow 250ms
                  logs: ops logs r1
                  go on: ops resume r1

                """)
    }

    @Test func asciiMarksAreWords() {
        var script = Script()
        script.begin("all", count: 4)
        script.finish("a", .upToDate)
        script.finish("b", .skipped, reason: "not on main", ms: 0)
        script.finish("c", .cancelled, reason: "interrupted")
        script.finish("d", .timedOut)
        script.finish(.cancelled, status: 130, reason: "interrupted by SIGINT")
        #expect(
            report(script, .grouped, ReportOptions(style: Style(unicode: false))).output == """
                ok a  up to date
                skipped b  not on main
                cancelled c  after 250ms: interrupted
                FAILED d  timed out after 250ms
                cancelled all  1 timed out, 1 cancelled, 1 skipped, 1 up to date in 1.25s: interrupted by SIGINT
                  slowest: a 250ms, c 250ms, d 250ms
                  logs: ops logs r1
                  go on: ops resume r1

                """)
    }

    @Test func prefixedPrintsWholeLines() {
        var script = Script()
        script.start("a")
        script.start("b")
        script.step("a", "x")
        script.step("b", "y")
        script.say("a", "one\ntw")
        script.say("b", "other\n")
        script.say("a", "o\nlast")
        script.end("a")
        script.finish("a")
        #expect(
            report(script, .prefixed).output == """
                a │ $ x
                a │ one
                b │ $ y
                b │ other
                a │ two
                a │ last
                ✓ a  250ms

                """)
    }

    @Test func rawPassesBytesToTheirStreams() {
        var script = Script()
        script.begin("a", count: 2)
        script.start("a")
        script.step("a", "x")
        script.add(.output(StepID(task: TaskID(name: "a"), index: 0), .standardOutput, [0, 0xFF, 0x1B]))
        script.say("a", "warn", .standardError)
        script.say("a", "more")
        script.end("a", .failed, failure: Script.failure)
        script.finish("a", .failed)
        let output = ReportOutput()
        let error = ReportOutput()
        let reporter = PlainReporter(.raw, standardOutput: output, standardError: error)
        for event in script.events { reporter.receive(event) }
        reporter.close()
        #expect(output.bytes == [0, 0xFF, 0x1B] + Array("more".utf8))
        #expect(
            error.text == """
                warn✗ a  failed after 250ms
                    step 1: x
                    error: the command ended with status 3
                    │ connecting
                    │ refused
                    at ops.yaml:14:7
                    hint: start the server first

                """)
    }

    @Test func quietIsSilentUnlessSomethingFails() {
        let options = ReportOptions(verbosity: .quiet)
        var script = Script()
        script.begin("lint", count: 2)
        script.start("lint")
        script.step("lint", "true")
        script.say("lint", "fine\n")
        script.end("lint")
        script.finish("lint")
        script.finish("other", .skipped)
        script.finish()
        #expect(report(script, .grouped, options).output == "")
        #expect(report(script, .prefixed, options).output == "")
        let failing = report(.failing, .grouped, options).output
        #expect(failing.contains("connecting\nrefused\n✗ build[arch=amd64]"))
        #expect(!failing.contains("12 tests"))
    }

    @Test func onlyATaskThatRunsAloneIsWrittenAtOnce() {
        let output = ReportOutput()
        let reporter = PlainReporter(standardOutput: output, standardError: ReportOutput())
        var script = Script()
        script.start("a")
        script.step("a", "x")
        script.say("a", "early\n")
        script.start("b")
        script.step("b", "y")
        script.say("b", "inside\n")
        script.finish("b")
        script.say("a", "late")
        for event in script.events { reporter.receive(event) }
        #expect(output.text == "▶ a\n$ x\nearly\nlate")
        var rest = Script()
        rest.finish("a")
        for event in rest.events { reporter.receive(event) }
        #expect(output.text == "▶ a\n$ x\nearly\nlate\n✓ a  250ms\n▶ b\n$ y\ninside\n✓ b  250ms\n")
    }

    @Test func messagesAndRetriesAndTolerance() {
        var script = Script()
        script.start("a")
        script.step("a", "flaky")
        let step = StepID(task: TaskID(name: "a"), index: 0)
        script.add(.message(Message(level: .debug, text: "hidden", step: step)))
        script.add(.message(Message(level: .info, text: "pushed \u{1B}[2Jx", step: step)))
        script.add(.message(Message(level: .warning, text: "two\nlines", step: step)))
        script.step("a", "flaky", attempt: 2)
        script.end("a", .failed, failure: Script.failure, tolerated: true)
        script.finish("a")
        script.add(.message(Message(level: .error, text: "of the run")))
        #expect(
            report(script).output == """
                ▶ a
                $ flaky
                pushed x
                warning: two
                lines
                $ flaky (attempt 2)
                warning: step 1 failed and was tolerated: the command ended with status 3
                ✓ a  250ms
                error: of the run

                """)
    }

    @Test func theRecipesOwnCleanUpIsShownUnderItsName() {
        var script = Script()
        let id = StepID(task: nil, part: .finally, index: 0)
        script.add(.stepStarted(StepStarted(step: id, name: nil, action: "run", summary: "clean")))
        script.add(.output(id, .standardOutput, Array("swept\n".utf8)))
        script.add(.stepFinished(StepFinished(step: id, outcome: .succeeded, duration: .milliseconds(5))))
        #expect(report(script).output == "▶ finally\n$ clean\nswept\n✓ finally  5ms\n")
    }
}
