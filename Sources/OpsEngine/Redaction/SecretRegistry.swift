package import OpsCore
import OrderedCollections
import Synchronization

/// The values that a run must not show, under the names people know them by.
///
/// One for each run; used from any thread. Values are masked wherever they stand: every byte that belongs to an
/// occurrence of a needle is left out, and each stretch of such bytes becomes `[masked:NAME]`.
package final class SecretRegistry: Sendable {
    /// One byte string to mask. A secret gives several.
    package struct Needle: Sendable, Hashable {
        package var name: String
        package var bytes: [UInt8]
    }

    /// A value that was registered, for a CI service that masks by itself.
    package struct Registration: Sendable {
        package var name: String
        /// The value without the space around it, and the fields of a structured one.
        package var values: [[UInt8]]
    }

    /// Shorter values are not masked: they occur everywhere.
    package static let shortestNeedle = 4

    private struct State {
        var needles: [Needle] = []
        var known: Set<[UInt8]> = []
        var automaton: NeedleAutomaton?
        var told: Set<[UInt8]> = []
        /// What was registered before somebody asked to be told.
        var untold: [Registration] = []
        var observer: (@Sendable (Registration) -> Void)?
    }

    private let state = Mutex(State())
    /// Counts up where a needle is added; a redactor compares it before each chunk.
    private let changes = Atomic<Int>(0)

    package init() {}

    /// True where nothing is masked: bytes may pass by without a copy.
    package var isEmpty: Bool { changes.load(ordering: .acquiring) == 0 }

    /// Masks a value from now on, its lines and fields, and each of them in the encodings of `SecretForms`.
    ///
    /// The observer is told before this returns. Returns a warning for people, which names the secret and not its
    /// value, where it cannot be masked: it is too short, or a word that stands everywhere.
    @discardableResult
    package func register(name: String, bytes: [UInt8]) -> String? {
        let forms = SecretForms(bytes)
        switch forms.refusal {
        case .short:
            return "secret '\(name)' is shorter than \(Self.shortestNeedle) bytes and cannot be masked in output"
        case .common:
            return "secret '\(name)' is a word that stands everywhere and cannot be masked in output; choose another"
        case nil: break
        }
        let observer = state.withLock { state -> (tell: @Sendable (Registration) -> Void, Registration)? in
            for bytes in forms.needles where state.known.insert(bytes).inserted {
                state.needles.append(Needle(name: name, bytes: bytes))
                state.automaton = nil
                changes.add(1, ordering: .releasing)
            }
            let values = forms.values.filter { state.told.insert($0).inserted }
            guard !values.isEmpty else { return nil }
            let registration = Registration(name: name, values: values)
            guard let observer = state.observer else {
                state.untold.append(registration)
                return nil
            }
            return (observer, registration)
        }
        if let (tell, registration) = observer { tell(registration) }
        return nil
    }

    /// Tells somebody of each value, once: of those registered so far before this returns, of later ones when they
    /// are registered, on the thread that does it. A second observer takes the place of the first.
    package func observe(_ observer: @escaping @Sendable (Registration) -> Void) {
        let earlier = state.withLock { state in
            state.observer = observer
            defer { state.untold = [] }
            return state.untold
        }
        for registration in earlier { observer(registration) }
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
        var ranges = MaskedRanges(collectsStates: true)
        var cursor = StreamCursor()
        _ = bytes.withUnsafeBytes { automaton.scan($0, at: 0, with: &cursor, into: &ranges) }
        return automaton.names(endingIn: ranges.states ?? [])
    }
}
