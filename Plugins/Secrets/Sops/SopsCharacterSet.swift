/// The characters that one place of a pattern matches.
struct SopsCharacterSet: Sendable {
    private var ranges: [ClosedRange<UInt32>]
    private var isInverted = false
    private var foldsCase = false

    static let all = SopsCharacterSet(ranges: [])
        .inverted
    static let digit = SopsCharacterSet(ranges: [0x30...0x39])
    static let word = SopsCharacterSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let space = SopsCharacterSet(ranges: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20])

    private init(ranges: [ClosedRange<UInt32>]) { self.ranges = ranges }

    init(_ scalars: [Unicode.Scalar]) { ranges = scalars.map { $0.value...$0.value } }

    var inverted: Self {
        var other = self
        other.isInverted.toggle()
        return other
    }

    var ignoringCase: Self {
        var other = self
        other.foldsCase = true
        return other
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var isIn = holds(scalar)
        if foldsCase, !isIn {
            let properties = scalar.properties
            for other in [properties.lowercaseMapping, properties.uppercaseMapping] {
                if let first = other.unicodeScalars.first, holds(first) { isIn = true }
            }
        }
        return isIn != isInverted
    }

    private func holds(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } }

    /// Reads what follows a backslash. Nil where it is not known.
    init?(escape rest: inout ArraySlice<Unicode.Scalar>) {
        guard let next = rest.popFirst() else { return nil }
        switch next {
        case "d": self = .digit
        case "D": self = Self.digit.inverted
        case "w": self = .word
        case "W": self = Self.word.inverted
        case "s": self = .space
        case "S": self = Self.space.inverted
        case "t": self.init(["\t"])
        case "n": self.init(["\n"])
        case "r": self.init(["\r"])
        case "f": self.init(["\u{C}"])
        case "v": self.init(["\u{B}"])
        case "x":
            guard let scalar = Self.hexadecimal(&rest) else { return nil }
            self.init([scalar])
        default:
            guard next.isASCII, !Self.word.contains(next) || next == "_" else { return nil }
            self.init([next])
        }
    }

    /// Reads what follows an opening bracket, up to its closing one. Nil where it is malformed, or names a class.
    init?(bracketed rest: inout ArraySlice<Unicode.Scalar>) {
        self.init(ranges: [])
        var isNegated = false
        if rest.first == "^" {
            isNegated = true
            rest = rest.dropFirst()
        }
        var isFirst = true
        while let next = rest.popFirst() {
            if next == "]", !isFirst {
                isInverted = isNegated
                return
            }
            isFirst = false
            if next == "[", rest.first == ":" { return nil }
            var low = next
            if next == "\\" {
                guard let set = Self(escape: &rest), !set.isInverted else { return nil }
                guard set.ranges.count == 1, let range = set.ranges.first, range.count == 1,
                    let scalar = Unicode.Scalar(range.lowerBound)
                else {
                    ranges += set.ranges
                    continue
                }
                low = scalar
            }
            var high = low
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                rest = rest.dropFirst(2)
                high = end
                if end == "\\" {
                    guard let set = Self(escape: &rest), let bound = set.ranges.first?.lowerBound,
                        set.ranges.count == 1, let scalar = Unicode.Scalar(bound)
                    else { return nil }
                    high = scalar
                }
            }
            guard low.value <= high.value else { return nil }
            ranges.append(low.value...high.value)
        }
        return nil
    }

    /// `41` or `{1F600}`.
    private static func hexadecimal(_ rest: inout ArraySlice<Unicode.Scalar>) -> Unicode.Scalar? {
        var digits = rest.prefix(2)
        if rest.first == "{" {
            guard let end = rest.firstIndex(of: "}") else { return nil }
            digits = rest[(rest.startIndex + 1)..<end]
            rest = rest[(end + 1)...]
        } else {
            rest = rest.dropFirst(2)
        }
        guard !digits.isEmpty, digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else { return nil }
        return UInt32(String(String.UnicodeScalarView(digits)), radix: 16).flatMap { Unicode.Scalar($0) }
    }
}
