import OpsCore
import OpsPlugin
import OpsYAML

/// Reads the part of JSON Schema 2020-12 that declares inputs and outputs (ops-plugin(7), "Schemas").
struct SchemaReader {
    var fields = ManifestFields()

    /// What a schema says of one value.
    struct Declared {
        var type: ParameterType = .any
        var summary = ""
        var defaultValue: Value?
        var isSecret = false
        var limits = ValueLimits()

        /// The type with the limits in it.
        var limitedType: ParameterType { limits.isEmpty ? type : .limited(type, limits) }
    }

    private static let keywords = [
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "default", "pattern",
        "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "description", "deprecated",
        "x-ops-secret", "x-ops-path", "x-ops-format",
    ]

    private enum TypeName: String, CaseIterable { case string, boolean, integer, number, array, object }
    private enum Format: String, CaseIterable { case duration, size, mode, glob }
    private enum PathWord: String, CaseIterable { case read, write }

    /// The members of an object schema: parameters of an action, or of a map in one.
    mutating func parameters(_ node: Node, _ place: String) -> [Parameter] {
        members(node, place).map { member in
            Parameter(
                member.name, member.declared.limitedType, member.declared.summary, required: member.isRequired,
                default: member.declared.defaultValue, secret: member.declared.isSecret)
        }
    }

    /// The outputs of an action. One that is not required may be null.
    mutating func outputs(_ node: Node, _ place: String) -> [PluginManifest.Output] {
        members(node, place).map { member in
            if member.declared.isSecret, member.declared.type.valueType != .string {
                fields.report(
                    "unsupported-schema", "the secret output '\(member.name)' needs the type string", at: node.range)
            }
            var type = member.declared.isSecret ? ValueType.secret : member.declared.type.valueType
            if !member.isRequired, !member.declared.isSecret { type = .optional(type) }
            return PluginManifest.Output(
                declaration: OutputDeclaration(member.name, type, member.declared.summary),
                limits: member.declared.limits)
        }
    }

    private mutating func members(
        _ node: Node, _ place: String
    ) -> [(name: String, declared: Declared, isRequired: Bool)] {
        guard
            let found = keywords(
                node, place, ["type", "properties", "required", "additionalProperties", "description"])
        else { return [] }
        if let entry = found["type"], fields.text(entry.value, "'type' of \(place)") ?? "object" != "object" {
            fields.report("unsupported-schema", "\(place) must be of type object", at: entry.value.range)
        }
        if let entry = found["additionalProperties"],
            fields.boolean(entry.value, "'additionalProperties' of \(place)")
                ?? false
        {
            fields.report(
                "unsupported-schema", "\(place) cannot take properties that it does not name",
                hint: "take away 'additionalProperties': what is not declared is refused", at: entry.value.range)
        }
        let properties = found["properties"].flatMap { fields.map($0.value, "'properties' of \(place)") } ?? []
        var required: Set<String> = []
        for item in found["required"].flatMap({ fields.list($0.value, "'required' of \(place)") }) ?? [] {
            guard let name = fields.text(item, "an item of 'required'") else { continue }
            required.insert(name)
            if properties.contains(where: { $0.key == name }) { continue }
            let near = nearestName(to: name, among: properties.map(\.key)).map { "did you mean '\($0)'?" }
            fields.report(
                "unknown-name", "'required' of \(place) names '\(name)', which is no property", hint: near,
                at: item.range)
        }
        return properties.map { entry in
            if !Self.isMemberName(entry.key) {
                fields.report(
                    "invalid-name", "'\(entry.key)' cannot be the name of a property in \(place)",
                    hint: "letters, digits, '-' and '_'; it starts with a letter", at: entry.keyRange)
            }
            let declared = value(entry.value, "'\(entry.key)' of \(place)")
            if required.contains(entry.key), declared.defaultValue != nil {
                fields.report(
                    "invalid-value", "'\(entry.key)' of \(place) is required and has a default",
                    hint: "take away one of them", at: entry.keyRange)
            }
            return (entry.key, declared, required.contains(entry.key))
        }
    }

    /// The schema of one value.
    private mutating func value(_ node: Node, _ place: String) -> Declared {
        var declared = Declared()
        guard let found = keywords(node, place, Self.keywords) else { return declared }
        if let entry = found["description"] { declared.summary = Self.sentence(fields.text(entry.value, place) ?? "") }
        if let entry = found["deprecated"], fields.boolean(entry.value, "'deprecated' of \(place)") ?? false {
            declared.summary += declared.summary.isEmpty ? "Deprecated" : " (deprecated)"
        }
        let name = found["type"].flatMap { fields.word($0.value, "'type' of \(place)", as: TypeName.self) }
        declared.type = type(name, found, node, place)
        declared.limits = limits(name, found, place)
        if let entry = found["x-ops-secret"] {
            declared.isSecret = fields.boolean(entry.value, "'x-ops-secret' of \(place)") ?? false
            if declared.isSecret, ![.string, .array, .object].contains(name) {
                fields.report(
                    "unsupported-schema", "'x-ops-secret' of \(place) needs the type string, array or object",
                    at: entry.keyRange)
            }
        }
        options(found, place, &declared)
        if let entry = found["default"] { setDefault(entry, place, &declared) }
        return declared
    }

    /// A map's entries by keyword; a keyword that is none of these is an error, since nothing would heed it.
    private mutating func keywords(_ node: Node, _ place: String, _ known: [String]) -> [String: Node.Entry]? {
        fields.entries(node, keys: known, "the schema of \(place)", code: "unsupported-schema")
    }

    private mutating func type(
        _ name: TypeName?, _ found: [String: Node.Entry], _ node: Node, _ place: String
    ) -> ParameterType {
        let path = found["x-ops-path"].flatMap { fields.word($0.value, "'x-ops-path' of \(place)", as: PathWord.self) }
        let format = found["x-ops-format"].flatMap {
            fields.word($0.value, "'x-ops-format' of \(place)", as: Format.self)
        }
        for key in ["x-ops-path", "x-ops-format"] where name != .string {
            if let entry = found[key] {
                fields.report("unsupported-schema", "'\(key)' of \(place) needs the type string", at: entry.keyRange)
            }
        }
        switch name {
        case nil: return .any
        case .boolean: return .boolean
        case .integer: return .integer
        case .number: return .number
        case .string:
            if let path { return .path(path == .read ? .read : .write) }
            switch format {
            case .duration: return .duration
            case .size: return .size
            case .mode: return .mode
            case .glob: return .glob
            case nil: return .string
            }
        case .array:
            guard let entry = found["items"] else { return .list(.any) }
            let element = value(entry.value, "'items' of \(place)")
            refuseSecret(element, "an item of \(place)", entry)
            return .list(element.limitedType)
        case .object: return object(found, node, place)
        }
    }

    private mutating func object(_ found: [String: Node.Entry], _ node: Node, _ place: String) -> ParameterType {
        if found["properties"] != nil {
            guard case .mapping(let entries) = node.content else { return .map(.any) }
            let own = entries.filter { ["type", "properties", "required", "additionalProperties"].contains($0.key) }
            return .record(parameters(Node(.mapping(own), node.range), place))
        }
        guard let entry = found["additionalProperties"] else { return .map(.any) }
        if case .scalar(let scalar) = entry.value.content, let flag = scalar.value.booleanValue {
            if !flag {
                fields.report("unsupported-schema", "\(place) takes nothing at all", at: entry.value.range)
            }
            return .map(.any)
        }
        let member = value(entry.value, "a member of \(place)")
        refuseSecret(member, "a member of \(place)", entry)
        return .map(member.limitedType)
    }

    /// What a parameter takes is secret or is not: one flag for all that is in it.
    private mutating func refuseSecret(_ part: Declared, _ place: String, _ entry: Node.Entry) {
        guard part.isSecret else { return }
        fields.report(
            "unsupported-schema", "\(place) cannot be a secret by itself",
            hint: "set 'x-ops-secret' beside '\(entry.key)'", at: entry.value.range)
    }

    private static let limitTypes: [(keyword: String, type: TypeName)] = [
        ("pattern", .string), ("minLength", .string), ("maxLength", .string), ("minItems", .array),
        ("maxItems", .array), ("items", .array), ("properties", .object), ("additionalProperties", .object),
        ("required", .object),
    ]

    private mutating func limits(
        _ name: TypeName?, _ found: [String: Node.Entry], _ place: String
    ) -> ValueLimits {
        for (keyword, type) in Self.limitTypes where name != type {
            guard let entry = found[keyword] else { continue }
            fields.report(
                "unsupported-schema", "'\(keyword)' of \(place) needs the type \(type.rawValue)", at: entry.keyRange)
        }
        var limits = ValueLimits()
        for keyword in ["minimum", "maximum"] {
            guard let entry = found[keyword] else { continue }
            guard name == .integer || name == .number else {
                fields.report(
                    "unsupported-schema", "'\(keyword)' of \(place) needs the type integer or number",
                    at: entry.keyRange)
                continue
            }
            guard case .scalar(let scalar) = entry.value.content, let number = Double(scalar.text), number.isFinite
            else {
                fields.report("wrong-type", "'\(keyword)' of \(place) needs a number", at: entry.value.range)
                continue
            }
            if keyword == "minimum" { limits.minimum = number } else { limits.maximum = number }
        }
        func count(_ keyword: String) -> Int? {
            found[keyword].flatMap { fields.integer($0.value, "'\(keyword)' of \(place)", atLeast: 0) }
        }
        limits.minLength = count("minLength")
        limits.maxLength = count("maxLength")
        limits.minItems = count("minItems")
        limits.maxItems = count("maxItems")
        if let entry = found["pattern"], let pattern = fields.text(entry.value, "'pattern' of \(place)") {
            if let problem = InputPattern.problem(of: pattern) {
                fields.report("invalid-value", "'pattern' of \(place) \(problem)", at: entry.value.range)
            } else {
                limits.pattern = pattern
            }
        }
        return limits
    }

    /// `enum` and `const`: words of a string become a choice.
    private mutating func options(_ found: [String: Node.Entry], _ place: String, _ declared: inout Declared) {
        var options: [Value] = []
        if let entry = found["enum"] {
            options = (fields.list(entry.value, "'enum' of \(place)") ?? []).map(\.value)
            if options.isEmpty { fields.report("invalid-value", "'enum' of \(place) is empty", at: entry.value.range) }
        }
        if let entry = found["const"] { options = [entry.value.value] }
        guard !options.isEmpty else { return }
        for option in options where !declared.type.valueType.accepts(option) {
            guard let entry = found["enum"] ?? found["const"] else { continue }
            fields.report(
                "invalid-value", "'\(entry.key)' of \(place) holds a value that is no \(declared.type.valueType)",
                at: entry.value.range)
        }
        let words = options.compactMap(\.stringValue)
        if case .string = declared.type, words.count == options.count {
            declared.type = .choice(words)
        } else {
            declared.limits.options = options
        }
    }

    private mutating func setDefault(_ entry: Node.Entry, _ place: String, _ declared: inout Declared) {
        let value = entry.value.value
        guard !value.isNull else { return }
        if declared.isSecret {
            return fields.report(
                "invalid-value", "'default' of \(place) would be a secret that everybody can read", at: entry.keyRange)
        }
        if !declared.type.valueType.accepts(value) {
            return fields.report(
                "invalid-value", "'default' of \(place) is no \(declared.type.valueType)", at: entry.value.range)
        }
        if case .choice(let words) = declared.type, !words.contains(value.stringValue ?? "") {
            return fields.report(
                "invalid-value", "'default' of \(place) is none of \(words.joined(separator: ", "))",
                at: entry.value.range)
        }
        if let problem = declared.limits.problem(of: value) {
            return fields.report("invalid-value", "'default' of \(place) \(problem)", at: entry.value.range)
        }
        declared.defaultValue = value
    }

    private static func isMemberName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (0x61...0x7A).contains(first | 0x20) else { return false }
        return name.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
        }
    }

    /// One line without a full stop, as summaries of built-in actions are.
    static func sentence(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.hasSuffix(".") ? String(line.dropLast()) : line
    }
}
