import OpsCore
import OrderedCollections

/// The byte strings by which a secret shows itself in output: its parts, and each of them as programs write it.
struct SecretForms {
    /// Shorter lines of a value of several lines are not masked by themselves.
    static let shortestLine = 6
    /// Values of more bytes are masked as they are, by line and in base64 and hexadecimal, and in no quoted form.
    static let longestQuoted = 16 << 10
    /// Values of more bytes are not searched for fields.
    private static let longestRead = 1 << 20
    /// Lines of a value of more lines are masked as they are only: a key's are encoded already.
    private static let mostEncodedLines = 16
    /// Masking one of these would leave no log readable.
    private static let common: Set<String> = [
        "true", "false", "null", "none", "root", "user", "admin", "test", "main", "default", "localhost", "0000",
        "1111",
        "1234", "12345", "123456",
    ]

    /// Why a value cannot be masked.
    enum Refusal { case short, common }

    let refusal: Refusal?
    /// What a CI service is to mask: the value without the space around it, and the fields that are secrets by
    /// themselves.
    private(set) var values: [[UInt8]] = []
    /// All byte strings to mask, each once.
    private(set) var needles: [[UInt8]] = []
    private var known: Set<[UInt8]> = []
    private var knownValues: Set<[UInt8]> = []

    init(_ value: [UInt8]) {
        let text = Array(Self.trimmed(value[...]))
        refusal = Self.refusal(of: text)
        guard refusal == nil else { return }
        add(value: text, depth: 0)
    }

    private static func refusal(of text: [UInt8]) -> Refusal? {
        if text.count < SecretRegistry.shortestNeedle { return .short }
        return common.contains(String(decoding: text, as: UTF8.self).lowercased()) ? .common : nil
    }

    /// Adds a value that is a secret by itself, and the secrets within it.
    private mutating func add(value text: [UInt8], depth: Int) {
        guard Self.refusal(of: text) == nil, knownValues.insert(text).inserted else { return }
        values.append(text)
        encode(text)
        addLines(of: text, depth: depth)
        guard depth < 3, text.count <= Self.longestRead else { return }
        if text.first == UInt8(ascii: "{") || text.first == UInt8(ascii: "["), let value = try? JSONReader.value(text) {
            addFields(of: value, depth: depth)
        } else {
            for password in Self.passwords(in: text) { add(value: password, depth: depth + 1) }
        }
    }

    /// Adds the texts of a structured value, and its long numbers; names, truth and short numbers are no secrets.
    private mutating func addFields(of value: Value, depth: Int) {
        switch value {
        case .string(let text): add(value: Array(Self.trimmed(Array(text.utf8)[...])), depth: depth + 1)
        case .integer(let number, let spelling): addNumber(spelling ?? String(number))
        case .number(_, let spelling?): addNumber(spelling)
        case .list(let items): for item in items { addFields(of: item, depth: depth) }
        case .map(let map): for item in map.values { addFields(of: item, depth: depth) }
        default: break
        }
    }

    private mutating func addNumber(_ spelling: String) {
        if spelling.utf8.count >= 8 { add(Array(spelling.utf8)) }
    }

    /// Adds each line, what a line assigns (`NAME=value`, `name: value`), and all lines as one without layout.
    private mutating func addLines(of text: [UInt8], depth: Int) {
        let lines = text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).map { Self.trimmed($0) }
        guard lines.count > 1 else { return }
        for line in lines where line.count >= Self.shortestLine && !Self.isRuler(line) {
            let line = Array(line)
            guard Self.refusal(of: line) == nil else { continue }
            if lines.count <= Self.mostEncodedLines { encode(line) } else { add(line) }
            if depth < 3, let assigned = Self.assigned(by: line), assigned.count >= Self.shortestLine {
                add(value: assigned, depth: depth + 1)
            }
        }
        // A shell that splits a variable writes its lines with a space between them.
        add(Array(lines.joined(separator: [0x20])))
        // What `FoldedCursor` sees; it crosses no line break before the fourth byte.
        let rest = lines.drop { $0.count < FoldedCursor.beforeLineBreak }
        add(Array(rest.joined()))
    }

    /// Adds a byte string as it is and in every encoding.
    private mutating func encode(_ text: [UInt8]) {
        add(text)
        for form in DigitForms.all(of: text) { add(form) }
        guard text.count <= Self.longestQuoted, !text.allSatisfy(QuotedForms.isPlain) else { return }
        for form in QuotedForms.all(of: text) { add(form) }
    }

    private mutating func add(_ needle: [UInt8]) {
        if needle.count >= SecretRegistry.shortestNeedle, known.insert(needle).inserted { needles.append(needle) }
    }

    /// True for a line that keys of everybody have: `-----BEGIN PRIVATE KEY-----`, or one byte again and again.
    private static func isRuler(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: Array("-----BEGIN ".utf8)) || line.starts(with: Array("-----END ".utf8))
            || line.allSatisfy { $0 == line.first }
    }

    /// The value of a line such as `NAME=value` or `name: value`, without its quotes.
    private static func assigned(by line: [UInt8]) -> [UInt8]? {
        guard let sign = line.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ":") }), sign > 0,
            line[..<sign].allSatisfy({ QuotedForms.isPlain($0) || isSpace($0) })
        else { return nil }
        var value = trimmed(line[(sign + 1)...])
        if let quote = value.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"), value.count > 1,
            value.last == quote
        {
            value = value.dropFirst().dropLast()
        }
        return Array(value)
    }

    /// The passwords of `user:password@host` with or without a scheme (RFC 3986 §3.2.1), as written and decoded,
    /// and of `user:password`.
    private static func passwords(in text: [UInt8]) -> [[UInt8]] {
        guard !text.contains(where: isSpace) else { return [] }
        var rest = text[...]
        if let scheme = text.firstRange(of: Array("://".utf8)) { rest = text[scheme.upperBound...] }
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), colon > rest.startIndex,
            !rest[..<colon].contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "@") })
        else { return [] }
        if let at = rest.prefix(while: { $0 != UInt8(ascii: "?") }).lastIndex(of: UInt8(ascii: "@")), at > colon {
            let password = Array(rest[(colon + 1)..<at])
            return [password, QuotedForms.percentDecoded(password)]
        }
        let password = rest[(colon + 1)...]
        let isPair =
            rest.startIndex == text.startIndex && password.count >= 8
            && !password.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") })
        return isPair ? [Array(password)] : []
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = bytes.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return [] }
        return start[...last]
    }
}
