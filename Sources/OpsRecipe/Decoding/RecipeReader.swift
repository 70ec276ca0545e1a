import OpsCore
import OpsPlugin
import OpsYAML

/// Reads nodes into the model and collects every problem on the way.
final class RecipeReader {
    let catalog: PluginCatalog
    let file: String
    /// The text itself, for the exact places inside scripts.
    let source: SourceText?
    /// True where of tasks only what a list of them shows is read.
    let isOutline: Bool
    var diagnostics: [Diagnostic] = []
    /// The first parts of actions that no plugin of the catalog has, and schemes that no provider has.
    var unknownPlugins: Set<String> = []
    var unknownSchemes: Set<String> = []

    init(catalog: PluginCatalog, file: String, source: SourceText?, isOutline: Bool = false) {
        self.isOutline = isOutline
        self.catalog = catalog
        self.file = file
        self.source = source
    }

    func report(_ code: String, _ message: String, hint: String? = nil, at range: SourceRange) {
        diagnostics.append(Diagnostic(code: code, message, hint: hint, at: range))
    }

    /// The value, or nil after its problems were reported.
    func collecting<Value>(_ body: () throws(DiagnosticsError) -> Value) -> Value? {
        do { return try body() } catch {
            diagnostics += error.diagnostics
            return nil
        }
    }

    /// The known keys of one map, each with its entry.
    struct Fields {
        /// How a message names the map: `task 'build'`.
        var place: String
        /// A handful: found faster one by one than by hash.
        private(set) var entries: [Node.Entry] = []
        /// `run` and `plugin.action` keys.
        var actions: [Node.Entry] = []

        subscript(key: String) -> Node.Entry? { entries.first { $0.key == key } }

        init(place: String) { self.place = place }

        mutating func add(_ entry: Node.Entry) { entries.append(entry) }

        mutating func remove(_ keys: [String]) { entries.removeAll { keys.contains($0.key) } }
    }

    /// Sorts a map's keys by the language's declaration; unknown and missing ones are reported. Nil where the
    /// node is no map.
    func fields(_ node: Node, of object: LanguageObject, _ place: String) -> Fields? {
        guard case .mapping(let mapping) = node.content else {
            report(
                "wrong-type", "\(place) needs a map of keys, got \(node.kindName)", at: node.range)
            return nil
        }
        var fields = Fields(place: place)
        let trap = commaTrap(mapping)
        for entry in mapping {
            if object.byName[entry.key] != nil {
                if entry.key != trap { fields.add(entry) }
            } else if trap != nil, entry.key.hasSuffix(")"), entry.value.isNull {
                continue
            } else if object.takesAction, entry.key == "run" || entry.key.contains(".") {
                fields.actions.append(entry)
            } else {
                report(
                    "unknown-key", "unknown key '\(entry.key)' in \(place)", hint: hint(for: entry.key, in: object),
                    at: entry.keyRange)
            }
        }
        for key in object.required where fields[key.name] == nil && object.name != "recipe" {
            report(
                "missing-key", "\(place) has no '\(key.name)'", hint: "add '\(key.name)': \(inSentence(key.summary))",
                at: node.range)
        }
        return fields
    }

    private func hint(for key: String, in object: LanguageObject) -> String? {
        if object.takesAction, let plugin = catalog.plugins.first(where: { $0.name == key }) {
            let names = plugin.actions.map { "'\($0.declaration.name)'" }
            return "an action is one key: \(names.joined(separator: ", "))"
        }
        let known = object.byName.keys.sorted() + (object.takesAction ? ["run"] + catalog.actions.keys.sorted() : [])
        if let near = nearestName(to: key, among: known) { return "did you mean '\(near)'?" }
        if let other = RecipeLanguage.objects.first(where: { $0.byName[key] != nil }) {
            return "'\(key)' is a key of a \(other.name)"
        }
        return nil
    }

    /// `{ if: f(a, b) }`: the comma ends YAML's plain text, and `b)` becomes a key.
    private func commaTrap(_ mapping: [Node.Entry]) -> String? {
        guard let index = mapping.firstIndex(where: { $0.key.hasSuffix(")") && $0.value.isNull }), index > 0 else {
            return nil
        }
        let first = mapping[..<index].last { entry in
            guard let text = entry.value.scalar?.text else { return false }
            return text.count { $0 == "(" } > text.count { $0 == ")" }
        }
        guard let first, let text = first.value.scalar?.text else { return nil }
        let start = mapping.firstIndex { $0.key == first.key } ?? 0
        let rest = mapping[(start + 1)...index].map(\.key)
        report(
            "yaml-comma", "the comma ends the value of '\(first.key)', and '\(rest[0])' became a key",
            hint: "quote it: \(first.key): \"\(([text] + rest).joined(separator: ", "))\"", at: first.value.range)
        return first.key
    }
}

/// A summary as it stands within a sentence: `The file` becomes `the file`, but `URL` stays.
func inSentence(_ summary: String) -> String {
    guard let second = summary.dropFirst().first, second.isLowercase || second == " " else { return summary }
    return summary.prefix(1).lowercased() + summary.dropFirst()
}

extension Node {
    var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }

    var isNull: Bool { scalar?.value.isNull ?? false }

    /// True where an expression stands somewhere in it.
    var hasExpression: Bool {
        switch content {
        case .scalar(let scalar): expressionOffset(in: scalar.text) != nil
        case .sequence(let items): items.contains(where: \.hasExpression)
        case .mapping(let entries): entries.contains { $0.value.hasExpression }
        }
    }
}

/// The offset in UTF-8 of the first `${{` that is not the escape `$${{`.
func expressionOffset(in text: String, from start: Int = 0) -> Int? {
    var text = text
    return text.withUTF8 { bytes in
        var index = start
        while index + 2 < bytes.count {
            guard bytes[index] == UInt8(ascii: "$") else {
                index += 1
                continue
            }
            if bytes[index + 1] == UInt8(ascii: "$"), index + 3 < bytes.count, bytes[index + 2] == UInt8(ascii: "{"),
                bytes[index + 3] == UInt8(ascii: "{")
            {
                index += 4
            } else if bytes[index + 1] == UInt8(ascii: "{"), bytes[index + 2] == UInt8(ascii: "{") {
                return index
            } else {
                index += 1
            }
        }
        return nil
    }
}
