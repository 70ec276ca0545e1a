import Testing

@testable import SecretsPlugin

@Suite struct SopsPatternTests {
    @Test(arguments: [
        ("pass", "my_password", true), ("^pass", "my_password", false), ("^(data|stringData)$", "data", true),
        ("^(data|stringData)$", "stringDat", false), ("^(|a)b$", "b", true), (".*_secret$", "a_secret", true),
        ("(?i)PASSWORD", "dbPassWord", true), ("(?i:pass)WORD", "PASSWORD", true), ("(?i:pass)WORD", "password", false),
        ("^a.c$", "a\nc", false), ("(?s)^a.c$", "a\nc", true), ("^[a-c_-]+$", "a-b_c", true),
        ("^[^a-c]+$", "xyz", true),
        ("^[^a-c]+$", "xaz", false), ("^[]a]$", "]", true), ("^\\d{2,3}$", "12", true), ("^\\d{2,3}$", "1234", false),
        ("^a{2}$", "aa", true), ("^a{2,}$", "aaaa", true), ("a{x}", "a{x}", true), ("^\\w+\\s\\S$", "ab c", true),
        ("\\bkey\\b", "a key b", true), ("\\bkey\\b", "monkeys", false), ("^\\.$", ".", true), ("^\\.$", "a", false),
        ("^a??b*?c+?$", "abbcc", true), ("^\\x41\\x{42}$", "AB", true), ("^(?P<n>a)(?:b)$", "ab", true),
        ("^é$", "é", true),
        ("^(a+)+$", "aaaa", true), ("", "anything", true), ("^$", "", true), ("^[\\d.]+$", "1.2", true),
        ("^[\\x41-\\x43]$", "B", true), ("(?i)^[a-c]$", "B", true), ("^(a|b|cd)*e$", "abcde", true),
    ])
    func matchesAsRE2Does(_ pattern: String, _ text: String, _ isMatch: Bool) throws {
        #expect(try #require(SopsPattern(pattern)).matches(text) == isMatch)
    }

    @Test(arguments: [
        "(", ")", "a)", "[a", "[b-a]", "*a", "a**b(", "a{3,2}", "a{1001}", "\\", "\\q", "\\pL", "[[:alpha:]]", "(?=a)",
        "(?!a)",
        "(?m)a", "(?<n", "(a{500}){500}", "((((((a{100}){100}){100}){100}){100}){100})",
    ])
    func whatIsNotUnderstoodIsNoPattern(_ pattern: String) { #expect(SopsPattern(pattern) == nil) }

    /// One that tries all ways to match would not end before the sun does.
    @Test(.timeLimit(.minutes(10))) func timeIsBounded() {
        let text = String(repeating: "a", count: 2_000) + "!"
        let patterns = [
            "^(a+)+$", "^(a|a)*$", "^(((((){900}){900}){900}){900})b", "^(a*)*b", "^a?a?a?a?a?a?a?a?a?a?aaaaaaaaaa$",
        ].compactMap { SopsPattern($0) }
        #expect(patterns.count == 5)
        for pattern in patterns { #expect(!pattern.matches(text)) }
    }
}
