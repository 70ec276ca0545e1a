import OpsCore
import Testing

@testable import OpsEngine

/// Layout within a secret does not hide it: line breaks, indentation, colour.
@Suite struct FoldedRedactionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var secret: String
        var input: String
        var expected: String
        var testDescription: String { name }
    }

    static let key = "first line\nsecond line\n\n  third"
    static let cases: [Case] = [
        Case(name: "as it is", secret: key, input: "<\(key)>", expected: "<[masked:S]>"),
        Case(
            name: "CRLF", secret: key, input: "<first line\r\nsecond line\r\n\r\n  third>", expected: "<[masked:S]>"),
        Case(
            name: "indented", secret: key, input: "    first line\n    second line\n\n      third\n",
            expected: "    [masked:S]\n"),
        Case(
            name: "split by a shell", secret: key, input: "first line second line third", expected: "[masked:S]"),
        Case(
            name: "wrapped", secret: "hunter22-and-more", input: "hunter22\n-and-\r\n\tmore", expected: "[masked:S]"),
        Case(
            name: "colour within", secret: "hunter22",
            input: "\u{1B}[1mh\u{1B}[31munt\u{1B}[0;38;5;9mer2\u{1B}(B\u{1B}[m2!",
            expected: "\u{1B}[1m[masked:S]!"),
        Case(
            name: "colour around", secret: "hunter22", input: "\u{1B}[31mhunter22\u{1B}[0m\r\n",
            expected: "\u{1B}[31m[masked:S]\u{1B}[0m\r\n"),
        Case(
            name: "the last byte of a sequence begins the secret", secret: "mysecret1", input: "\u{1B}[31mysecret1.",
            expected: "\u{1B}[31[masked:S]."),
        Case(
            name: "the secret in a title", secret: "hunter22", input: "\u{1B}]0;hunter22\u{7}x",
            expected: "\u{1B}]0;[masked:S]\u{7}x"),
        Case(
            name: "a folded occurrence overlaps a literal one", secret: "abcdefgh\nefghijkl",
            input: "abcdefgh\nefghijkl efghijkl", expected: "[masked:S] [masked:S]"),
        Case(
            name: "numbers in a table", secret: "73911", input: "73 911 73911 739\n11",
            expected: "73 911 [masked:S] 739\n11"),
    ]

    @Test(arguments: cases) func masks(_ example: Case) {
        let registry = registry([("S", example.secret)])
        #expect(registry.redact(example.input) == example.expected)
        let whole = Array(example.input.utf8)
        for size in 1...16 {
            let chunks = stride(from: 0, to: whole.count, by: size).map {
                Array(whole[$0..<min($0 + size, whole.count)])
            }
            #expect(
                String(decoding: redacted(registry, chunks), as: UTF8.self) == example.expected, "writes of \(size)")
        }
    }

    /// Each needle of two secrets, cut into writes of 1 to 16 bytes, comes out as from one write.
    @Test(arguments: ["p@ss w0rd/\"q\"'t'&<\u{FC}>$HOME\\", "first line\nse\"cond\n", #"{"a":"p&ssword","b":"x"}"#])
    func everySplitOfEveryNeedleEqualsOneWrite(_ secret: String) {
        let registry = registry([("S", secret)])
        let needles = SecretForms(Array(secret.utf8)).needles
        #expect(needles.count > 20)
        for needle in needles {
            let text = Array("> ".utf8) + needle + Array("\n".utf8)
            let whole = redacted(registry, [text])
            #expect(whole == Array("> [masked:S]\n".utf8), "\(String(decoding: needle, as: UTF8.self))")
            for size in 1...16 {
                let chunks = stride(from: 0, to: text.count, by: size).map {
                    Array(text[$0..<min($0 + size, text.count)])
                }
                #expect(redacted(registry, chunks) == whole)
            }
        }
    }

    @Test func aLineIsNotHeldBackForItsLastByte() {
        let registry = registry([("S", "hunter22")])
        var redactor = StreamRedactor(registry)
        var output: [UInt8] = []
        func feed(_ text: String) { Array(text.utf8).withUnsafeBytes { redactor.feed($0, into: &output) } }
        feed("ah\n")
        #expect(output == Array("ah\n".utf8))
        feed("hunt")
        feed("\n")
        #expect(output == Array("ah\n".utf8))
        feed("x")
        #expect(output == Array("ah\nhunt\nx".utf8))
    }

    @Test func whatIsHeldBackIsBounded() {
        let registry = registry([("S", "hunter22")])
        var redactor = StreamRedactor(registry)
        var output: [UInt8] = []
        let gaps = Array("hunter2".utf8) + [UInt8](repeating: 0x0A, count: 100_000)
        gaps.withUnsafeBytes { redactor.feed($0, into: &output) }
        #expect(output == gaps)
        let sequence = Array("hunter2\u{1B}[".utf8) + [UInt8](repeating: 0x31, count: 100_000)
        sequence.withUnsafeBytes { redactor.feed($0, into: &output) }
        #expect(output == gaps + sequence)
        // A gap behind each byte, without an end.
        let coloured = registry.redact(String(repeating: "h\u{1B}[1mu\u{1B}[1m", count: 10_000))
        #expect(coloured.utf8.count == 100_000)
    }
}
