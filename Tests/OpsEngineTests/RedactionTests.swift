import OpsCore
import OrderedCollections
import Testing

@testable import OpsEngine

/// Feeds chunks to a fresh redactor.
func redacted(_ registry: SecretRegistry, _ chunks: [[UInt8]]) -> [UInt8] {
    var redactor = StreamRedactor(registry)
    var output: [UInt8] = []
    for chunk in chunks { chunk.withUnsafeBytes { redactor.feed($0, into: &output) } }
    redactor.finish(into: &output)
    return output
}

func redacted(_ registry: SecretRegistry, _ chunks: [String]) -> String {
    String(decoding: redacted(registry, chunks.map { Array($0.utf8) }), as: UTF8.self)
}

func registry(_ secrets: [(String, String)]) -> SecretRegistry {
    let registry = SecretRegistry()
    for (name, value) in secrets { registry.register(name: name, bytes: Array(value.utf8)) }
    return registry
}

@Suite struct RedactionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var secrets: [(String, String)]
        var input: [String]
        var expected: String
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "plain", secrets: [("A", "hunter22")], input: ["x hunter22 y"], expected: "x [masked:A] y"),
        Case(name: "alone", secrets: [("A", "hunter22")], input: ["hunter22"], expected: "[masked:A]"),
        Case(
            name: "twice, adjacent", secrets: [("A", "hunter22")], input: ["hunter22hunter22"],
            expected: "[masked:A][masked:A]"),
        Case(
            name: "self-overlapping: aabb in aaabb", secrets: [("A", "aabb")], input: ["aaabb"],
            expected: "a[masked:A]"),
        Case(
            name: "overlapping itself", secrets: [("A", "abcab")], input: ["xabcabcaby"], expected: "x[masked:A]y"),
        Case(
            name: "GitLab: half a match begins the match", secrets: [("A", "aabc")], input: ["aa", "abc"],
            expected: "a[masked:A]"),
        Case(
            name: "GitLab: a prefix that repeats across writes", secrets: [("A", "xyxyz!secret")],
            input: ["log xyx", "yxyz!secret"], expected: "log xy[masked:A]"),
        Case(
            name: "GitLab: overlapping phrases", secrets: [("A", "abcd"), ("B", "cdef")], input: ["abcdef"],
            expected: "[masked:A]"),
        Case(
            name: "Concourse: a line written in two halves", secrets: [("A", "hunter22")],
            input: ["pass hunt", "", "er22\n"], expected: "pass [masked:A]\n"),
        Case(
            name: "nested, longer goes on", secrets: [("long", "abcdefgh"), ("short", "cdef")],
            input: ["abcdefgh abcdefgX"], expected: "[masked:long] ab[masked:short]gX"),
        Case(
            name: "nested at the end", secrets: [("long", "abcdefgh"), ("short", "efgh")], input: ["abcdefgh"],
            expected: "[masked:long]"),
        Case(
            name: "a prefix pair", secrets: [("short", "abcd"), ("long", "abcdef")],
            input: ["abcdef abcde"], expected: "[masked:long] [masked:short]e"),
        Case(
            name: "three in a chain", secrets: [("A", "aabb"), ("B", "bbcc"), ("C", "ccdd")],
            input: ["-aabbccdd-bbccdd-"], expected: "-[masked:A]-[masked:B]-"),
        Case(
            name: "unfinished at the end", secrets: [("A", "hunter22")], input: ["hunter2"], expected: "hunter2"),
        Case(
            name: "several lines", secrets: [("key", "-----BEGIN\nsecretline\nend\n")],
            input: ["x secretline y\n-----BEGIN\nsecretline\nend\nz"], expected: "x [masked:key] y\n[masked:key]\nz"),
        Case(
            name: "without its newline", secrets: [("A", "hunter22\n")], input: ["hunter22 hunter22\n"],
            expected: "[masked:A] [masked:A]\n"),
        Case(
            name: "a name that is a value", secrets: [("password", "password")], input: ["my password is"],
            expected: "my *** is"),
        Case(
            name: "one value, two names", secrets: [("A", "hunter22"), ("B", "hunter22")], input: ["hunter22"],
            expected: "[masked:A]"),
        Case(
            name: "a needle of one byte repeated", secrets: [("A", "aaaa")], input: ["aaaaaaaaaaaaa b aaa"],
            expected: "[masked:A] b aaa"),
    ]

    @Test(arguments: cases) func masks(_ example: Case) {
        let registry = registry(example.secrets)
        #expect(redacted(registry, example.input) == example.expected)
        let whole = Array(example.input.joined().utf8)
        #expect(registry.redact(example.input.joined()) == example.expected)
        // Every way to cut it into writes of equal size, and every single cut.
        for size in 1...16 {
            let chunks = stride(from: 0, to: whole.count, by: size).map {
                Array(whole[$0..<min($0 + size, whole.count)])
            }
            #expect(
                String(decoding: redacted(registry, chunks), as: UTF8.self) == example.expected, "writes of \(size)")
        }
        for cut in 0...whole.count {
            let chunks = [Array(whole[..<cut]), Array(whole[cut...])]
            #expect(String(decoding: redacted(registry, chunks), as: UTF8.self) == example.expected, "cut at \(cut)")
        }
    }

    @Test func shortValuesAreReportedByName() {
        let registry = SecretRegistry()
        let warning = registry.register(name: "pin", bytes: Array("123\n".utf8))
        #expect(warning == "secret 'pin' is shorter than 4 bytes and cannot be masked in output")
        #expect(registry.isEmpty)
        #expect(registry.register(name: "pin", bytes: Array("7391".utf8)) == nil)
        #expect(registry.redact("pin 7391") == "pin [masked:pin]")
    }

    @Test(arguments: ["true", " NULL\n", "root", "1234"]) func wordsThatStandEverywhereAreReportedByName(_ word: String)
    {
        let registry = SecretRegistry()
        let warning = registry.register(name: "flag", bytes: Array(word.utf8))
        #expect(
            warning
                == "secret 'flag' is a word that stands everywhere and cannot be masked in output; choose another")
        #expect(registry.isEmpty)
    }

    @Test func shortLinesAloneAreNotMasked() {
        let registry = registry([("key", "begin\n{\nlonger line\n}\n")])
        #expect(registry.redact("{ } longer line begin") == "{ } [masked:key] begin")
    }

    @Test func nulAndInvalidUTF8PassThrough() {
        let registry = registry([("A", "hunter22")])
        let noise: [UInt8] = [0, 0xFF, 0xC3, 0x28, 0x80, 0, 0xF0, 0x9F]
        #expect(redacted(registry, [noise, Array("hunter22".utf8), noise]) == noise + Array("[masked:A]".utf8) + noise)
        let binary = SecretRegistry()
        binary.register(name: "B", bytes: [0, 0xFF, 0, 0xFE])
        #expect(redacted(binary, [[1, 0, 0xFF], [0, 0xFE, 2]]) == [1] + Array("[masked:B]".utf8) + [2])
    }

    @Test func aSecretAddedLaterMasksHeldBytesToo() {
        let registry = registry([("A", "hunter22")])
        var redactor = StreamRedactor(registry)
        var output: [UInt8] = []
        func feed(_ text: String) {
            Array(text.utf8).withUnsafeBytes { redactor.feed($0, into: &output) }
        }
        feed("say hunt")
        #expect(output == Array("say ".utf8))
        registry.register(name: "B", bytes: Array("untold".utf8))
        feed("old hunter22")
        redactor.finish(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "say h[masked:B] [masked:A]")
    }

    @Test func holdsBackOnlyWhatMayBecomeASecret() {
        let registry = registry([("A", "hunter22")])
        var redactor = StreamRedactor(registry)
        #expect(!redactor.isIdle)
        #expect(StreamRedactor(SecretRegistry()).isIdle)
        var output: [UInt8] = []
        Array("a line\nhun".utf8).withUnsafeBytes { redactor.feed($0, into: &output) }
        #expect(output == Array("a line\n".utf8))
        Array("-".utf8).withUnsafeBytes { redactor.feed($0, into: &output) }
        #expect(output == Array("a line\nhun-".utf8))
    }

    @Test func valuesKeepTheirShape() {
        let registry = registry([("A", "hunter22")])
        let value = Value.map(["hunter22": .list([.string("x hunter22"), .integer(7), .null])])
        #expect(registry.redact(value) == .map(["[masked:A]": .list([.string("x [masked:A]"), .integer(7), .null])]))
        #expect(registry.redact(.integer(12_345_678, spelling: "hunter22")) == .string("[masked:A]"))
    }

    @Test func namesOfWhatStandsInBytes() {
        let registry = registry([("long", "abcdefgh"), ("short", "cdef"), ("other", "zzzz")])
        #expect(registry.names(in: Array("x abcdefgh".utf8)) == ["long", "short"])
        #expect(registry.names(in: Array("abcdeg".utf8)) == [])
    }

    /// Random secrets over a small alphabet, in random text with random cuts: no secret in the output, the output
    /// does not depend on the cuts, and a simple model that masks byte by byte agrees.
    @Test(arguments: 0..<300) func holdsForRandomText(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let alphabet = Array("abc".utf8.prefix(Int.random(in: 2...3, using: &random)))
        func text(_ count: Int) -> [UInt8] { (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 } }
        let registry = SecretRegistry()
        var needles: [[UInt8]] = []
        for index in 0..<Int.random(in: 1...6, using: &random) {
            let needle = text(Int.random(in: 4...9, using: &random))
            needles.append(needle)
            registry.register(name: "N\(index)", bytes: needle)
        }
        let input = text(200)
        let whole = redacted(registry, [input])
        for needle in needles { #expect(whole.firstRange(of: needle) == nil) }
        var chunks: [[UInt8]] = []
        var rest = input[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...16, using: &random)
            chunks.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(redacted(registry, chunks) == whole)
        var isMasked = [Bool](repeating: false, count: input.count)
        for needle in needles {
            for start in 0...(input.count - needle.count) where input[start...].starts(with: needle) {
                for index in start..<(start + needle.count) { isMasked[index] = true }
            }
        }
        // What is left, placeholders taken out, is exactly what no needle covers.
        let left = String(decoding: whole, as: UTF8.self).split(separator: "[", omittingEmptySubsequences: false)
            .map { $0.drop { $0 != "]" }.isEmpty ? $0 : $0.drop { $0 != "]" }.dropFirst() }.joined()
        #expect(Array(left.utf8) == zip(input, isMasked).filter { !$0.1 }.map(\.0))
    }

    @Test func textWithoutSecretsIsUnchanged() {
        var random = SeededGenerator(seed: 7)
        let registry = registry((0..<50).map { ("N\($0)", "needle-\($0)-of-many") })
        for _ in 0..<20 {
            let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(redacted(registry, [bytes]) == bytes)
            #expect(redacted(registry, bytes.map { [$0] }) == bytes)
        }
    }
}
