package import OpsCore
import OrderedCollections
import Synchronization

/// The values that a run must not show, under the names people know them by.
///
/// One for each run; used from any thread. Values are masked wherever they stand: every byte that belongs to an
/// occurrence of a needle is left out, and each stretch of such bytes becomes `[masked:NAME]`.
package final class SecretRegistry: Sendable {
    /// One byte string to mask. A secret gives several; later kinds (encodings) add more.
    package struct Needle: Sendable, Hashable {
        package var name: String
        package var bytes: [UInt8]
    }

    /// Shorter values are not masked: they occur everywhere.
    package static let shortestNeedle = 4
    /// Shorter lines of a value of several lines are not masked by themselves.
    package static let shortestLine = 6

    private struct State {
        var needles: [Needle] = []
        var known: Set<[UInt8]> = []
        var automaton: NeedleAutomaton?
    }

    private let state = Mutex(State())
    /// Counts up where a needle is added; a redactor compares it before each chunk.
    private let changes = Atomic<Int>(0)

    package init() {}

    /// True where nothing is masked: bytes may pass by without a copy.
    package var isEmpty: Bool { changes.load(ordering: .acquiring) == 0 }

    /// Masks a value from now on: whole, without the space around it, and each of its lines.
    ///
    /// Returns a warning for people, which names the secret and not its value, where it is too short to mask.
    @discardableResult
    package func register(name: String, bytes: [UInt8]) -> String? {
        let needles = Self.needles(of: bytes)
        guard !needles.isEmpty else {
            return "secret '\(name)' is shorter than \(Self.shortestNeedle) bytes and cannot be masked in output"
        }
        state.withLock { state in
            for bytes in needles where state.known.insert(bytes).inserted {
                state.needles.append(Needle(name: name, bytes: bytes))
                state.automaton = nil
                changes.add(1, ordering: .releasing)
            }
        }
        return nil
    }

    /// The byte strings to mask for a value.
    private static func needles(of value: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        func add(_ bytes: some Sequence<UInt8>, atLeast length: Int) {
            let bytes = Array(bytes)
            if bytes.count >= length { result.append(bytes) }
        }
        let text = trimmed(value[...])
        guard text.count >= shortestNeedle else { return [] }
        add(value, atLeast: shortestNeedle)
        add(text, atLeast: shortestNeedle)
        let lines = text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        if lines.count > 1 {
            for line in lines { add(trimmed(line), atLeast: shortestLine) }
        }
        return result
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let start = bytes.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return [] }
        return start[...last]
    }

    /// A number that grows with every needle.
    var generation: Int { changes.load(ordering: .acquiring) }

    /// The automaton of all needles so far, and its generation.
    func automaton() -> (NeedleAutomaton, generation: Int) {
        state.withLock { state in
            let automaton = state.automaton ?? NeedleAutomaton(state.needles)
            state.automaton = automaton
            return (automaton, changes.load(ordering: .relaxed))
        }
    }

    /// A whole byte string with the secrets in it masked.
    package func redact(_ bytes: [UInt8]) -> [UInt8] {
        guard !isEmpty else { return bytes }
        var redactor = StreamRedactor(self)
        var output: [UInt8] = []
        bytes.withUnsafeBytes { redactor.feed($0, into: &output) }
        redactor.finish(into: &output)
        return output
    }

    /// A whole text (an error, a message, an output) with the secrets in it masked.
    package func redact(_ text: String) -> String {
        guard !isEmpty else { return text }
        let bytes = Array(text.utf8)
        let masked = redact(bytes)
        return masked == bytes ? text : String(decoding: masked, as: UTF8.self)
    }

    /// A value with the secrets in its texts and keys masked; secrets and unknowns stay what they are.
    package func redact(_ value: Value) -> Value {
        guard !isEmpty else { return value }
        switch value {
        case .string(let text): return .string(redact(text))
        case .integer(_, let spelling?), .number(_, let spelling?):
            let masked = redact(spelling)
            return masked == spelling ? value : .string(masked)
        case .list(let items): return .list(items.map { redact($0) })
        case .map(let map):
            return .map(ValueMap(map.map { (redact($0.key), redact($0.value)) }) { first, _ in first })
        case .null, .boolean, .integer, .number, .unknown, .secret: return value
        }
    }

    /// The names of the secrets whose bytes stand in a byte string, sorted.
    package func names(in bytes: [UInt8]) -> [String] {
        guard !isEmpty else { return [] }
        let (automaton, _) = automaton()
        return bytes.withUnsafeBytes { automaton.names(in: $0) }
    }
}
