import OpsReport
import Testing

@Suite struct TableTextTests {
    @Test func columnsLineUpByDisplayWidth() {
        var table = TableText(alignments: [.left, .right], width: 30)
        table.row(["name", "size", "what"])
        table.row(["日本", "7", "wide"])
        table.row(["\u{1B}[32me\u{301}te\u{301}\u{1B}[0m", "1200", "a text that is much too long"])
        table.row(["short"])
        #expect(
            table.lines == [
                "name   size  what",
                "日本      7  wide",
                "\u{1B}[32me\u{301}te\u{301}\u{1B}[0m    1200  a text that is m…",
                "short",
            ])
    }

    @Test(arguments: [
        ("abc", 3), ("日本", 4), ("e\u{301}", 1), ("👍", 2), ("👨‍👩‍👧", 2), ("✓", 1), ("⚠\u{FE0F}", 2), ("한글", 4),
        ("ｆ", 2), ("", 0), ("\u{200B}a", 1), ("🇩🇪", 2), ("\u{1B}[1;31mred\u{1B}[0m", 3),
    ])
    func widths(_ text: String, _ width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("abc", 1, "…"),
        ("abc", 0, ""), ("\u{1B}[31mabc\u{1B}[0m", 2, "\u{1B}[31ma…\u{1B}[0m\u{1B}[0m"),
    ])
    func clips(_ text: String, _ width: Int, _ expected: String) {
        #expect(DisplayWidth.clip(text, to: width) == expected)
    }
}
