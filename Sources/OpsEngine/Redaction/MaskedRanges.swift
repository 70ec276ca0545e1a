/// The stretches of a stream that are masked: occurrences of needles, overlapping ones merged.
struct MaskedRanges: Sendable {
    struct Range: Sendable {
        var start: Int
        var end: Int
        /// The needle that begins first, the longest of those.
        var needle: Int32
    }

    /// Those not yet written, in order, not overlapping.
    private(set) var pending: [Range] = []
    /// Bytes before this place are behind a placeholder that was written.
    private(set) var writtenUntil = 0
    /// The states that occurrences ended in, where somebody wants to know them.
    private(set) var states: Set<Int32>?

    init(collectsStates: Bool = false) { states = collectsStates ? [] : nil }

    /// Notes an occurrence of a needle that ends in a state; it ends no earlier than those before it.
    mutating func add(_ start: Int, _ end: Int, needle: Int32, state: Int32) {
        states?.insert(state)
        var range = Range(start: start, end: end, needle: needle)
        while let last = pending.last, last.end > range.start {
            if last.start < range.start {
                range.start = last.start
                range.needle = last.needle
            }
            pending.removeLast()
        }
        if range.start < writtenUntil {
            writtenUntil = max(writtenUntil, range.end)
        } else {
            pending.append(range)
        }
    }

    /// Takes away those that begin before a place: they are written now.
    mutating func take(before place: Int) -> [Range] {
        guard let first = pending.first, first.start < place else { return [] }
        let count = pending.firstIndex { $0.start >= place } ?? pending.count
        let taken = Array(pending[..<count])
        pending.removeFirst(count)
        if let last = taken.last { writtenUntil = last.end }
        return taken
    }

    /// Forgets what was not written: the bytes are read again.
    mutating func forget() { pending.removeAll(keepingCapacity: true) }
}
