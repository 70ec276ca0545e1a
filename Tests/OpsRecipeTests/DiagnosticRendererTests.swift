import OpsCore
import OrderedCollections
import Testing

@Suite struct DiagnosticRendererTests {
    private func render(
        _ text: String, _ start: (Int, Int), _ end: (Int, Int), hint: String? = nil, width: Int = 120
    ) -> [String] {
        let range = SourceRange(
            file: "ops.yaml", start: SourcePosition(line: start.0, column: start.1),
            end: SourcePosition(line: end.0, column: end.1))
        let renderer = DiagnosticRenderer(
            sources: [SourceText(file: "ops.yaml", bytes: Array(text.utf8))], width: width)
        let printed = renderer.text(Diagnostic(code: "x", "wrong", hint: hint, at: range))
        return printed.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func asTheDesignShows() {
        let lines = String(repeating: "\n", count: 13) + "      need: [ test ]\n"
        let range = SourceRange(
            file: "ops.yaml", start: SourcePosition(line: 14, column: 7), end: SourcePosition(line: 14, column: 11))
        let renderer = DiagnosticRenderer(sources: [SourceText(file: "ops.yaml", bytes: Array(lines.utf8))])
        let diagnostic = Diagnostic(
            code: "unknown-key", "unknown key 'need' in task 'bundle'", hint: "did you mean 'needs'?", at: range)
        #expect(
            renderer.text(diagnostic) == """
                ops.yaml:14:7: error: unknown key 'need' in task 'bundle'
                   14 |       need: [ test ]
                      |       ^~~~ did you mean 'needs'?

                """)
    }

    @Test func tabsAndWideCharacters() {
        #expect(render("\tab: x", (1, 2), (1, 4))[1...2] == ["    1 |     ab: x", "      |     ^~"])
        #expect(render("日本: x", (1, 2), (1, 3))[1...2] == ["    1 | 日本: x", "      |   ^~"])
        #expect(render("e\u{301}: x", (1, 3), (1, 4))[1...2] == ["    1 | e\u{301}: x", "      |  ^"])
        #expect(render("👍: x", (1, 2), (1, 3))[2] == "      |   ^")
    }

    @Test func aRangeOverLinesEndsWithItsFirst() {
        #expect(render("a: [ b,\n  c ]", (1, 4), (2, 6))[1...2] == ["    1 | a: [ b,", "      |    ^~~~"])
    }

    @Test func longLinesAreCutAroundTheCaret() {
        let line = String(repeating: "x", count: 300) + "HERE" + String(repeating: "y", count: 300)
        let lines = render(line, (1, 301), (1, 305), width: 40)
        #expect(lines[1] == "    1 | …xxxxxxxxxxxxxHEREyyyyyyyyyyyyyyyyyyyyy…")
        #expect(lines[2] == "      |               ^~~~")
    }

    @Test func terminalControlsAreHarmless() {
        #expect(render("a\u{1B}[31m\u{202E}b", (1, 1), (1, 2))[1] == "    1 | a\u{FFFD}[31m\u{FFFD}b")
    }

    @Test func placesOutsideTheText() {
        #expect(render("a", (7, 3), (7, 4), hint: "look") == ["ops.yaml:7:3: error: wrong", "      | look", ""])
        #expect(render("a", (1, 9), (1, 12))[2] == "      |  ^")
        let renderer = DiagnosticRenderer(sources: [])
        #expect(renderer.text(Diagnostic(.warning, code: "x", "odd", hint: "so")) == "ops: warning: odd\n     so\n")
    }

    @Test func aLineThatMayHoldASecretIsShownWithNoDiagnostic() {
        let range = SourceRange(
            file: "a", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))
        var first = Diagnostic(code: "x", "not a reference", hint: "write one", at: range)
        first.hidesSource = true
        let second = Diagnostic(.warning, code: "y", "odd", at: range)
        let printed = DiagnosticRenderer(sources: [SourceText(file: "a", bytes: Array("k: hunter2".utf8))])
            .text([second, first])
        #expect(printed == "a:1:1: warning: odd\na:1:1: error: not a reference\n      | write one\n")
    }

    @Test func asData() {
        let range = SourceRange(
            file: "a", start: SourcePosition(line: 1, column: 2), end: SourcePosition(line: 1, column: 3))
        #expect(
            JSONWriter.text(Diagnostic(code: "c", "m", hint: "h", at: range).json)
                == #"{"severity":"error","code":"c","message":"m","hint":"h","file":"a","line":1,"column":2,"end-line":1,"end-column":3}"#
        )
    }
}
