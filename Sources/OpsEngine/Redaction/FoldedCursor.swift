/// Where a stream stands in the automaton when what only lays text out is left away: line breaks with the
/// indentation behind them, and the control sequences of terminals (ECMA-48 §5.4, ECMA-35 §13.2.1).
///
/// It lives only while a needle may go on behind such a gap; otherwise the literal cursor knows all that it knows.
/// How much of a needle must stand before a gap bounds what is held back at the end of each line.
struct FoldedCursor: Sendable {
    /// Before a line break: base64 and hexadecimal digits are wrapped behind no fewer, or `SecretForms` adds what
    /// follows.
    static let beforeLineBreak = 4
    /// A longer gap ends every needle, so that what is held back stays bounded.
    static let longestGap = 128

    static let escape: UInt8 = 0x1B

    private enum Sequence { case none, introduced, parameters, intermediates }
    private struct Gap {
        /// How many symbols stand before it, counted from where the cursor became active.
        var symbols: Int
        var start: Int
    }

    private(set) var isActive = false
    private var state: Int32 = 0
    private var symbols = 0
    /// The gaps within the state's bytes begin at `firstGap`.
    private var gaps: [Gap] = []
    private var firstGap = 0
    private var gapStart: Int?
    private var hasLineBreak = false
    private var sequence = Sequence.none
    /// The place behind the last byte that was left away, for as far as the literal cursor looks back.
    private var lastGapEnd = 0

    /// True for the bytes that begin a gap.
    @inline(__always)
    static func isLayout(_ byte: UInt8) -> Bool { byte < 0x20 && (byte == 0x0A || byte == 0x0D || byte == escape) }

    /// Where the bytes of the state begin; called only while active.
    func start(_ tables: NeedleTables) -> Int {
        place(ofSymbol: symbols - Int(tables.depth[Int(state)])) ?? gapStart ?? lastGapEnd
    }

    /// The place of a symbol that stands before a gap; nil where it stands behind all.
    private func place(ofSymbol symbol: Int) -> Int? {
        for gap in gaps[firstGap...] where gap.symbols > symbol { return gap.start - (gap.symbols - symbol) }
        return gapStart.map { $0 - (symbols - symbol) }
    }

    /// Takes the byte at a place; `literal` is the literal cursor's state before it. Called while active, and for
    /// each byte of layout.
    mutating func take(
        _ byte: UInt8, at place: Int, literal: Int32, _ tables: NeedleTables, _ lengths: UnsafeBufferPointer<Int32>,
        into ranges: inout MaskedRanges
    ) {
        if isActive, sequence != .none, takeSequence(byte, at: place) { return }
        let isIndentation = gapStart != nil && hasLineBreak && (byte == 0x20 || byte == 0x09)
        guard Self.isLayout(byte) || isIndentation else {
            if isActive { takeSymbol(byte, at: place, tables, lengths, into: &ranges) }
            return
        }
        if !isActive {
            state = tables.suffix(of: literal, atMost: place - lastGapEnd)
            symbols = Int(tables.depth[Int(state)])
        }
        lastGapEnd = place + 1
        let begin = gapStart ?? place
        if gapStart == nil { hasLineBreak = false }
        if byte == 0x0A || byte == 0x0D { hasLineBreak = true }
        let needed = hasLineBreak ? Self.beforeLineBreak : 1
        guard tables.depth[Int(state)] >= needed, place - begin < Self.longestGap else {
            if isActive { reset() }
            return
        }
        isActive = true
        gapStart = begin
        if byte == Self.escape { sequence = .introduced }
    }

    /// The bytes from a place on are read again; called while not active.
    mutating func rewind(to place: Int) { lastGapEnd = min(lastGapEnd, place) }

    /// Takes a byte of a control sequence; false where it does not belong to one.
    private mutating func takeSequence(_ byte: UInt8, at place: Int) -> Bool {
        switch (sequence, byte) {
        case (.introduced, UInt8(ascii: "[")): sequence = .parameters
        case (.introduced, 0x20...0x2F), (.intermediates, 0x20...0x2F): sequence = .intermediates
        case (.parameters, 0x20...0x3F): break
        case (.parameters, 0x40...0x7E), (.intermediates, 0x30...0x7E): sequence = .none
        default:
            reset()
            return false
        }
        lastGapEnd = place + 1
        if place - (gapStart ?? place) >= Self.longestGap { reset() }
        return true
    }

    private mutating func takeSymbol(
        _ byte: UInt8, at place: Int, _ tables: NeedleTables, _ lengths: UnsafeBufferPointer<Int32>,
        into ranges: inout MaskedRanges
    ) {
        if let start = gapStart {
            gaps.append(Gap(symbols: symbols, start: start))
            gapStart = nil
        }
        state = tables.next(state, byte)
        symbols += 1
        let first = symbols - Int(tables.depth[Int(state)])
        while firstGap < gaps.count, gaps[firstGap].symbols <= first { firstGap += 1 }
        if firstGap == gaps.count { return reset() }
        if firstGap > 64 {
            gaps.removeFirst(firstGap)
            firstGap = 0
        }
        let needle = tables.match[Int(state)]
        if needle >= 0, let start = self.place(ofSymbol: symbols - Int(lengths[Int(needle)])) {
            ranges.add(start, place + 1, needle: needle, state: state)
        }
    }

    private mutating func reset() {
        isActive = false
        state = 0
        symbols = 0
        gaps.removeAll(keepingCapacity: true)
        firstGap = 0
        gapStart = nil
        sequence = .none
    }
}
