/// Where one stream stands in the automaton: as its bytes are written, and as they read without layout.
///
/// The literal cursor misses nothing: it is the plain automaton over all bytes. The folded one adds what is
/// wrapped, indented or coloured.
struct StreamCursor: Sendable {
    private var literal: Int32 = 0
    private var folded = FoldedCursor()

    /// The first place whose byte may still belong to an occurrence; `end` is that behind the last byte read.
    func undecided(_ end: Int, _ tables: NeedleTables) -> Int {
        let start = end - Int(tables.depth[Int(literal)])
        return folded.isActive ? min(start, folded.start(tables)) : start
    }

    /// Reads bytes, the first of which stands at `start` in the stream. `lengths` are those of the needles.
    mutating func scan(
        _ bytes: UnsafeRawBufferPointer, at start: Int, _ tables: NeedleTables, _ lengths: UnsafeBufferPointer<Int32>,
        _ probe: WindowProbe, into ranges: inout MaskedRanges
    ) {
        var state = literal
        var offset = 0
        /// The offset from which the automaton has read since the filter let a place through.
        var entry = -1
        var previous = Int(tables.depth[Int(state)])
        while offset < bytes.count {
            if state == 0, !folded.isActive {
                offset = probe.skip(bytes, from: offset)
                entry = offset
                previous = 0
            }
            let byte = bytes[offset]
            if folded.isActive || FoldedCursor.isLayout(byte) {
                folded.take(byte, at: start + offset, literal: state, tables, lengths, into: &ranges)
            }
            state = tables.next(state, byte)
            offset += 1
            let needle = tables.match[Int(state)]
            if needle >= 0 {
                ranges.add(start + offset - Int(lengths[Int(needle)]), start + offset, needle: needle, state: state)
            }
            let depth = Int(tables.depth[Int(state)])
            if depth <= previous, depth < probe.width, offset - depth > entry, !folded.isActive {
                // A mismatch: what may begin now is asked of the filter, which is faster than the automaton.
                offset -= depth
                state = 0
                folded.rewind(to: start + offset)
            }
            previous = depth
            if state != 0, !folded.isActive {
                let walked = walk(from: state, bytes, offset, tables)
                state += Int32(truncatingIfNeeded: walked)
                offset += walked
                previous += walked
            }
        }
        literal = state
    }

    /// How many bytes follow the only child of a state, of the next state, and so on, without a match or layout.
    @inline(__always)
    private func walk(
        from state: Int32, _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ tables: NeedleTables
    ) -> Int {
        var walked = 0
        var state = Int(state)
        while offset + walked < bytes.count, tables.kind[state].contains(.oneChild) {
            let byte = bytes[offset + walked]
            guard byte == tables.byte[state + 1], !tables.kind[state + 1].contains(.match),
                !FoldedCursor.isLayout(byte)
            else { break }
            state += 1
            walked += 1
        }
        return walked
    }
}
