import OrderedCollections

/// Reads JSON text (RFC 8259) into values; objects keep their order, numbers their spelling.
///
/// Limits: 128 levels; a duplicate key is an error.
public struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0
    private static let depthLimit = 128

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The one value in the text.
    ///
    /// Throws: an `OpsError` (`invalid`) with the byte offset.
    public static func value(_ bytes: [UInt8]) throws(OpsError) -> Value {
        var reader = JSONReader(bytes)
        let value = try reader.value()
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.error("text after the end") }
        return value
    }

    public static func value(_ text: String) throws(OpsError) -> Value { try value(Array(text.utf8)) }

    /// True where the whole text is one JSON number.
    public static func isNumber(_ text: String) -> Bool {
        let reader = JSONReader(Array(text.utf8))
        return reader.numberLength() == reader.bytes.count
    }

    private func error(_ problem: String) -> OpsError {
        OpsError(.invalid, "not valid JSON: \(problem) at byte \(index)")
    }

    private mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[index...].starts(with: text.utf8) else { return false }
        index += text.utf8.count
        return true
    }

    private mutating func value() throws(OpsError) -> Value {
        skipSpace()
        guard index < bytes.count else { throw error("end of text") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try nested { (reader) throws(OpsError) in try reader.object() }
        case UInt8(ascii: "["): return try nested { (reader) throws(OpsError) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where take("true"): return .boolean(true)
        case UInt8(ascii: "f") where take("false"): return .boolean(false)
        case UInt8(ascii: "n") where take("null"): return .null
        default: return try number()
        }
    }

    private mutating func nested(
        _ body: (inout JSONReader) throws(OpsError) -> Value
    ) throws(OpsError) -> Value {
        depth += 1
        guard depth <= Self.depthLimit else { throw error("more than \(Self.depthLimit) levels") }
        defer { depth -= 1 }
        index += 1
        return try body(&self)
    }

    private mutating func object() throws(OpsError) -> Value {
        var map = ValueMap()
        skipSpace()
        if take("}") { return .map(map) }
        while true {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                throw error("expected a key")
            }
            let key = try string()
            skipSpace()
            guard take(":") else { throw error("expected ':'") }
            guard map.updateValue(try value(), forKey: key) == nil else {
                throw error("duplicate key '\(key)'")
            }
            skipSpace()
            if take(",") { continue }
            if take("}") { return .map(map) }
            throw error("expected ',' or '}'")
        }
    }

    private mutating func array() throws(OpsError) -> Value {
        var items: [Value] = []
        skipSpace()
        if take("]") { return .list(items) }
        while true {
            items.append(try value())
            skipSpace()
            if take(",") { continue }
            if take("]") { return .list(items) }
            throw error("expected ',' or ']'")
        }
    }

    private mutating func string() throws(OpsError) -> String {
        index += 1
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw error("invalid UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
            case 0..<0x20: throw error("a control character in a string")
            default: text.append(byte)
            }
        }
        throw error("end of text in a string")
    }

    private mutating func escape() throws(OpsError) -> [UInt8] {
        guard index < bytes.count else { throw error("end of text in a string") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try fourHexDigits()
            if (0xD800..<0xDC00).contains(code) {
                guard take("\\u") else { throw error("half a surrogate pair") }
                let low = try fourHexDigits()
                guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
            return Array(String(Character(scalar)).utf8)
        default: throw error("unknown escape")
        }
    }

    private mutating func fourHexDigits() throws(OpsError) -> UInt32 {
        guard index + 4 <= bytes.count,
            let text = String(validating: bytes[index..<index + 4], as: UTF8.self),
            text.allSatisfy(\.isHexDigit), let code = UInt32(text, radix: 16)
        else { throw error("expected four hexadecimal digits") }
        index += 4
        return code
    }

    private mutating func number() throws(OpsError) -> Value {
        let start = index
        let length = numberLength()
        guard length > 0, let text = String(validating: bytes[start..<start + length], as: UTF8.self)
        else {
            throw error("expected a value")
        }
        index = start + length
        if let integer = Int(text) { return .integer(integer, spelling: text) }
        guard let number = Double(text) else { throw error("expected a number") }
        return .number(number, spelling: text)
    }

    /// The length of the number at `index`; 0 where there is none.
    private func numberLength() -> Int {
        var end = index
        func digits() -> Int {
            let start = end
            while end < bytes.count, (0x30...0x39).contains(bytes[end]) { end += 1 }
            return end - start
        }
        if end < bytes.count, bytes[end] == UInt8(ascii: "-") { end += 1 }
        let first = end < bytes.count ? bytes[end] : 0
        let count = digits()
        guard count > 0, first != UInt8(ascii: "0") || count == 1 else { return 0 }
        if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
            end += 1
            guard digits() > 0 else { return 0 }
        }
        if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
            end += 1
            if end < bytes.count, bytes[end] == UInt8(ascii: "+") || bytes[end] == UInt8(ascii: "-") {
                end += 1
            }
            guard digits() > 0 else { return 0 }
        }
        return end - index
    }
}
