import OpsCore
import OpsPlugin
import OpsReport
import OrderedCollections

/// An action's declaration for people and as data.
enum ActionDescription {
    static func text(_ action: ActionDeclaration, style: Style) -> String {
        var text = style.paint(action.name, .bold) + "  \(action.summary)\n"
        if !action.description.isEmpty { text += "\n\(action.description)\n" }
        if !action.parameters.isEmpty {
            text += "\n" + style.paint("parameters", .dim) + "\n"
            var table = TableText(width: style.width)
            for row in rows(action.parameters) { table.row(["  " + row.name, row.type, row.summary]) }
            text += table.text
        }
        if !action.outputs.isEmpty {
            text += "\n" + style.paint("outputs", .dim) + "\n"
            var table = TableText(width: style.width)
            for output in action.outputs { table.row(["  " + output.name, "\(output.type)", output.summary]) }
            text += table.text
        }
        for example in action.examples {
            text += "\n" + style.paint(example.title, .dim) + "\n"
            for line in example.yaml.split(separator: "\n", omittingEmptySubsequences: false) { text += "  \(line)\n" }
        }
        return text
    }

    /// A source of secrets.
    static func text(_ provider: any SecretProvider, style: Style) -> String {
        var text = style.paint(provider.form, .bold) + "  \(provider.summary)\n"
        text += "\n" + style.paint("example", .dim) + "\n  \(provider.example)\n"
        let manual = provider.manual.split(separator: "\n\n").map {
            $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        for paragraph in manual { text += "\n\(paragraph)\n" }
        return text
    }

    /// The parameters with those of nested records behind them, indented.
    static func rows(
        _ parameters: [Parameter], depth: Int = 0
    ) -> [(name: String, type: String, summary: String)] {
        parameters.flatMap { parameter -> [(name: String, type: String, summary: String)] in
            var type = parameter.type.text
            if parameter.isRequired { type += ", required" }
            if parameter.isSecret { type += ", may be secret" }
            var summary = parameter.summary
            if let value = parameter.defaultValue, !value.isNull {
                summary += " (default \(value.scalarText ?? JSONWriter.text(value)))"
            }
            let indent = String(repeating: "  ", count: depth)
            return [(indent + parameter.name, type, summary)] + rows(parameter.type.members, depth: depth + 1)
        }
    }

    /// Every plugin with its actions and providers.
    static func json(_ catalog: PluginCatalog) -> Value {
        .list(
            catalog.plugins.map { plugin in
                .map([
                    "name": .string(plugin.name), "summary": .string(plugin.summary),
                    "actions": .list(plugin.actions.map { json($0.declaration) }),
                    "secret-schemes": .list(
                        plugin.secretProviders.map {
                            .map([
                                "scheme": .string($0.scheme), "summary": .string($0.summary),
                                "example": .string($0.example), "manual": .string($0.manual),
                            ])
                        }),
                ])
            })
    }

    private static func json(_ action: ActionDeclaration) -> Value {
        .map([
            "name": .string(action.name), "summary": .string(action.summary),
            "description": .string(action.description),
            "parameters": .list(action.parameters.map(json)),
            "outputs": .list(
                action.outputs.map {
                    .map(["name": .string($0.name), "type": .string("\($0.type)"), "summary": .string($0.summary)])
                }),
            "examples": .list(
                action.examples.map { .map(["title": .string($0.title), "yaml": .string($0.yaml)]) }),
        ])
    }

    private static func json(_ parameter: Parameter) -> Value {
        .map([
            "name": .string(parameter.name), "type": .string(parameter.type.text),
            "summary": .string(parameter.summary), "required": .boolean(parameter.isRequired),
            "secret": .boolean(parameter.isSecret), "default": parameter.defaultValue ?? .null,
            "members": .list(parameter.type.members.map(json)),
        ])
    }
}

extension SecretProvider {
    /// How a reference to it begins.
    var form: String { scheme == SecretReference.commandScheme ? "exec:" : scheme + "://" }
}

extension ParameterType {
    /// As help and manual name it.
    var text: String {
        switch self {
        case .any: "any"
        case .string: "text"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .duration: "duration"
        case .size: "size"
        case .mode: "mode"
        case .path: "path"
        case .glob: "glob"
        case .choice(let words): words.joined(separator: " | ")
        case .list(let element): "list of \(element.text)"
        case .oneOrMore(let element): "\(element.text), or a list"
        case .map(let element): "map of \(element.text)"
        case .record: "map"
        case .limited(let inner, let limits): limits.text.isEmpty ? inner.text : "\(inner.text) (\(limits.text))"
        }
    }

    /// The members of a record, also within a list.
    var members: [Parameter] {
        switch self {
        case .record(let members): members
        case .list(let element), .oneOrMore(let element), .map(let element), .limited(let element, _): element.members
        default: []
        }
    }
}

extension ValueLimits {
    /// As help and manual name them: `at least 1, at most 9`.
    fileprivate var text: String {
        var parts: [String] = []
        if let minimum { parts.append("at least \(Value.text(of: minimum))") }
        if let maximum { parts.append("at most \(Value.text(of: maximum))") }
        if let minLength { parts.append("at least \(minLength) characters") }
        if let maxLength { parts.append("at most \(maxLength) characters") }
        if let minItems { parts.append("at least \(minItems) items") }
        if let maxItems { parts.append("at most \(maxItems) items") }
        if let pattern { parts.append("matches \(pattern)") }
        if !options.isEmpty {
            parts.append("one of \(options.map { $0.scalarText ?? JSONWriter.text($0) }.joined(separator: " "))")
        }
        return parts.joined(separator: ", ")
    }
}
