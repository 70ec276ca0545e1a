/// Masks the secrets of a registry in one stream of bytes, wherever its chunks are cut.
///
/// What comes out does not depend on how the bytes were cut. Held back is only what may still become a secret,
/// released by later bytes or the end of the stream, never by time.
package struct StreamRedactor: Sendable {
    private let registry: SecretRegistry
    private var automaton: NeedleAutomaton?
    private var generation = 0
    private var cursor = StreamCursor()
    private var ranges = MaskedRanges()
    /// Bytes that were read and not decided; the first stands at `base` in the stream.
    private var held: [UInt8] = []
    private var base = 0

    package init(_ registry: SecretRegistry) { self.registry = registry }

    /// True where the next bytes may pass by without `feed`: there is nothing to mask.
    package var isIdle: Bool { registry.isEmpty }

    /// Takes the next bytes of the stream and appends to `output` those that are decided.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        guard !registry.isEmpty else {
            output.append(contentsOf: bytes)
            base += bytes.count
            return
        }
        let automaton = current()
        let start = base + held.count
        let safe = automaton.scan(bytes, at: start, with: &cursor, into: &ranges)
        write(upTo: safe, chunk: bytes, at: start, automaton, into: &output)
        if safe < start {
            held.removeFirst(safe - base)
            held.append(contentsOf: bytes)
        } else {
            held.removeAll(keepingCapacity: true)
            held.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[(safe - start)...]))
        }
        base = safe
    }

    /// Appends what is still held: the stream is at its end.
    package mutating func finish(into output: inout [UInt8]) {
        guard !held.isEmpty else { return }
        let automaton = current()
        write(
            upTo: base + held.count, chunk: UnsafeRawBufferPointer(start: nil, count: 0), at: base + held.count,
            automaton, into: &output)
        base += held.count
        held.removeAll()
        cursor = StreamCursor()
    }

    /// The automaton with all needles of the registry; held bytes are read again where some are new.
    private mutating func current() -> NeedleAutomaton {
        if let automaton, registry.generation == generation { return automaton }
        let (fresh, generation) = registry.automaton()
        automaton = fresh
        self.generation = generation
        cursor = StreamCursor()
        ranges.forget()
        let again = held
        _ = again.withUnsafeBytes { fresh.scan($0, at: base, with: &cursor, into: &ranges) }
        return fresh
    }

    /// Writes the stream from `base` up to `safe`: no occurrence found later begins before it.
    private mutating func write(
        upTo safe: Int, chunk: UnsafeRawBufferPointer, at start: Int, _ automaton: NeedleAutomaton,
        into output: inout [UInt8]
    ) {
        var position = max(base, ranges.writtenUntil)
        func copy(_ from: Int, _ to: Int) {
            guard from < to else { return }
            if from < start { output.append(contentsOf: held[(from - base)..<(min(to, start) - base)]) }
            if to > start {
                output.append(
                    contentsOf: UnsafeRawBufferPointer(rebasing: chunk[(max(from, start) - start)..<(to - start)]))
            }
        }
        for range in ranges.take(before: safe) {
            copy(position, range.start)
            output.append(contentsOf: automaton.placeholders[automaton.name(of: range.needle)])
            position = range.end
        }
        copy(position, safe)
    }
}
