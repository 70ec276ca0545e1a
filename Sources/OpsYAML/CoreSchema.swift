import OpsCore

/// Types of plain scalars by YAML 1.2's core schema (spec 1.2.2, section 10.3.2).
enum CoreSchema {
    /// The value of a plain scalar. A whole number that no `Int` holds is a number with its spelling.
    static func value(_ text: String) -> Value {
        var utf8 = text.utf8[...]
        guard let first = utf8.popFirst() else { return .null }
        switch first {
        case UInt8(ascii: "~"): return utf8.isEmpty ? .null : .string(text)
        case UInt8(ascii: "n"), UInt8(ascii: "N"):
            return ["null", "Null", "NULL"].contains(text) ? .null : .string(text)
        case UInt8(ascii: "t"), UInt8(ascii: "T"):
            return ["true", "True", "TRUE"].contains(text) ? .boolean(true) : .string(text)
        case UInt8(ascii: "f"), UInt8(ascii: "F"):
            return ["false", "False", "FALSE"].contains(text) ? .boolean(false) : .string(text)
        case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            return number(text) ?? .string(text)
        default: return .string(text)
        }
    }

    /// The whole number in the text: decimal, `0o17` or `0x1F`.
    static func integer(_ text: String) -> Value? {
        if case .integer? = number(text) { return number(text) }
        return nil
    }

    static func number(_ text: String) -> Value? {
        if text.hasPrefix("0o") || text.hasPrefix("0x") {
            let digits = text.dropFirst(2)
            let radix = text.hasPrefix("0o") ? 8 : 16
            guard let first = digits.first, first.isHexDigit, digits.utf8.allSatisfy({ isDigit($0, radix) })
            else { return nil }
            if let value = Int(digits, radix: radix) { return .integer(value, spelling: text) }
            let value = digits.reduce(0.0) { $0 * Double(radix) + Double($1.hexDigitValue ?? 0) }
            return .number(value, spelling: text)
        }
        let isSigned = text.hasPrefix("-") || text.hasPrefix("+")
        let body = isSigned ? text.dropFirst() : text[...]
        switch body {
        case ".inf", ".Inf", ".INF":
            return .number(text.hasPrefix("-") ? -.infinity : .infinity, spelling: text)
        case ".nan", ".NaN", ".NAN": return isSigned ? nil : .number(.nan, spelling: text)
        default: break
        }
        guard let isWhole = decimalForm(body.utf8) else { return nil }
        if isWhole, let value = Int(text) { return .integer(value, spelling: text) }
        return Double(text).map { .number($0, spelling: text) }
    }

    private static func isDigit(_ byte: UInt8, _ radix: Int) -> Bool {
        switch byte {
        case 0x30...0x37: true
        case 0x38...0x39, 0x41...0x46, 0x61...0x66: radix == 16
        default: false
        }
    }

    /// Whether an unsigned decimal numeral is whole; nil where it is no numeral.
    private static func decimalForm(_ text: Substring.UTF8View) -> Bool? {
        var rest = text[...]
        func digits() -> Int {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        var isWhole = true
        var count = digits()
        if rest.first == UInt8(ascii: ".") {
            isWhole = false
            rest = rest.dropFirst()
            count += digits()
        }
        guard count > 0 else { return nil }
        if let sign = rest.first, sign | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
                rest = rest.dropFirst()
            }
            guard digits() > 0 else { return nil }
        }
        return rest.isEmpty ? isWhole : nil
    }
}
