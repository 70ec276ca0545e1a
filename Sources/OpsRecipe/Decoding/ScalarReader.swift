import OpsCore
import OpsYAML
import OrderedCollections

/// Reading the values of keys: each reports what is wrong and gives nil.
extension RecipeReader {
    private func wrong(_ entry: Node.Entry, _ place: String, _ wanted: String, hint: String? = nil) {
        report(
            "wrong-type", "'\(entry.key)' of \(place) needs \(wanted), got \(entry.value.kindName)", hint: hint,
            at: entry.value.range)
    }

    /// Constant text; a number counts with its spelling.
    func text(_ entry: Node.Entry?, _ place: String) -> String? {
        guard let entry else { return nil }
        guard let scalar = entry.value.scalar, scalar.value.scalarText != nil else {
            wrong(entry, place, "text")
            return nil
        }
        guard isConstant(entry, place) else { return nil }
        return scalar.text
    }

    /// Reports an expression where only constants may stand.
    func isConstant(_ entry: Node.Entry, _ place: String) -> Bool {
        guard entry.value.hasExpression else { return true }
        report(
            "constant", "'\(entry.key)' of \(place) is constant: no expression may stand here",
            hint: "write plain text, or '$${{' for a literal '${{'", at: entry.value.range)
        return false
    }

    func boolean(_ entry: Node.Entry?, _ place: String) -> Bool? {
        guard let entry else { return nil }
        guard isConstant(entry, place) else { return nil }
        if let value = entry.value.scalar?.value.booleanValue { return value }
        wrong(entry, place, "true or false", hint: booleanRewrite(entry.value))
        return nil
    }

    /// What to write for YAML 1.1's words.
    func booleanRewrite(_ node: Node) -> String? {
        switch node.scalar?.text.lowercased() {
        case "yes", "on", "y", "true": "write true"
        case "no", "off", "n", "false": "write false"
        default: nil
        }
    }

    func integer(_ entry: Node.Entry?, _ place: String, minimum: Int) -> Int? {
        guard let entry else { return nil }
        guard isConstant(entry, place) else { return nil }
        guard let value = entry.value.scalar?.value.integerValue else {
            wrong(entry, place, "a whole number")
            return nil
        }
        guard value >= minimum else {
            report(
                "invalid-value", "'\(entry.key)' of \(place) is at least \(minimum), got \(value)",
                at: entry.value.range)
            return nil
        }
        return value
    }

    func number(_ entry: Node.Entry?, _ place: String, in bounds: ClosedRange<Double>) -> Double? {
        guard let entry else { return nil }
        guard isConstant(entry, place) else { return nil }
        let value: Double
        switch entry.value.scalar?.value {
        case .integer(let number, _): value = Double(number)
        case .number(let number, _): value = number
        default:
            wrong(entry, place, "a number")
            return nil
        }
        guard bounds.contains(value) else {
            let limit =
                bounds.upperBound == .greatestFiniteMagnitude
                ? "at least \(Value.text(of: bounds.lowerBound))"
                : "from \(Value.text(of: bounds.lowerBound)) to \(Value.text(of: bounds.upperBound))"
            report("invalid-value", "'\(entry.key)' of \(place) is \(limit)", at: entry.value.range)
            return nil
        }
        return value
    }

    func duration(_ entry: Node.Entry?, _ place: String) -> Duration? {
        guard let entry else { return nil }
        guard isConstant(entry, place) else { return nil }
        guard let scalar = entry.value.scalar else {
            wrong(entry, place, "a duration such as 30s")
            return nil
        }
        if let duration = Duration.parse(scalar.text) {
            if duration > .zero || entry.key != "timeout" { return duration }
            report("invalid-value", "'\(entry.key)' of \(place) is longer than nothing", at: entry.value.range)
            return nil
        }
        if durationRewrite(scalar) == "write \(scalar.text)" {
            report("invalid-duration", "'\(entry.key)' of \(place) is more than 292 years", at: entry.value.range)
            return nil
        }
        report(
            "invalid-duration", "'\(entry.key)' of \(place) needs a duration such as 30s, got \(entry.value.kindName)",
            hint: durationRewrite(scalar), at: entry.value.range)
        return nil
    }

    /// What to write in place of a duration without a unit, or with a long one.
    func durationRewrite(_ scalar: Node.Scalar) -> String {
        if scalar.value.integerValue != nil { return "a number needs a unit: \(scalar.text)s" }
        let digits = scalar.text.prefix { $0.isASCII && $0.isNumber }
        let unit = scalar.text.dropFirst(digits.count).drop { $0 == " " }
        if !digits.isEmpty, let first = unit.lowercased().first, "smhd".contains(first) {
            return "write \(digits)\(unit.lowercased().hasPrefix("ms") ? "ms" : String(first))"
        }
        return "the units are ms, s, m, h and d: 1h30m"
    }

    /// A value in which expressions may stand.
    func template(_ node: Node) -> Template? {
        collecting { () throws(DiagnosticsError) in try Template(node) }
    }

    /// Text in which expressions may stand: one scalar, not null.
    func textTemplate(_ entry: Node.Entry?, _ place: String) -> Template? {
        guard let entry else { return nil }
        guard let scalar = entry.value.scalar, !scalar.value.isNull else {
            wrong(entry, place, "text")
            return nil
        }
        return template(entry.value)
    }

    func condition(_ entry: Node.Entry?, _ place: String) -> Condition? {
        guard let entry else { return nil }
        guard entry.value.scalar != nil else {
            wrong(entry, place, "an expression")
            return nil
        }
        return collecting { () throws(DiagnosticsError) in try Template.condition(entry.value) }
    }

    /// The items of a list, or the one value that stands for a list of it.
    func items(_ entry: Node.Entry?, _ place: String, orOne: Bool) -> [Node]? {
        guard let entry else { return nil }
        if case .sequence(let items) = entry.value.content { return items }
        if orOne, !entry.value.isNull { return [entry.value] }
        wrong(
            entry, place, "a list", hint: entry.value.scalar.flatMap { $0.value.isNull ? nil : "write [ \($0.text) ]" })
        return nil
    }

    /// The entries of a map; nothing at all counts as an empty one.
    func entries(_ entry: Node.Entry?, _ place: String) -> [Node.Entry]? {
        guard let entry else { return nil }
        if case .mapping(let entries) = entry.value.content { return entries }
        if entry.value.isNull { return [] }
        wrong(entry, place, "a map")
        return nil
    }

    /// Names of the user's to values; each name is checked.
    func templates(_ entry: Node.Entry?, _ place: String) -> OrderedDictionary<String, Template> {
        var result: OrderedDictionary<String, Template> = [:]
        for item in entries(entry, place) ?? [] where isName(item.key, "name in '\(entry?.key ?? "")'", item.keyRange) {
            if let value = template(item.value) { result[item.key] = value }
        }
        return result
    }

    /// A name of the user's: no `. : = / [ ]`, no space, no hyphen or digit at the start.
    func isName(_ name: String, _ what: String, _ range: SourceRange) -> Bool {
        if let bad = NameRule.bad(in: name) {
            let isShown = bad.value != 0x20 && !NameRule.isUnseen(bad)
            let shown = isShown ? "'\(bad)'" : "a space or control character"
            let better = String(name.unicodeScalars.map { ".:=/ ".unicodeScalars.contains($0) ? "-" : Character($0) })
            report(
                "invalid-name", "the \(what) '\(name)' has \(shown) in it",
                hint: better != name && better.first?.isLetter == true ? "such a name is '\(better)'" : nil, at: range)
            return false
        }
        guard NameRule.hasGoodStart(name) else {
            let problem = name.isEmpty ? "is empty" : "starts with '\(name.prefix(1))'"
            report("invalid-name", "the \(what) '\(name)' \(problem)", hint: "start it with a letter", at: range)
            return false
        }
        return true
    }

    /// Environment variables; null unsets one.
    func environment(_ entry: Node.Entry?, _ place: String) -> OrderedDictionary<String, Template> {
        var result: OrderedDictionary<String, Template> = [:]
        for item in entries(entry, place) ?? [] {
            guard isVariable(item.key) else {
                report(
                    "invalid-name", "'\(item.key)' is not the name of an environment variable",
                    hint: "letters, digits and '_', no digit first", at: item.keyRange)
                continue
            }
            guard item.value.scalar != nil else {
                report(
                    "wrong-type", "the variable '\(item.key)' needs text, got \(item.value.kindName)",
                    hint: "make it text with join or toJSON", at: item.value.range)
                continue
            }
            if let value = template(item.value) { result[item.key] = value }
        }
        return result
    }

    private func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
    }

    func shell(_ entry: Node.Entry?, _ place: String) -> Shell? {
        guard let entry, isConstant(entry, place) else { return nil }
        var command: [String] = []
        for item in items(entry, place, orOne: true) ?? [] {
            guard let text = item.scalar?.value.scalarText, !text.isEmpty else {
                report("wrong-type", "'shell' of \(place) needs words, got \(item.kindName)", at: item.range)
                return nil
            }
            command.append(text)
        }
        guard let first = command.first else {
            report("invalid-value", "'shell' of \(place) is empty", at: entry.value.range)
            return nil
        }
        if entry.value.scalar != nil, !["bash", "sh", "python3"].contains(first) {
            report(
                "invalid-value", "'\(first)' is not a known shell: bash, sh, python3",
                hint: "write a command as a list: [ \(first) ]", at: entry.value.range)
            return nil
        }
        return Shell(command: command, range: entry.value.range)
    }
}
