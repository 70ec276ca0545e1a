/// Masks the secrets of a registry in one stream of bytes, wherever its chunks are cut.
///
/// What comes out does not depend on how the bytes were cut. Held back is only what may still become a secret:
/// fewer bytes than the longest needle, released by later bytes or the end of the stream, never by time.
package struct StreamRedactor: Sendable {
    private struct Match {
        var start: Int
        var end: Int
        /// The name of the leftmost needle, the longest of those.
        var name: Int
    }

    private let registry: SecretRegistry
    private var automaton: NeedleAutomaton?
    private var generation = 0
    private var state: Int32 = 0
    /// Bytes that were read and not decided; the first stands at `base` in the stream.
    private var held: [UInt8] = []
    private var base = 0
    /// Occurrences that end behind what was written, in order, not overlapping.
    private var matches: [Match] = []
    /// Bytes before this place are behind a placeholder that was written.
    private var maskedUntil = 0

    package init(_ registry: SecretRegistry) { self.registry = registry }

    /// True where the next bytes may pass by without `feed`: there is nothing to mask.
    package var isIdle: Bool { registry.isEmpty }

    /// Takes the next bytes of the stream and appends to `output` those that are decided.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        guard !registry.isEmpty else {
            output.append(contentsOf: bytes)
            return
        }
        guard let automaton = current() else { return }
        let start = base + held.count
        scan(bytes, at: start, with: automaton)
        let end = start + bytes.count
        let safe = end - Int(automaton.depth[Int(state)])
        write(upTo: safe, chunk: bytes, at: start, placeholders: automaton.placeholders, into: &output)
        if safe < start {
            held.removeFirst(safe - base)
            held.append(contentsOf: bytes)
        } else {
            held.removeAll(keepingCapacity: true)
            held.append(contentsOf: bytes[(safe - start)...])
        }
        base = safe
    }

    /// Appends what is still held: the stream is at its end.
    package mutating func finish(into output: inout [UInt8]) {
        guard !held.isEmpty, let automaton = current() else { return }
        let rest = held
        held.removeAll()
        state = 0
        let end = base + rest.count
        rest.withUnsafeBytes {
            write(upTo: end, chunk: $0, at: base, placeholders: automaton.placeholders, into: &output)
        }
        base = end
    }

    /// The automaton with all needles of the registry; held bytes are read again where some are new.
    private mutating func current() -> NeedleAutomaton? {
        guard automaton == nil || registry.generation != generation else { return automaton }
        let (fresh, generation) = registry.automaton()
        automaton = fresh
        self.generation = generation
        state = 0
        matches.removeAll()
        let again = held
        again.withUnsafeBytes { scan($0, at: base, with: fresh) }
        return fresh
    }

    private mutating func scan(_ bytes: UnsafeRawBufferPointer, at start: Int, with automaton: NeedleAutomaton) {
        var offset = 0
        while offset < bytes.count {
            if state == 0 {
                offset = automaton.skip(bytes, from: offset)
                if offset == bytes.count { break }
            }
            let before = automaton.depth[Int(state)]
            state = automaton.next(state, bytes[offset])
            offset += 1
            let depth = automaton.depth[Int(state)]
            let length = Int(automaton.matchLength[Int(state)])
            if length != 0 {
                let end = start + offset
                add(Match(start: end - length, end: end, name: Int(automaton.matchName[Int(state)])))
            } else if depth <= before, Int(depth) < NeedleAutomaton.window, Int(depth) <= offset {
                // A mismatch: what may begin now is asked of the filter, which is faster than the automaton.
                let restart = offset - Int(depth)
                if restart + NeedleAutomaton.window <= bytes.count {
                    state = 0
                    offset = restart
                }
            }
        }
    }

    /// Notes an occurrence; it ends no earlier than those before it.
    private mutating func add(_ match: Match) {
        var match = match
        while let last = matches.last, last.end > match.start {
            if last.start < match.start {
                match.start = last.start
                match.name = last.name
            }
            matches.removeLast()
        }
        if match.start < maskedUntil {
            maskedUntil = max(maskedUntil, match.end)
        } else {
            matches.append(match)
        }
    }

    /// Writes the stream from `base` up to `safe`: no occurrence found later begins before it.
    private mutating func write(
        upTo safe: Int, chunk: UnsafeRawBufferPointer, at start: Int, placeholders: [[UInt8]],
        into output: inout [UInt8]
    ) {
        var position = max(base, maskedUntil)
        func copy(_ from: Int, _ to: Int) {
            guard from < to else { return }
            if from < start { output.append(contentsOf: held[(from - base)..<(min(to, start) - base)]) }
            if to > start { output.append(contentsOf: chunk[(max(from, start) - start)..<(to - start)]) }
        }
        var written = 0
        for match in matches {
            guard match.start < safe else { break }
            copy(position, match.start)
            output.append(contentsOf: placeholders[match.name])
            position = match.end
            maskedUntil = match.end
            written += 1
        }
        matches.removeFirst(written)
        copy(position, safe)
    }
}
