import OpsPlugin

/// The text of an entry of pass: the password in its first line, often `field: value` in those below.
struct PassEntry: Sendable {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var lines: [ArraySlice<UInt8>] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { $0.last == 0x0D ? $0.dropLast() : $0 }
    }

    /// What a reference asks for: the first line, `#field`, or all of it.
    ///
    /// Throws: a `SecretFailure` (`missing`) that holds nothing of the entry.
    func part(_ reference: SecretReference, place: String) throws(SecretFailure) -> [UInt8] {
        if reference.options["whole"] == "true" { return SecretSelection.withoutLineBreak(bytes) }
        guard let field = reference.field else { return Array(lines.first ?? []) }
        if let value = value(of: field) { return value }
        if let number = Int(field), String(number) == field, number > 0 {
            if number <= lines.count { return Array(lines[number - 1]) }
            throw SecretFailure(.missing, "\(place) has no line \(number)")
        }
        throw SecretFailure(
            .missing, "\(place) has no field '\(field)'", hint: "a field is a line 'field: value' below the first line")
    }

    private func value(of field: String) -> [UInt8]? {
        let fields = lines.dropFirst().compactMap { line -> (name: String, value: [UInt8])? in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let name = String(decoding: Self.trimmed(line[..<colon]), as: UTF8.self)
            return (name, Array(Self.trimmed(line[(colon + 1)...])))
        }
        let found =
            fields.first { $0.name == field } ?? fields.first { $0.name.lowercased() == field.lowercased() }
        return found?.value
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let start = text.firstIndex { !isSpace($0) } ?? text.endIndex
        let end = text.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        return text[start..<end]
    }
}
