import Glibc
import OpsCore
import Testing

@testable import OpsEngine

/// Random secrets in random streams: the same ones each time, and other ones for as long as OPS_FUZZ_SECONDS says.
@Suite struct RedactionFuzzTests {
    private static let seconds = getenv("OPS_FUZZ_SECONDS").flatMap { Double(String(cString: $0)) }

    @Test func nothingOfASecretIsLeftHoweverTheStreamIsCut() {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(Self.seconds ?? 0)
        var seed = Self.seconds == nil ? 4 : UInt64(Timestamp.now * 1000)
        while Self.seconds == nil ? seed < 404 : clock.now < end {
            var round = Round(seed: seed)
            if let problem = round.problem() {
                Issue.record("seed \(seed): \(problem)")
                return
            }
            seed += 1
        }
    }

    /// What once went wrong.
    @Test(arguments: [1, 2, 3] as [UInt64]) func holdsForSeed(_ seed: UInt64) {
        var round = Round(seed: seed)
        #expect(round.problem() == nil)
    }

    private struct Round {
        var random: SeededGenerator
        let registry = SecretRegistry()
        var needles: [[UInt8]] = []

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            let alphabets = ["ab", "abc \n", "ab\u{1B}[m1", "ab'\"\\/&<%+ \n", "ab\0\t\r\n", "0123456789abcdef"]
            let alphabet = Array((alphabets.randomElement(using: &random) ?? "ab").utf8)
            self.alphabet = alphabet
            for index in 0..<Int.random(in: 1...4, using: &random) { addSecret(index) }
        }

        let alphabet: [UInt8]

        mutating func addSecret(_ index: Int) {
            let count = Int.random(in: 4...24, using: &random)
            let secret = text(count)
            registry.register(name: "\u{FF}\(index)", bytes: secret)
            needles += SecretForms(secret).needles
        }

        mutating func text(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        }

        /// Needles, parts of needles, layout and noise.
        mutating func stream() -> [UInt8] {
            var result: [UInt8] = []
            while result.count < 300 {
                switch Int.random(in: 0..<8, using: &random) {
                case 0: result += text(Int.random(in: 1...20, using: &random))
                case 1: result += [UInt8.random(in: 0...255, using: &random)]
                case 2:
                    result +=
                        [Array("\n".utf8), Array("\r\n  ".utf8), Array(" ".utf8)].randomElement(using: &random) ?? []
                case 3: result += Array("\u{1B}[31m".utf8)
                default:
                    let needle = needles.randomElement(using: &random) ?? []
                    let from =
                        Int.random(in: 0...2, using: &random) == 0
                        ? Int.random(in: 0...needle.count, using: &random) : 0
                    let to =
                        Int.random(in: 0...1, using: &random) == 0
                        ? Int.random(in: from...needle.count, using: &random) : needle.count
                    var part = Array(needle[from..<to])
                    if Int.random(in: 0...2, using: &random) == 0, !part.isEmpty {
                        part.insert(
                            contentsOf: Array(
                                ["\u{1B}[1m", "\n", "\r\n\t"].randomElement(using: &random)?.utf8 ?? "".utf8),
                            at: Int.random(in: 0..<part.count, using: &random))
                    }
                    result += part
                }
            }
            return result
        }

        /// What does not hold; nil where all does.
        mutating func problem() -> String? {
            let input = stream()
            let whole = redacted(registry, [input])
            if whole != redacted(registry, input.map { [$0] }) { return "single bytes differ from one write: \(input)" }
            var chunks: [[UInt8]] = []
            var rest = input[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...40, using: &random)
                chunks.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            if whole != redacted(registry, chunks) { return "\(chunks.map(\.count)) differs from one write: \(input)" }
            if let needle = needle(in: whole) { return "\(needle) in the output for \(input)" }
            let covered = covered(input)
            let left = parts(whole).reduce(0) { $0 + $1.count }
            if left > input.count - covered {
                return "\(left) bytes left of \(input.count), \(covered) covered: \(input)"
            }
            if whole != input, covered == 0, redacted(registry, [input.filter { !FoldedCursor.isLayout($0) }]) == input
            {
                return "changed without a secret: \(input)"
            }
            return lateProblem(chunks)
        }

        /// A secret that is added within the stream stands nowhere in what is written afterwards.
        private mutating func lateProblem(_ chunks: [[UInt8]]) -> String? {
            var redactor = StreamRedactor(registry)
            var output: [UInt8] = []
            let late = Int.random(in: 0..<chunks.count, using: &random)
            for (index, chunk) in chunks.enumerated() {
                if index == late {
                    addSecret(9)
                    output = []
                }
                chunk.withUnsafeBytes { redactor.feed($0, into: &output) }
            }
            redactor.finish(into: &output)
            return needle(in: output).map { "\($0) in what follows the late secret" }
        }

        /// The output between placeholders.
        private func parts(_ output: [UInt8]) -> [ArraySlice<UInt8>] {
            var parts: [ArraySlice<UInt8>] = []
            var rest = output[...]
            let opening = Array("[masked:\u{FF}".utf8)
            while let next = rest.firstRange(of: opening) {
                parts.append(rest[..<next.lowerBound])
                rest = rest[next.upperBound...].dropFirst(2)
            }
            return parts + [rest]
        }

        private func needle(in output: [UInt8]) -> [UInt8]? {
            for part in parts(output) {
                for needle in needles where part.firstRange(of: needle) != nil { return needle }
            }
            return nil
        }

        /// How many bytes belong to a needle as it is written.
        private func covered(_ input: [UInt8]) -> Int {
            var isCovered = [Bool](repeating: false, count: input.count)
            for needle in needles where needle.count <= input.count {
                for start in 0...(input.count - needle.count) where input[start...].starts(with: needle) {
                    for index in start..<(start + needle.count) { isCovered[index] = true }
                }
            }
            return isCovered.count { $0 }
        }
    }
}
