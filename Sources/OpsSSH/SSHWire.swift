/// Writes SSH's data types (RFC 4251, section 5).
package enum SSHWire {
    package static func number(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    /// A text or bytes, behind their length.
    package static func string(_ bytes: some Collection<UInt8>) -> [UInt8] {
        number(UInt32(bytes.count)) + Array(bytes)
    }

    package static func string(_ text: String) -> [UInt8] { string(text.utf8) }

    /// A positive number, big-endian, as an mpint: no needless zeros, the first bit zero.
    package static func positive(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        return (digits.first ?? 0) >= 0x80 ? [0] + digits : digits
    }
}

/// Reads SSH's data types (RFC 4251, section 5); nil where the bytes end too early.
package struct SSHReader: Sendable {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: some Collection<UInt8>) { rest = Array(bytes)[...] }

    package var isAtEnd: Bool { rest.isEmpty }

    package mutating func byte() -> UInt8? { rest.popFirst() }

    package mutating func bytes(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    package mutating func number() -> UInt32? { bytes(4)?.reduce(0) { $0 << 8 | UInt32($1) } }

    package mutating func string() -> [UInt8]? {
        guard let count = number() else { return nil }
        return bytes(Int(count))
    }

    /// A string as text; nil where it is not UTF-8.
    package mutating func text() -> String? { string().flatMap { String(validating: $0, as: UTF8.self) } }

    /// An mpint that is not negative, of this many bytes; nil where it takes more.
    package mutating func positive(width: Int) -> [UInt8]? {
        guard let bytes = string(), (bytes.first ?? 0) < 0x80 else { return nil }
        let digits = bytes.drop { $0 == 0 }
        guard digits.count <= width else { return nil }
        return [UInt8](repeating: 0, count: width - digits.count) + digits
    }
}
