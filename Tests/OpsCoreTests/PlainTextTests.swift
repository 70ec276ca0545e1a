import OpsCore
import Testing

@Suite struct PlainTextTests {
    @Test(arguments: [
        ("git+https://host", "://", 9, 12), ("://", "://", 0, 3), ("a:/b://c", "://", 4, 7), ("aab", "ab", 1, 3),
    ])
    func placeOfAText(text: String, wanted: String, start: Int, end: Int) throws {
        let range = try #require(text.firstRange(ofBytes: wanted))
        #expect(text.utf8.distance(from: text.startIndex, to: range.lowerBound) == start)
        #expect(text.utf8.distance(from: text.startIndex, to: range.upperBound) == end)
    }

    @Test(arguments: [("", "a"), ("a:/", "://"), ("abc", "abcd"), ("abc", "")])
    func textThatIsNotThere(text: String, wanted: String) { #expect(text.firstRange(ofBytes: wanted) == nil) }

    @Test func partOfATextIsSearchedInItself() throws {
        let text = "é://x//y"[...].dropFirst(4)
        let range = try #require(text.firstRange(ofBytes: "//"))
        #expect(text[range.upperBound...] == "y")
        #expect("e\u{301}".firstRange(ofBytes: "é") == nil)
    }

    @Test func hexadecimalDigits() { #expect(hexadecimal([0x00, 0x9F, 0xA0, 0xFF]) == "009fa0ff") }
}
