/// Passes over text in which no needle can begin, several bytes at a look (after Wu and Manber, 1994).
///
/// A look at an offset asks for the last four bytes of the window that begins there. Where no needle has them in
/// its first `width` bytes, none begins in the first `width - 3` places of the window.
struct WindowFilter: Sendable {
    fileprivate static let gram = 4
    /// How many bytes of a needle the filter knows, 4 to 16; no needle is shorter.
    private let width: Int
    /// Two bits for each four bytes that a needle has in its first `width` (Bloom, 1970).
    private let bits: [UInt64]
    /// How far a product is shifted to be a place in `bits`.
    private let shift: UInt32

    init(_ needles: [SecretRegistry.Needle]) {
        // At most 256 KiB, which a core's second cache holds, with sixteen bits or more for each entry.
        let room = Self.gram - 1 + max(1, (1 << 17) / max(1, needles.count))
        let width = needles.reduce(min(16, room)) { min($0, $1.bytes.count) }
        self.width = width
        let stride = width - Self.gram + 1
        var exponent: UInt32 = 12
        while exponent < 21, 1 << exponent < 16 * needles.count * stride { exponent += 1 }
        let shift = 32 - exponent
        self.shift = shift
        var bits = [UInt64](repeating: 0, count: 1 << (exponent - 6))
        for needle in needles where needle.bytes.count >= width {
            for start in 0..<stride {
                var gram: UInt32 = 0
                for index in 0..<Self.gram { gram |= UInt32(needle.bytes[start + index]) << UInt32(8 * index) }
                for place in [WindowProbe.first(gram) >> shift, WindowProbe.second(gram) >> shift] {
                    bits[Int(place >> 6)] |= 1 << UInt64(place & 63)
                }
            }
        }
        self.bits = bits
    }

    /// Gives the filter as plain memory, which stays valid while `body` runs.
    func withProbe<Result>(_ body: (WindowProbe) -> Result) -> Result {
        bits.withUnsafeBufferPointer { body(WindowProbe(width: width, bits: $0, shift: shift)) }
    }
}

/// A filter as plain memory, for the loop over all windows.
struct WindowProbe {
    /// See `WindowFilter`.
    let width: Int
    fileprivate let bits: UnsafeBufferPointer<UInt64>
    fileprivate let shift: UInt32

    @inline(__always)
    fileprivate static func first(_ gram: UInt32) -> UInt32 { gram &* 0x9E37_79B1 }
    @inline(__always)
    fileprivate static func second(_ gram: UInt32) -> UInt32 { (gram ^ gram >> 15) &* 0x85EB_CA6B }

    @inline(__always)
    private func has(_ product: UInt32) -> Bool {
        let place = product &>> shift
        return bits[Int(truncatingIfNeeded: place &>> 6)] &>> UInt64(truncatingIfNeeded: place) & 1 != 0
    }

    @inline(__always)
    private func hasBoth(_ gram: UInt32) -> Bool { has(Self.first(gram)) && has(Self.second(gram)) }

    /// The first offset from `start` on at which a needle may begin, or one with fewer than sixteen bytes behind it.
    @inline(__always)
    func skip(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let end = bytes.count - 16
        let last = width - 8
        let stride = width - WindowFilter.gram + 1
        var offset = start
        while offset <= end {
            let head = load(bytes, offset)
            let tail = last > 0 ? load(bytes, offset + last) : head
            let gram = UInt32(truncatingIfNeeded: last > 0 ? tail &>> 32 : head &>> UInt64(8 * (last + 4)))
            let control = Self.controls(head) | Self.controls(tail)
            if has(Self.first(gram)), has(Self.second(gram)) { break }
            if control != 0, mayGoOn(head, bytes, offset) || last > 0 && mayGoOn(tail, bytes, offset + last) { break }
            offset += stride
        }
        return offset
    }

    @inline(__always)
    private func load(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Not zero where one of eight bytes is below 0x20.
    @inline(__always)
    private static func controls(_ word: UInt64) -> UInt64 {
        (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
    }

    /// 0x80 where one of eight bytes is the given one.
    @inline(__always)
    private static func places(of byte: UInt8, in word: UInt64) -> UInt64 {
        let difference = word ^ UInt64(byte) &* 0x0101_0101_0101_0101
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        return ~((difference & low) &+ low | difference | low)
    }

    /// True where a needle that begins in the window may go on behind an escape or a line break in eight bytes of it:
    /// see `FoldedCursor`, which crosses no line break before the fourth byte.
    private func mayGoOn(_ word: UInt64, _ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Bool {
        if Self.places(of: FoldedCursor.escape, in: word) != 0 { return true }
        var breaks = Self.places(of: 0x0A, in: word) | Self.places(of: 0x0D, in: word)
        // Behind a line break there is no needle to go on with.
        breaks &= ~(breaks << 8)
        while breaks != 0 {
            // The four bytes before it; where the window has fewer, those before the window only make it look twice.
            let start = offset + breaks.trailingZeroBitCount / 8 - FoldedCursor.beforeLineBreak
            if start >= 0, hasBoth(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))) {
                return true
            }
            breaks &= breaks - 1
        }
        return false
    }
}
