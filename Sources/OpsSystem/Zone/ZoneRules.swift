/// The local time of a zone of the tz database: what a TZif file says (RFC 9636).
package struct ZoneRules: Sendable, Equatable {
    /// One stretch of time: how far local time is ahead of UTC, and what it is called.
    package struct Offset: Sendable, Hashable {
        /// Seconds east of Greenwich.
        package var seconds: Int
        /// `CET`, `CEST`.
        package var abbreviation: String

        package init(seconds: Int, abbreviation: String) {
            self.seconds = seconds
            self.abbreviation = abbreviation
        }
    }

    /// The instants at which an offset begins, in order, and the place of that offset.
    private let transitions: [(time: Int, offset: Int)]
    private let offsets: [Offset]
    /// What holds before the first transition.
    private let first: Offset
    /// What holds behind the last transition.
    private let rule: ZoneRule?

    package static let utc = ZoneRules(first: Offset(seconds: 0, abbreviation: "UTC"))

    private init(first: Offset) {
        transitions = []
        offsets = []
        self.first = first
        rule = nil
    }

    /// Nil where the bytes are no TZif file.
    package init?(tzif bytes: [UInt8]) {
        guard var block = TZifBlock(bytes, at: 0, timeSize: 4) else { return nil }
        var end = block.end
        var rule: ZoneRule?
        if block.version >= UInt8(ascii: "2") {
            // The first block is for readers that know 32-bit times only.
            guard let second = TZifBlock(bytes, at: block.end, timeSize: 8) else { return nil }
            block = second
            end = second.end
            let footer = bytes[end...].dropFirst().prefix { $0 != 0x0A }
            rule = ZoneRule(posix: String(decoding: footer, as: UTF8.self))
        }
        guard let offsets = block.offsets, let first = offsets.first, let transitions = block.transitions else {
            return nil
        }
        self.offsets = offsets
        self.first = first
        self.transitions = transitions
        self.rule = rule
    }

    /// The offset that holds at an instant, in seconds since 1970.
    package func offset(at time: Int) -> Offset {
        guard let last = transitions.last, time < last.time else {
            return rule?.offset(at: time) ?? transitions.last.map { offsets[$0.offset] } ?? first
        }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : offsets[transitions[low - 1].offset]
    }

    package static func == (left: ZoneRules, right: ZoneRules) -> Bool {
        left.first == right.first && left.rule == right.rule && left.offsets == right.offsets
            && left.transitions.elementsEqual(right.transitions) { $0 == $1 }
    }
}

/// One data block of a TZif file (RFC 9636, section 3).
private struct TZifBlock {
    let version: UInt8
    /// The offset of the byte behind it.
    let end: Int
    private let bytes: [UInt8]
    private let timeSize: Int
    private let start: Int
    private let timeCount: Int
    private let typeCount: Int
    private let characterCount: Int

    init?(_ bytes: [UInt8], at header: Int, timeSize: Int) {
        guard bytes.count >= header + 44, bytes[header..<header + 4].elementsEqual("TZif".utf8) else { return nil }
        self.bytes = bytes
        self.timeSize = timeSize
        version = bytes[header + 4]
        start = header + 44
        func count(_ index: Int) -> Int { Self.number(bytes, header + 20 + 4 * index, 4) }
        let utIndicators = count(0)
        let standardIndicators = count(1)
        let leapSeconds = count(2)
        (timeCount, typeCount, characterCount) = (count(3), count(4), count(5))
        let counts = [utIndicators, standardIndicators, leapSeconds, timeCount, typeCount, characterCount]
        guard counts.allSatisfy({ (0..<100_000).contains($0) }) else { return nil }
        end =
            start + timeCount * (timeSize + 1) + typeCount * 6 + characterCount + leapSeconds * (timeSize + 4)
            + standardIndicators + utIndicators
        guard end <= bytes.count else { return nil }
    }

    /// Nil where a transition names a type that is not there.
    var transitions: [(time: Int, offset: Int)]? {
        var result: [(time: Int, offset: Int)] = []
        for index in 0..<timeCount {
            let type = Int(bytes[start + timeCount * timeSize + index])
            guard type < typeCount else { return nil }
            result.append((Self.number(bytes, start + index * timeSize, timeSize), type))
        }
        return result
    }

    var offsets: [ZoneRules.Offset]? {
        let types = start + timeCount * (timeSize + 1)
        let names = types + typeCount * 6
        var result: [ZoneRules.Offset] = []
        for index in 0..<typeCount {
            let name = Int(bytes[types + index * 6 + 5])
            guard name < characterCount else { return nil }
            let text = bytes[(names + name)..<(names + characterCount)].prefix { $0 != 0 }
            result.append(
                .init(
                    seconds: Self.number(bytes, types + index * 6, 4),
                    abbreviation: String(decoding: text, as: UTF8.self)))
        }
        return result
    }

    /// A signed number, the highest byte first.
    private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> Int {
        let value = bytes[offset..<offset + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size == 4 ? Int(Int32(truncatingIfNeeded: value)) : Int(Int64(bitPattern: value))
    }
}
