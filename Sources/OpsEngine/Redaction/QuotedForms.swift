/// A byte string as programs quote and escape it: for URLs, JSON, XML, shells, YAML, C.
enum QuotedForms {
    /// True for a byte that no quoting changes (RFC 3986 §2.3).
    static func isPlain(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || "-._~".utf8.contains(byte) }

    /// The forms that differ from the bytes; some of them may be equal.
    static func all(of bytes: [UInt8]) -> [[UInt8]] { tables.compactMap { $0.apply(to: bytes) } + json(bytes) }

    /// The bytes that percent-escapes stand for; what is no escape stays.
    static func percentDecoded(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func digits(_ value: some BinaryInteger, _ count: Int, radix: Int = 16, upper: Bool = false)
        -> String
    {
        let digits = String(value, radix: radix, uppercase: upper)
        return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }

    private static let tables = percent() + markup() + shell() + literals()

    /// Percent-encoding (RFC 3986 §2.1) with the sets that libraries leave as they are, and the form encoding of
    /// the URL Standard §5.
    private static func percent() -> [EscapeTable] {
        let sets = ["-._~", "-._~!'()*", "-._~/", "-._~!$&'()*+,;=", "-._~!$&'()*+,;=:/?#[]@"]
        return [true, false].flatMap { upper in
            func table(_ kept: String, space: String) -> EscapeTable {
                EscapeTable { byte in
                    if byte == 0x20 { return space }
                    let isKept = isAlphanumeric(byte) || kept.utf8.contains(byte)
                    return isKept ? nil : "%" + digits(byte, 2, upper: upper)
                }
            }
            return sets.map { table($0, space: "%20") } + [table("*-._", space: "+"), table("-._~", space: "+")]
        }
    }

    /// Character references (XML 1.0 §2.4 and §4.1) as the common writers choose them.
    private static func markup() -> [EscapeTable] {
        let text: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;"]
        let quoted = text.merging(["\"": "&quot;"]) { $1 }
        let both = quoted.merging(["'": "&apos;"]) { $1 }
        return [
            text, quoted, both, quoted.merging(["'": "&#39;"]) { $1 }, quoted.merging(["'": "&#x27;"]) { $1 },
            text.merging(["\"": "&#34;", "'": "&#39;"]) { $1 },
            both.merging(["\t": "&#9;", "\n": "&#10;", "\r": "&#13;"]) { $1 },
            quoted.merging(["\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"]) { $1 },
        ].map { EscapeTable($0) }
    }

    /// Within single and double quotes and behind backslashes (POSIX XCU §2.2), as `set -x`, `printf %q` and the
    /// quoting functions of languages write them; `''` as in YAML (§7.3.2) and SQL, `""` as in CSV (RFC 4180 §2).
    private static func shell() -> [EscapeTable] {
        let plain = ["_@%+=:./-", "_@%+=:,./-"].map { kept in
            EscapeTable { byte in
                let isKept = isAlphanumeric(byte) || byte > 0x7E || kept.utf8.contains(byte)
                return isKept ? nil : "\\\(UnicodeScalar(byte))"
            }
        }
        let dollar: [Character: String] = ["\"": "\\\"", "$": "\\$", "`": "\\`", "\\": "\\\\"]
        let few: [[Character: String]] = [
            ["'": "'\\''"], ["'": "'\"'\"'"], ["'": "''"], ["\"": "\"\""], dollar, dollar.merging(["!": "\\!"]) { $1 },
        ]
        return plain + few.map { EscapeTable($0) }
    }

    /// C, Go, Python and the shell's `$'…'`: short escapes, others as `\xNN` or in octal digits; with either quote
    /// escaped.
    private static func literals() -> [EscapeTable] {
        let short: [Character: String] = ["\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"]
        return ["", "'", "\""].flatMap { quote in
            [(0x7E, 16), (0xFF, 16), (0x7E, 8)].map { last, radix in
                EscapeTable { byte in
                    let character = Character(UnicodeScalar(byte))
                    if quote == String(character) { return "\\" + quote }
                    if let known = short[character] { return known }
                    guard byte < 0x20 || byte > last else { return nil }
                    return radix == 16 ? "\\x" + digits(byte, 2) : "\\" + digits(byte, 3, radix: 8)
                }
            }
        }
    }

    /// How a JSON writer escapes: ASCII by a table, other scalars as `\u` in this case of digits, or not at all.
    private struct JSONStyle: Sendable {
        var ascii: EscapeTable
        var upper: Bool?

        init(slash: Bool = false, upper: Bool? = nil, isForHTML: Bool = false, isNumeric: Bool = false) {
            self.upper = upper
            ascii = EscapeTable { byte in
                switch UnicodeScalar(byte) {
                case "\"": "\\\""
                case "\\": "\\\\"
                case "/": slash ? "\\/" : nil
                case "\n" where !isNumeric: "\\n"
                case "\r" where !isNumeric: "\\r"
                case "\t" where !isNumeric: "\\t"
                case "\u{8}" where !isNumeric: "\\b"
                case "\u{C}" where !isNumeric: "\\f"
                case "<" where isForHTML, ">" where isForHTML, "&" where isForHTML, "\0"..<" ":
                    "\\u" + digits(byte, 4, upper: upper ?? false)
                default: nil
                }
            }
        }
    }

    private static let jsonStyles = [
        JSONStyle(), JSONStyle(slash: true), JSONStyle(upper: false), JSONStyle(upper: true),
        JSONStyle(slash: true, upper: false), JSONStyle(slash: true, upper: true), JSONStyle(isForHTML: true),
        JSONStyle(upper: false, isForHTML: true), JSONStyle(isNumeric: true),
        JSONStyle(upper: true, isForHTML: true, isNumeric: true),
    ]

    /// JSON strings (RFC 8259 §7) without their quotes, and JSON within JSON.
    private static func json(_ bytes: [UInt8]) -> [[UInt8]] {
        let isASCII = bytes.allSatisfy { $0 < 0x80 }
        guard !isASCII else {
            let forms = jsonStyles.compactMap { $0.ascii.apply(to: bytes) }
            return forms + forms.prefix(3).compactMap { jsonStyles[0].ascii.apply(to: $0) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return [] }
        let forms = jsonStyles.map { json(text, $0) }
        return forms + forms.prefix(3).compactMap { jsonStyles[0].ascii.apply(to: $0) }
    }

    private static func json(_ text: String, _ style: JSONStyle) -> [UInt8] {
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                let escaped = style.ascii[UInt8(truncatingIfNeeded: scalar.value)]
                result += escaped.isEmpty ? [UInt8(truncatingIfNeeded: scalar.value)] : escaped
            } else if let upper = style.upper {
                for unit in UTF16.encode(scalar) ?? .init() { result += ("\\u" + digits(unit, 4, upper: upper)).utf8 }
            } else {
                result += Array(String(scalar).utf8)
            }
        }
        return result
    }
}
