import OpsCore
import OpsEngine
import OpsPlugin
import Testing

@testable import OpsReport

@Suite struct PrettyReporterTests {
    /// A reporter on a terminal with a clock that the test moves.
    final class Bench {
        let output = ReportOutput()
        var time = 1_800_000_000.0
        var terminal: Terminal
        private var seen = 0
        lazy var reporter = PrettyReporter(output: output, options: options) { [unowned self] in time }
        private let options: ReportOptions

        init(width: Int = 60, height: Int = 24, color: Bool = false, verbosity: ReportOptions.Verbosity = .normal) {
            terminal = Terminal(width: width)
            options = ReportOptions(style: Style(color: color, width: width, height: height), verbosity: verbosity)
        }

        /// Hands the reporter events at their own times, ticking in between.
        func play(_ events: [RunEvent]) {
            for event in events {
                time = event.time
                reporter.receive(event)
                show()
            }
        }

        func tick(after seconds: Double = 0.1) {
            time += seconds
            reporter.tick()
            show()
        }

        func show() {
            terminal.feed(String(decoding: output.bytes[seen...], as: UTF8.self))
            seen = output.bytes.count
        }
    }

    @Test func showsWhatRunsAndErasesIt() {
        let bench = Bench()
        var script = Script()
        script.begin("all", count: 2)
        script.start("test")
        script.start("build")
        script.step("build", "make")
        script.say("build", "\u{1B}[31mcompiling\u{1B}[0m a\nlinking")
        script.add(.progress(StepID(task: TaskID(name: "test"), index: 0), Progress(done: 3, total: 9, unit: "files")))
        bench.play(script.events)
        bench.tick(after: 2)
        #expect(bench.terminal.text == "● test  2s  3/9 files\n● build  2s  linking")
        var end = Script()
        end.finish("build")
        end.finish("test")
        end.finish()
        bench.play(end.events)
        #expect(
            bench.terminal.text == """
                ▶ build
                │ $ make
                │ compiling a
                │ linking
                ✓ build  250ms
                ✓ test  250ms
                ✓ all  2 succeeded in 1.25s
                  logs: ops logs r1

                """)
        #expect(bench.terminal.unknown == [])
    }

    @Test func aFailedRunOnATerminal() {
        let bench = Bench(width: 70)
        bench.play(Script.failing.events)
        let plain = ReportOutput()
        let reporter = PlainReporter(standardOutput: plain, standardError: ReportOutput())
        for event in Script.failing.events { reporter.receive(event) }
        // The same text as without a terminal, but for the gutter.
        let gutter = bench.terminal.text.split(separator: "\n").map { $0.hasPrefix("│ ") ? $0.dropFirst(2) : $0 }
        #expect(gutter == plain.text.split(separator: "\n"))
    }

    @Test func outputCannotPaintTheScreen() {
        let bench = Bench()
        var script = Script()
        script.start("a")
        script.step("a", "evil")
        script.say(
            "a",
            "x\u{1B}[2J\u{1B}[1;1Hy\u{1B}]0;title\u{7}z\u{8}\u{9B}1A\u{1B}c\u{1B}(0!\n10%\r100%\r\n\u{1B}[31mred\non\n")
        script.finish("a")
        bench.play(script.events)
        bench.reporter.close()
        bench.show()
        #expect(bench.terminal.text == "▶ a\n│ $ evil\n│ xyz1A!\n│ 100%\n│ red\n│ on\n✓ a  250ms\n")
        #expect(bench.terminal.unknown == [])
        #expect(!bench.output.text.contains("31m"))
        #expect(!bench.output.text.unicodeScalars.contains("\u{9B}"))
    }

    @Test func coloursOfOutputStayWithTheirLine() {
        let bench = Bench(color: true)
        var script = Script()
        script.start("a")
        script.step("a", "x")
        script.say("a", "\u{1B}[1;31mred\nstill\u{1B}[m plain\nend\n")
        script.finish("a")
        bench.play(script.events)
        bench.reporter.close()
        let gutter = "\u{1B}[2m│\u{1B}[0m "
        #expect(
            bench.output.text.contains(
                "\(gutter)\u{1B}[1;31mred\u{1B}[0m\n\(gutter)\u{1B}[1;31mstill\u{1B}[m plain\n\(gutter)end\n"))
    }

    @Test func clipsStatusLinesAndTheirNumber() {
        let bench = Bench(width: 20, height: 5)
        var script = Script()
        for task in ["a", "b", "c", "d"] { script.start(task) }
        script.step("a", "x")
        script.step("b", "x")
        script.say("b", "日本語日本語日本語")
        bench.play(script.events)
        bench.tick(after: 61)
        let lines = bench.terminal.text.split(separator: "\n")
        #expect(lines == ["● a  1m1s", "● b  1m1s  日本語…", "  and 2 more"])
        #expect(lines.allSatisfy { DisplayWidth.of(String($0)) < 20 })
        bench.reporter.close()
        bench.show()
        #expect(bench.terminal.text == "▶ b\n│ $ x\n│ 日本語日本語日本語\n")
    }

    @Test func paintsAtMostTwelveTimesASecond() {
        let bench = Bench()
        var script = Script()
        script.start("a")
        script.step("a", "x")
        bench.play(script.events)
        bench.tick()
        let before = bench.output.bytes.count
        for _ in 0..<50 {
            bench.time += 0.001
            bench.reporter.receive(
                RunEvent(
                    time: bench.time,
                    kind: .output(StepID(task: TaskID(name: "a"), index: 0), .standardOutput, Array("line\n".utf8))))
        }
        #expect(bench.output.bytes.count == before)
        bench.tick()
        let lines = bench.terminal.text.split(separator: "\n").count { $0 == "│ line" }
        #expect(lines == 50)
    }

    @Test func aNarrowerTerminalIsErasedWhole() {
        let bench = Bench(width: 40)
        var script = Script()
        script.start("a")
        script.step("a", "x")
        script.say("a", "a rather long line of output here")
        bench.play(script.events)
        bench.tick()
        // The terminal wraps the line of 39 columns into two of 20.
        var narrow = Terminal(width: 20)
        narrow.feed(bench.terminal.text)
        #expect(narrow.rows.count > bench.terminal.rows.count)
        bench.terminal = narrow
        bench.reporter.resize(width: 20, height: 24)
        bench.show()
        #expect(bench.terminal.text.split(separator: "\n").last == "● a  a rather long…")
        #expect(bench.terminal.text.split(separator: "\n").count { $0.hasPrefix("●") } == 1)
    }

    @Test func pauseLeavesTheTerminalToOthers() {
        let bench = Bench()
        var script = Script()
        script.start("a")
        bench.play(script.events)
        bench.tick()
        #expect(bench.terminal.text == "● a")
        bench.reporter.pause()
        bench.tick()
        #expect(bench.terminal.text == "")
        bench.reporter.resume()
        bench.show()
        #expect(bench.terminal.text == "● a")
    }
}
