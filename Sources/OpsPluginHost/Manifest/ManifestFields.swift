import OpsCore
import OpsYAML
import OrderedCollections

/// Reads the maps of a manifest and keeps what is wrong in them.
struct ManifestFields {
    private(set) var diagnostics: [Diagnostic] = []

    mutating func report(_ code: String, _ message: String, hint: String? = nil, at range: SourceRange) {
        diagnostics.append(Diagnostic(code: code, message, hint: hint, at: range))
    }

    /// A map's entries; unknown keys are reported. Nil where the node is no map, which is reported too.
    mutating func entries(
        _ node: Node, keys: [String], _ place: String, code: String = "unknown-key"
    ) -> [String: Node.Entry]? {
        guard let all = map(node, place) else { return nil }
        var found: [String: Node.Entry] = [:]
        for entry in all {
            guard keys.contains(entry.key) else {
                let near = nearestName(to: entry.key, among: keys)
                report(
                    code, "unknown key '\(entry.key)' in \(place)",
                    hint: near.map { "did you mean '\($0)'?" } ?? "known: \(keys.joined(separator: ", "))",
                    at: entry.keyRange)
                continue
            }
            found[entry.key] = entry
        }
        return found
    }

    mutating func map(_ node: Node, _ place: String) -> [Node.Entry]? {
        guard case .mapping(let entries) = node.content else {
            report("wrong-type", "\(place) needs a map, got \(node.kindName)", at: node.range)
            return nil
        }
        return entries
    }

    mutating func list(_ node: Node, _ place: String) -> [Node]? {
        guard case .sequence(let items) = node.content else {
            report("wrong-type", "\(place) needs a list, got \(node.kindName)", at: node.range)
            return nil
        }
        return items
    }

    /// Text; a number counts as it is spelled where `orNumber` is true.
    mutating func text(_ node: Node, _ place: String, orNumber: Bool = false) -> String? {
        if case .scalar(let scalar) = node.content {
            if let text = scalar.value.stringValue { return text }
            if orNumber, let text = scalar.value.scalarText { return text }
        }
        report("wrong-type", "\(place) needs text, got \(node.kindName)", at: node.range)
        return nil
    }

    mutating func texts(_ node: Node, _ place: String) -> [String] {
        (list(node, place) ?? []).compactMap { text($0, "an item of \(place)") }
    }

    mutating func integer(_ node: Node, _ place: String, atLeast minimum: Int? = nil) -> Int? {
        guard case .scalar(let scalar) = node.content, let number = scalar.value.integerValue,
            minimum.map({ number >= $0 }) ?? true
        else {
            let least = minimum.map { " of at least \($0)" } ?? ""
            report("wrong-type", "\(place) needs a whole number\(least), got \(node.kindName)", at: node.range)
            return nil
        }
        return number
    }

    mutating func boolean(_ node: Node, _ place: String) -> Bool? {
        guard case .scalar(let scalar) = node.content, let flag = scalar.value.booleanValue else {
            report("wrong-type", "\(place) needs true or false, got \(node.kindName)", at: node.range)
            return nil
        }
        return flag
    }

    /// One of the words of an enumeration.
    mutating func word<Word: RawRepresentable & CaseIterable>(_ node: Node, _ place: String, as: Word.Type) -> Word?
    where Word.RawValue == String {
        guard let text = text(node, place) else { return nil }
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue)
        report(
            "invalid-value", "\(place) is one of \(words.joined(separator: ", ")), not '\(text)'",
            hint: nearestName(to: text, among: words).map { "did you mean '\($0)'?" }, at: node.range)
        return nil
    }

    /// Whether a name is made of lower-case letters, digits and hyphens, and starts with a letter.
    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (0x61...0x7A).contains(first), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
