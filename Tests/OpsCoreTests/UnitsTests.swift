import OpsCore
import Testing

@Suite struct UnitsTests {
    @Test(
        arguments: [
            ("500ms", 500), ("30s", 30_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("0s", 0), ("5", nil),
            ("", nil), ("1.5s", nil), ("-1s", nil), ("5 s", nil), ("s", nil), ("99999999999999d", nil), ("1m30", nil),
            ("٣s", nil),
        ] as [(String, Int64?)])
    func durations(text: String, milliseconds: Int64?) {
        #expect(Duration.parse(text) == milliseconds.map { .milliseconds($0) })
    }

    @Test(arguments: [("90m", "1h30m"), ("86400s", "1d"), ("1500ms", "1s500ms"), ("0s", "0s")])
    func durationText(text: String, expected: String) { #expect(Duration.parse(text)?.text == expected) }

    @Test(arguments: [(45, "45ms"), (1250, "1.25s"), (1050, "1.05s"), (123_000, "2m03s"), (3_900_000, "1h05m")])
    func shortText(milliseconds: Int, expected: String) {
        #expect(Duration.milliseconds(milliseconds).shortText == expected)
    }

    @Test(
        arguments: [
            ("10MB", 10_000_000), ("10MiB", 10_485_760), ("1B", 1), ("1kB", 1000), ("5", nil), ("MB", nil),
            ("-1B", nil), ("9999999999TiB", nil), ("1 MB", nil),
        ] as [(String, Int?)])
    func sizes(text: String, bytes: Int?) { #expect(ByteSize.parse(text) == bytes) }

    @Test(arguments: [(812, "812 B"), (34_200_000, "34.2 MB"), (1000, "1.0 kB"), (5_000_000_000_000_000, "5000.0 TB")])
    func sizeText(bytes: Int, expected: String) { #expect(ByteSize.text(bytes) == expected) }

    @Test(
        arguments: [
            ("0755", 0o755), ("0o644", 0o644), ("755", 0o755), ("4755", 0o4755), ("0o17777", nil), ("9", nil),
            ("888", nil), ("rwx", nil), ("", nil),
        ] as [(String, UInt32?)])
    func modes(text: String, mode: UInt32?) { #expect(FileMode.parse(text) == mode) }

    @Test func sourceLines() {
        let text = SourceText(file: "f", bytes: Array("\u{FEFF}one\r\ntwo\u{2028}thrée\n\nlast".utf8))
        #expect((1...6).map { text.line($0) } == ["one", "two", "thrée", "", "last", nil])
        #expect(text.line(0) == nil && text.lineCount == 5)
        #expect(text.position(ofByte: 3) == SourcePosition(line: 1, column: 1))
        #expect(text.position(ofByte: 19) == SourcePosition(line: 3, column: 5))
        #expect(text.position(ofByte: 999) == SourcePosition(line: 5, column: 5))
        #expect(SourceText(file: "f", bytes: []).lineCount == 0)
        #expect(SourceText(file: "f", bytes: Array("a\n".utf8)).lineCount == 1)
        #expect(SourceText(file: "f", bytes: [0x61, 0xFF]).line(1) == "a\u{FFFD}")
    }

    @Test func diagnosticsAreOrdered() {
        func at(_ file: String, _ line: Int) -> Diagnostic {
            Diagnostic(
                code: "c", "m",
                at: SourceRange(
                    file: file, start: SourcePosition(line: line, column: 1), end: SourcePosition(line: line, column: 2)
                ))
        }
        let sorted = [at("b", 1), at("a", 2), Diagnostic(code: "c", "m"), at("a", 1)].sorted(
            by: Diagnostic.inReadingOrder)
        #expect(sorted.map { $0.range?.description } == [nil, "a:1:1", "a:2:1", "b:1:1"])
    }
}
