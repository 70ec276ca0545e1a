import OpsCore
import OrderedCollections

/// The members of one message, asked for by name and type. Members that nobody asks for are ignored.
struct MessageFields {
    let members: ValueMap
    /// How an error names the message: `the result`.
    let label: String

    init(_ members: ValueMap, label: String) {
        self.members = members
        self.label = label
    }

    func optionalText(_ key: String) throws(OpsError) -> String? {
        guard let value = present(key) else { return nil }
        guard let text = value.stringValue else { throw wrong(key, "text") }
        return text
    }

    func text(_ key: String) throws(OpsError) -> String {
        guard let text = try optionalText(key) else { throw wrong(key, "text") }
        return text
    }

    func optionalInteger(_ key: String) throws(OpsError) -> Int? {
        guard let value = present(key) else { return nil }
        guard let number = value.integerValue else { throw wrong(key, "a whole number") }
        return number
    }

    func flag(_ key: String) throws(OpsError) -> Bool {
        guard let value = present(key) else { return false }
        guard let flag = value.booleanValue else { throw wrong(key, "true or false") }
        return flag
    }

    func map(_ key: String) throws(OpsError) -> ValueMap? {
        guard let value = present(key) else { return nil }
        guard let map = value.mapValue else { throw wrong(key, "an object") }
        return map
    }

    /// A list of objects; nil where there is none.
    func fields(_ key: String) throws(OpsError) -> [MessageFields]? {
        guard let value = present(key) else { return nil }
        var result: [MessageFields] = []
        for item in value.listValue ?? [.null] {
            guard let members = item.mapValue else { throw wrong(key, "a list of objects") }
            result.append(MessageFields(members, label: "'\(key)' of \(label)"))
        }
        return result
    }

    func texts(_ key: String) throws(OpsError) -> [String] {
        var result: [String] = []
        for item in present(key)?.listValue ?? [] {
            guard let text = item.stringValue else { throw wrong(key, "a list of texts") }
            result.append(text)
        }
        return result
    }

    /// One of the words of an enumeration.
    func word<Word: RawRepresentable & CaseIterable>(_ key: String) throws(OpsError) -> Word
    where Word.RawValue == String {
        let text = try text(key)
        guard let word = Word(rawValue: text) else {
            throw wrong(key, "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    /// A member that is given and not null.
    func present(_ key: String) -> Value? {
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    func wrong(_ key: String, _ wanted: String) -> OpsError {
        OpsError(.invalid, "'\(key)' of \(label) must be \(wanted)")
    }
}
