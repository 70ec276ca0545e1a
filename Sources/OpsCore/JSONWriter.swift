import OrderedCollections

/// Writes JSON text (RFC 8259) into bytes, with values in the order they are given.
///
/// Our own because key order, the spelling of numbers and speed matter to the journal and the plan.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    /// Spaces of one level of indentation; nil writes one line.
    private let indentation: Int?
    private var depth = 0
    private var isFirst = true

    public init(indentation: Int? = nil) { self.indentation = indentation }

    /// The JSON text of a value. Secrets and unknowns become `{"$secret": […]}` and `{"$unknown": …}`.
    public static func text(_ value: Value, indentation: Int? = nil) -> String {
        var writer = JSONWriter(indentation: indentation)
        writer.value(value)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    public mutating func value(_ value: Value) {
        switch value {
        case .null: raw("null")
        case .boolean(let flag): raw(flag ? "true" : "false")
        case .integer(let number, _): raw(String(number))
        case .number(let number, let spelling): raw(Self.numeral(number, spelling))
        case .string(let text): string(text)
        case .list(let items): array { for item in items { $0.element { $0.value(item) } } }
        case .map(let map): object { for (key, item) in map { $0.member(key) { $0.value(item) } } }
        case .unknown(let unknown): object { $0.member("$unknown") { $0.string(unknown.source) } }
        case .secret(let secret):
            object { $0.member("$secret") { $0.value(.list(secret.names.map { .string($0) })) } }
        }
    }

    public mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try nested("{", "}", body)
    }

    public mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try nested("[", "]", body)
    }

    public mutating func member(_ key: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        string(key)
        raw(indentation == nil ? ":" : ": ")
        try body(&self)
    }

    /// `"key": value`, left out where the value is nil.
    public mutating func member(_ key: String, _ value: Value?) {
        if let value { member(key) { $0.value(value) } }
    }

    public mutating func member(_ key: String, _ text: String?) {
        if let text { member(key) { $0.string(text) } }
    }

    public mutating func member(_ key: String, _ number: Int?) {
        if let number { member(key) { $0.raw(String(number)) } }
    }

    public mutating func element(_ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        try body(&self)
    }

    public mutating func string(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { characters in
            // Almost all text stands as it is, and is copied as a whole.
            if characters.allSatisfy(Self.isPlain) {
                bytes.append(contentsOf: characters)
            } else {
                for byte in characters { escaped(byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != 0x7F
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0A: raw("\\n")
        case 0x0D: raw("\\r")
        case 0x09: raw("\\t")
        case 0..<0x20, 0x7F:
            raw(byte < 16 ? "\\u000" : "\\u00")
            raw(String(byte, radix: 16))
        default: bytes.append(byte)
        }
    }

    /// Text that is JSON already.
    public mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private static func numeral(_ number: Double, _ spelling: String?) -> String {
        guard number.isFinite else { return "null" }
        if let spelling, JSONReader.isNumber(spelling) { return spelling }
        return Value.text(of: number)
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        newline()
    }

    private mutating func newline() {
        guard let indentation else { return }
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: depth * indentation))
    }

    private mutating func nested(
        _ open: String, _ close: String, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        raw(open)
        depth += 1
        isFirst = true
        try body(&self)
        let isEmpty = isFirst
        depth -= 1
        isFirst = false
        if !isEmpty { newline() }
        raw(close)
    }
}
