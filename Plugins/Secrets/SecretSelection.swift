import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// What a reference picks out of what its source holds: `#field` a member of JSON or YAML, `?decode=base64` the
/// bytes that its text stands for.
struct SecretSelection: Sendable {
    var field: String?
    var isBase64: Bool

    init(_ reference: SecretReference) {
        field = reference.field
        isBase64 = reference.options["decode"] == "base64"
    }

    /// Checks the options that a reference has.
    ///
    /// Throws: an `OpsError` (`invalid`) that names the option, with the nearest one that is known.
    static func checkOptions(_ reference: SecretReference, known: [String] = []) throws(OpsError) {
        let known = known + ["decode"]
        for (name, value) in reference.options.sorted(by: { $0.key < $1.key }) {
            guard known.contains(name) else {
                throw OpsError(
                    .invalid, "unknown option '\(name)' in '\(reference)'",
                    hint: nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
                        ?? "known are: \(known.joined(separator: ", "))")
            }
            if name == "decode", value != "base64" {
                throw OpsError(.invalid, "'\(reference)' cannot decode '\(value)'", hint: "write decode=base64")
            }
        }
    }

    /// The bytes without the one line break that editors and commands put at their end: LF or CR LF.
    static func withoutLineBreak(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.last == 0x0A else { return bytes }
        let text = bytes.dropLast()
        return Array(text.last == 0x0D ? text.dropLast() : text)
    }

    /// The secret in the bytes of a source.
    ///
    /// - Parameters:
    ///   - place: names the source in messages, which hold nothing of its content but names of members.
    ///   - document: how its text is read where a field is selected.
    func apply(
        to bytes: [UInt8], place: String, as document: SecretDocument = .either
    ) throws(SecretFailure) -> [UInt8] {
        guard let field else { return try decoded(bytes, place) }
        guard let value = document.value(bytes) else {
            throw SecretFailure(
                .invalid, "\(place) is no map or list in \(document.name), of which '#\(field)' selects a member")
        }
        return try apply(to: value, place: place)
    }

    /// The secret in a source that holds members.
    func apply(to value: Value, place: String) throws(SecretFailure) -> [UInt8] {
        guard let field else { return try decoded(Array(JSONWriter.text(value).utf8), place) }
        guard let found = Self.member(field, of: value) else {
            let names = value.mapValue.map { Array($0.keys) } ?? []
            throw SecretFailure(
                .missing, "\(place) has no field '\(field)'",
                hint: nearestName(to: field, among: names).map { "did you mean '\($0)'?" })
        }
        switch found {
        case .null: throw SecretFailure(.missing, "field '\(field)' of \(place) is null")
        case .list, .map: return try decoded(Array(JSONWriter.text(found).utf8), place)
        default: return try decoded(Array((found.scalarText ?? "").utf8), place)
        }
    }

    /// A member by its whole name, else by the part before a dot, the first that leads to one, and then the rest; an
    /// item of a list by its number from 0.
    private static func member(_ name: String, of value: Value) -> Value? {
        if let found = child(name, of: value) { return found }
        for dot in name.indices where name[dot] == "." {
            guard let inner = child(String(name[..<dot]), of: value) else { continue }
            if let found = member(String(name[name.index(after: dot)...]), of: inner) { return found }
        }
        return nil
    }

    private static func child(_ name: String, of value: Value) -> Value? {
        switch value {
        case .map(let map): return map[name]
        case .list(let items):
            guard let index = Int(name), items.indices.contains(index) else { return nil }
            return items[index]
        default: return nil
        }
    }

    private func decoded(_ bytes: [UInt8], _ place: String) throws(SecretFailure) -> [UInt8] {
        let what = field.map { "field '\($0)' of \(place)" } ?? place
        var result = bytes
        if isBase64 {
            guard let plain = Base64.decode(bytes) else { throw SecretFailure(.invalid, "\(what) is not base64") }
            result = plain
        }
        guard !result.isEmpty else { throw SecretFailure(.empty, "\(what) is empty") }
        return result
    }
}
