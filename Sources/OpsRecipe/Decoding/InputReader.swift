import OpsCore
import OpsPlugin
import OpsYAML
import OrderedCollections

extension RecipeReader {
    func inputs(_ entry: Node.Entry?, _ place: String) -> OrderedDictionary<String, InputDeclaration> {
        var result: OrderedDictionary<String, InputDeclaration> = [:]
        var variables: [String: String] = [:]
        for item in entries(entry, place) ?? [] where isName(item.key, "input", item.keyRange) {
            let variable = InputDeclaration.variable(of: item.key)
            if let other = variables.updateValue(item.key, forKey: variable) {
                report(
                    "duplicate-name", "the inputs '\(other)' and '\(item.key)' are both \(variable) in scripts",
                    at: item.keyRange)
            }
            result[item.key] = input(item)
        }
        return result
    }

    private func input(_ entry: Node.Entry) -> InputDeclaration {
        let place = "input '\(entry.key)'"
        var input = InputDeclaration(
            kind: .string, description: nil, defaultValue: nil, options: [], pattern: nil, range: entry.keyRange)
        guard !entry.value.isNull, let fields = fields(entry.value, of: RecipeLanguage.input, place) else {
            return input
        }
        input.description = text(fields["description"], place)
        if let word = text(fields["type"], place), let entry = fields["type"] {
            if let kind = InputDeclaration.Kind(rawValue: word) {
                input.kind = kind
            } else {
                choice(word, entry, InputDeclaration.Kind.allCases.map(\.rawValue))
                return input
            }
        }
        if let entry = fields["options"], isConstant(entry, place) {
            for item in items(entry, place, orOne: false) ?? [] {
                let kind = input.kind == .list ? InputDeclaration.Kind.string : input.kind
                if let value = value(item, kind, "an option of \(place)") { input.options.append(value) }
            }
            if input.options.isEmpty, case .sequence(let items) = entry.value.content, items.isEmpty {
                report("invalid-value", "'options' of \(place) is empty", at: entry.value.range)
            }
        }
        if let entry = fields["pattern"] { input.pattern = pattern(entry, input.kind, place) }
        if let entry = fields["default"], isConstant(entry, place) {
            if entry.value.isNull {
                input.defaultValue = .null
            } else if let value = value(entry.value, input.kind, "'default' of \(place)") {
                input.defaultValue = value
                if let problem = input.problem(of: value) {
                    report("invalid-value", "'default' of \(place) \(problem)", at: entry.value.range)
                }
            }
        }
        return input
    }

    private func pattern(_ entry: Node.Entry, _ kind: InputDeclaration.Kind, _ place: String) -> String? {
        guard let text = text(entry, place) else { return nil }
        guard [.string, .path, .list].contains(kind) else {
            report("forbidden-key", "'pattern' of \(place): it is for text, not \(kind.rawValue)", at: entry.keyRange)
            return nil
        }
        if let problem = InputPattern.problem(of: text) {
            report("invalid-pattern", "'pattern' of \(place) \(problem)", at: entry.value.range)
            return nil
        }
        return text
    }

    /// A literal of an input's type.
    private func value(_ node: Node, _ kind: InputDeclaration.Kind, _ what: String) -> Value? {
        let value = node.scalar?.value
        let wanted: String
        switch kind {
        case .string, .path:
            if let text = value?.scalarText { return .string(text) }
            wanted = "text"
        case .boolean:
            if value?.booleanValue != nil { return value }
            wanted = "true or false"
        case .integer:
            if value?.integerValue != nil { return value }
            wanted = "a whole number"
        case .number:
            switch value {
            case .integer, .number: return value
            default: wanted = "a number"
            }
        case .list:
            if case .sequence(let items) = node.content {
                let values = items.map { $0.scalar?.value }
                if values.allSatisfy({ $0?.scalarText != nil }) { return .list(values.compactMap { $0 }) }
            }
            wanted = "a list of texts"
        }
        report(
            "wrong-type", "\(what) needs \(wanted), got \(node.kindName)",
            hint: kind == .boolean ? booleanRewrite(node) : nil, at: node.range)
        return nil
    }
}
