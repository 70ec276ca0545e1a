import OpsCore
import OpsPlugin
import OpsYAML

extension RecipeReader {
    /// The one action key of a step, checked against the action's declaration.
    func action(_ fields: Fields, _ range: SourceRange) -> ActionCall? {
        guard let entry = fields.actions.first else {
            report(
                "action-count", "\(fields.place) has no action", hint: "give it 'run' or a PLUGIN.ACTION key", at: range
            )
            return nil
        }
        for other in fields.actions.dropFirst() {
            report(
                "action-count", "\(fields.place) has two actions: '\(entry.key)' and '\(other.key)'",
                hint: "make them two steps", at: other.keyRange)
        }
        if entry.key == "run" {
            checkRun(entry, fields.place)
        } else if let action = catalog.action(named: entry.key) {
            var reader = ParameterReader()
            _ = reader.arguments(LocatedValue(entry.value), action.declaration, at: entry.keyRange)
            diagnostics += reader.diagnostics
        } else {
            unknownAction(entry)
        }
        let arguments =
            entry.key == "run" && expressionOffsetInScript(entry.value) != nil ? nil : template(entry.value)
        return ActionCall(
            name: entry.key, nameRange: entry.keyRange,
            arguments: arguments ?? Template(.literal(.null), entry.value.range))
    }

    private func expressionOffsetInScript(_ node: Node) -> Int? {
        node.scalar.flatMap { expressionOffset(in: $0.text) }
    }

    private func unknownAction(_ entry: Node.Entry) {
        let parts = entry.key.split(separator: ".", omittingEmptySubsequences: false)
        let names = catalog.actions.keys.sorted()
        let near = nearestName(to: entry.key, among: names).map { "did you mean '\($0)'?" }
        guard parts.count == 2, let plugin = catalog.plugins.first(where: { $0.name == parts[0] }) else {
            if parts.count == 2 { unknownPlugins.insert(String(parts[0])) }
            let plugins = catalog.plugins.map(\.name).sorted()
            let nearPlugin = nearestName(to: String(parts[0]), among: plugins).map { "did you mean '\($0)'?" }
            report(
                "unknown-action", "no plugin has the action '\(entry.key)'",
                hint: near ?? nearPlugin ?? "the plugins are \(plugins.joined(separator: ", "))", at: entry.keyRange)
            return
        }
        let known = plugin.actions.map(\.declaration.name).joined(separator: ", ")
        report(
            "unknown-action", "the plugin '\(plugin.name)' has no action '\(parts[1])'",
            hint: near ?? "it has \(known.isEmpty ? "none" : known)", at: entry.keyRange)
    }

    // MARK: run

    private func checkRun(_ entry: Node.Entry, _ place: String) {
        switch entry.value.content {
        case .scalar(let scalar):
            guard let text = scalar.value.stringValue, !text.allSatisfy(\.isWhitespace) else {
                let problem = scalar.value.stringValue == nil ? "got \(entry.value.kindName)" : "got nothing"
                return report(
                    "wrong-type", "'run' of \(place) needs a script or a command as a list, \(problem)",
                    at: entry.value.range)
            }
            checkScript(entry.value, scalar.text)
        case .mapping:
            report(
                "wrong-type", "'run' of \(place) needs a script or a command as a list, got a map",
                at: entry.value.range)
        case .sequence(let words): checkCommand(words, entry, place)
        }
    }

    private func checkCommand(_ words: [Node], _ entry: Node.Entry, _ place: String) {
        guard !words.isEmpty else {
            return report("invalid-value", "'run' of \(place) is an empty command", at: entry.value.range)
        }
        var interpreter: String?
        var takesScript = false
        for word in words {
            switch word.content {
            case .mapping:
                report("wrong-type", "an argument of 'run' needs text, got a map", at: word.range)
            case .sequence(let items):
                for item in items where item.scalar?.value.scalarText == nil {
                    report("wrong-type", "an argument of 'run' needs text, got \(item.kindName)", at: item.range)
                }
            case .scalar(let scalar):
                if scalar.value.isNull {
                    report("wrong-type", "an argument of 'run' needs text, got nothing", at: word.range)
                }
                if takesScript { checkScript(word, scalar.text) }
                takesScript = interpreter.map { Self.isScriptOption(scalar.text, of: $0) } ?? false
                let name = scalar.text.split(separator: "/").last.map(String.init) ?? ""
                if interpreter == nil, Self.scriptOptions[name] != nil { interpreter = name }
            }
        }
    }

    /// Known interpreters and the letter of the option whose argument is a script.
    private static let scriptOptions: [String: Character] = [
        "bash": "c", "sh": "c", "zsh": "c", "dash": "c", "ksh": "c", "fish": "c", "python": "c", "python3": "c",
        "perl": "e", "ruby": "e", "node": "e", "php": "r",
    ]

    private static func isScriptOption(_ text: String, of interpreter: String) -> Bool {
        guard let letter = scriptOptions[interpreter] else { return false }
        if text == "--eval" || text == "--command" { return true }
        guard text.hasPrefix("-"), !text.hasPrefix("--"), let last = text.last else { return false }
        return last == letter || (letter == "e" && last == "E")
    }

    /// Script text is constant (design promise 2): each expression in it is an error with the rewrite.
    private func checkScript(_ node: Node, _ text: String) {
        var start = 0
        while let offset = expressionOffset(in: text, from: start) {
            let rest = String(decoding: Array(text.utf8)[offset...], as: UTF8.self)
            let inner = rest.dropFirst(3)
            let end = inner.firstRange(of: "}}")
            let expression = end.map { String(inner[..<$0.lowerBound]) } ?? ""
            let length = 3 + (end.map { inner[..<$0.upperBound].utf8.count } ?? 0)
            let name = Self.variableName(for: expression)
            let trimmed = String(expression.trimmingSpaces)
            report(
                "expression-in-script", "a script's text is constant: no expression may stand in it",
                hint: "write env: { \(name): \"${{ \(trimmed) }}\" } and use \"$\(name)\"",
                at: placeInScript(node, offset: offset, length: length))
            start = offset + length
        }
    }

    /// A name for the variable: `inputs.image-tag` gives `IMAGE_TAG`.
    private static func variableName(for expression: String) -> String {
        let text = expression.trimmingSpaces
        let isName = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        guard isName, let last = text.split(separator: ".").last else { return "VALUE" }
        return String(last).uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}

extension StringProtocol {
    var trimmingSpaces: SubSequence {
        let front = drop { $0.isWhitespace }
        guard let last = front.lastIndex(where: { !$0.isWhitespace }) else { return front[front.endIndex...] }
        return front[...last]
    }
}
