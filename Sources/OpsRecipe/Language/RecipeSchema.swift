package import OpsCore
package import OpsPlugin
import OrderedCollections

/// The JSON Schema (2020-12) of the recipe language with all actions: for editors, and for people without ops.
package enum RecipeSchema {
    /// One schema document. Each object of the language and each action is a definition of its own.
    package static func json(catalog: PluginCatalog) -> Value {
        var definitions: ValueMap = [
            "duration": .map([
                "type": .string("string"), "pattern": .string("^([0-9]+(ms|s|m|h|d))+$"),
                "examples": .list([.string("30s"), .string("1h30m")]),
            ]),
            "expression": .map([
                "type": .string("string"), "pattern": .string("^\\s*\\$\\{\\{[\\s\\S]*\\}\\}\\s*$"),
                "description": .string("One whole ${{ }}"),
            ]),
            "scalar": .map([
                "type": .list(["string", "number", "boolean"].map { .string($0) }),
                "description": .string("Text, in which ${{ }} may stand"),
            ]),
        ]
        for object in RecipeLanguage.objects where object.name != "recipe" {
            definitions[object.name] = .map(schema(of: object, catalog))
        }
        for name in catalog.actions.keys.sorted() {
            guard let action = catalog.actions[name] else { continue }
            definitions["action:" + name] = .map(schema(of: action.declaration))
        }
        var root: ValueMap = [
            "$schema": .string("https://json-schema.org/draft/2020-12/schema"),
            "title": .string("ops recipe, language version \(RecipeLanguage.version)"),
        ]
        root.merge(schema(of: RecipeLanguage.recipe, catalog)) { $1 }
        root["$defs"] = .map(definitions)
        return .map(root)
    }

    private static func schema(of object: LanguageObject, _ catalog: PluginCatalog) -> ValueMap {
        var properties: ValueMap = [:]
        for key in object.keys {
            var value = schema(of: key.type)
            value["description"] = .string(key.summary)
            properties[key.name] = .map(value)
        }
        let actions = object.takesAction ? catalog.actions.keys.sorted() : []
        for action in actions { properties[action] = .map(reference("action:" + action)) }
        var schema: ValueMap = [
            "type": .string("object"), "description": .string(object.summary), "properties": .map(properties),
            "additionalProperties": .boolean(false),
        ]
        let required = object.keys.filter(\.isRequired).map { Value.string($0.name) }
        if !required.isEmpty { schema["required"] = .list(required) }
        guard object.takesAction else { return schema }
        // A task may have none of them, or `steps`; a step and an undo exactly one.
        let words = actions + (object.name == "task" ? ["steps"] : [])
        let one = words.map { Value.map(["required": .list([.string($0)])]) }
        if object.name == "task" {
            schema["anyOf"] = .list([
                .map(["oneOf": .list(one)]), .map(["not": .map(["anyOf": .list(one)])]),
            ])
        } else {
            schema["oneOf"] = .list(one)
        }
        return schema
    }

    private static func reference(_ name: String) -> ValueMap { ["$ref": .string("#/$defs/\(name)")] }

    private static func schema(of type: KeyType) -> ValueMap {
        switch type {
        case .text: ["type": .list([.string("string"), .string("number"), .string("boolean")])]
        case .template: reference("scalar")
        case .value: [:]
        case .condition: ["type": .list([.string("string"), .string("boolean")])]
        case .boolean: ["type": .string("boolean")]
        case .integer(let minimum): ["type": .string("integer"), "minimum": .integer(minimum)]
        case .number: ["type": .string("number")]
        case .duration: reference("duration")
        case .list(let element): ["type": .string("array"), "items": .map(schema(of: element))]
        case .oneOrMore(let element):
            ["anyOf": .list([.map(schema(of: element)), .map(schema(of: .list(element)))])]
        case .map(let element): ["type": .string("object"), "additionalProperties": .map(schema(of: element))]
        case .object(let name): reference(name)
        case .choice(let words): ["enum": .list(words.map { .string($0) })]
        case .either(let types): ["anyOf": .list(types.map { .map(schema(of: $0)) })]
        case .constant(let value): ["const": value]
        case .null: ["type": .string("null")]
        }
    }

    // MARK: actions

    private static func schema(of declaration: ActionDeclaration) -> ValueMap {
        // `run` takes only its shorthand: a script, or a command.
        if declaration.name == "run" {
            let words: Value = .map([
                "type": .string("array"), "minItems": .integer(1),
                "items": .map(["type": .list(["string", "number", "boolean", "array"].map { .string($0) })]),
            ])
            return [
                "description": .string(declaration.summary),
                "anyOf": .list([.map(["type": .string("string")]), words]),
            ]
        }
        let record = record(declaration.parameters)
        var forms: [Value] = [.map(record)]
        if let name = declaration.shorthand, let parameter = declaration.parameters.first(where: { $0.name == name }) {
            forms.append(.map(schema(of: parameter.type)))
        }
        if !declaration.parameters.contains(where: \.isRequired) { forms.append(.map(["type": .string("null")])) }
        var schema: ValueMap = forms.count == 1 ? record : ["anyOf": .list(forms)]
        schema["description"] = .string(declaration.summary)
        return schema
    }

    private static func record(_ parameters: [Parameter]) -> ValueMap {
        var properties: ValueMap = [:]
        for parameter in parameters {
            var value = schema(of: parameter.type)
            if !parameter.isRequired { value = ["anyOf": .list([.map(value), .map(["type": .string("null")])])] }
            value["description"] = .string(parameter.summary)
            if let fallback = parameter.defaultValue { value["default"] = fallback }
            if let example = parameter.example { value["examples"] = .list([example]) }
            properties[parameter.name] = .map(value)
        }
        var schema: ValueMap = [
            "type": .string("object"), "properties": .map(properties), "additionalProperties": .boolean(false),
        ]
        let required = parameters.filter(\.isRequired).map { Value.string($0.name) }
        if !required.isEmpty { schema["required"] = .list(required) }
        return schema
    }

    /// Any typed value may be one whole expression instead.
    private static func orExpression(_ schema: ValueMap) -> ValueMap {
        ["anyOf": .list([.map(schema), .map(reference("expression"))])]
    }

    private static func schema(of type: ParameterType) -> ValueMap {
        switch type {
        case .any: [:]
        case .string, .path, .glob: reference("scalar")
        case .boolean: orExpression(["type": .string("boolean")])
        case .integer: orExpression(["type": .string("integer")])
        case .number: orExpression(["type": .string("number")])
        case .duration: orExpression(reference("duration"))
        case .size: orExpression(["type": .string("string"), "pattern": .string("^[0-9]+([KMGT]i?B|kB|B)$")])
        // A parser that knows `0o755` gives a number here.
        case .mode:
            orExpression([
                "type": .list([.string("string"), .string("integer")]), "pattern": .string("^(0o)?[0-7]{3,5}$"),
            ])
        case .choice(let words): orExpression(["enum": .list(words.map { .string($0) })])
        case .list(let element): orExpression(["type": .string("array"), "items": .map(schema(of: element))])
        case .oneOrMore(let element):
            ["anyOf": .list([.map(schema(of: element)), .map(schema(of: ParameterType.list(element)))])]
        case .map(let element):
            orExpression(["type": .string("object"), "additionalProperties": .map(schema(of: element))])
        case .record(let parameters): orExpression(record(parameters))
        case .limited(let inner, let limits): limited(inner, limits)
        }
    }

    /// A type with its limits; any text with an expression in it passes, since only the plan knows its value.
    private static func limited(_ type: ParameterType, _ limits: ValueLimits) -> ValueMap {
        var schema: ValueMap
        switch type {
        case .boolean: schema = ["type": .string("boolean")]
        case .integer: schema = ["type": .string("integer")]
        case .number: schema = ["type": .string("number")]
        case .list(let element): schema = ["type": .string("array"), "items": .map(self.schema(of: element))]
        case .any, .limited: schema = [:]
        case .oneOrMore, .map, .record: schema = self.schema(of: type)
        case .string, .duration, .size, .mode, .path, .glob, .choice: schema = reference("scalar")
        }
        if let pattern = limits.pattern { schema["pattern"] = .string(pattern) }
        for (key, number) in [("minimum", limits.minimum), ("maximum", limits.maximum)] {
            if let number { schema[key] = number == number.rounded() ? .integer(Int(number)) : .number(number) }
        }
        let counts = [
            ("minLength", limits.minLength), ("maxLength", limits.maxLength), ("minItems", limits.minItems),
            ("maxItems", limits.maxItems),
        ]
        for (key, count) in counts { if let count { schema[key] = .integer(count) } }
        if !limits.options.isEmpty { schema["enum"] = .list(limits.options) }
        let expression: ValueMap = ["type": .string("string"), "pattern": .string("\\$\\{\\{")]
        return ["anyOf": .list([.map(schema), .map(expression)])]
    }
}
