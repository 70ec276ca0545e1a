import OpsCore
import OrderedCollections

/// The manifest that a plugin's declarations make (ops-plugin(7), "Manifest").
struct ManifestDeclaration: Sendable {
    let plugin: Plugin
    let version: String
    let permissions: [String: Value]

    var json: Value {
        var manifest: ValueMap = [
            "apiVersion": .string("ops/plugin/v1"), "name": .string(plugin.name), "version": .string(version),
            "summary": .string(plugin.summary), "protocol": .list([.integer(PluginProtocol.major)]),
            "run": .string("bin/" + plugin.name),
        ]
        if !plugin.actions.isEmpty {
            let actions = plugin.actions.map { action in
                (String(action.declaration.name.dropFirst(plugin.name.count + 1)), Self.json(action.declaration))
            }
            manifest["actions"] = .map(ValueMap(actions) { first, _ in first })
        }
        if !plugin.secretProviders.isEmpty {
            manifest["secrets"] = .list(plugin.secretProviders.map { .string($0.scheme) })
        }
        if !permissions.isEmpty { manifest["permissions"] = .map(Self.sorted(permissions)) }
        return .map(manifest)
    }

    private static func sorted(_ members: [String: Value]) -> ValueMap {
        ValueMap(uniqueKeysWithValues: members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    private static func json(_ action: ActionDeclaration) -> Value {
        var manifest: ValueMap = ["summary": .string(action.summary)]
        if !action.description.isEmpty { manifest["description"] = .string(action.description) }
        // Every action of the library can plan, and is cancelled as its task is.
        manifest["plan"] = .string("full")
        manifest["cancel"] = .string("graceful")
        manifest["inputs"] = .map(record(action.parameters))
        var properties = ValueMap()
        var required: [Value] = []
        for output in action.outputs {
            let (schema, isRequired) = schema(output.type)
            properties[output.name] = .map(described(schema, output.summary))
            if isRequired { required.append(.string(output.name)) }
        }
        var outputs: ValueMap = ["type": .string("object")]
        if !required.isEmpty { outputs["required"] = .list(required) }
        outputs["properties"] = .map(properties)
        manifest["outputs"] = .map(outputs)
        let examples = action.examples.compactMap { example -> Value? in
            guard let arguments = example.arguments else { return nil }
            var members: ValueMap = ["title": .string(example.title), "with": .map(sorted(arguments))]
            if !example.files.isEmpty { members["files"] = .map(sorted(example.files.mapValues { .string($0) })) }
            return .map(members)
        }
        if !examples.isEmpty { manifest["examples"] = .list(examples) }
        return .map(manifest)
    }

    /// The schema of an object whose members are these parameters.
    private static func record(_ parameters: [Parameter]) -> ValueMap {
        var schema: ValueMap = ["type": .string("object")]
        let required = parameters.filter(\.isRequired).map { Value.string($0.name) }
        if !required.isEmpty { schema["required"] = .list(required) }
        var properties = ValueMap()
        for parameter in parameters {
            var property = described(self.schema(parameter.type), parameter.summary)
            if parameter.isSecret { property["x-ops-secret"] = .boolean(true) }
            if !parameter.isRequired, let value = parameter.defaultValue, !value.isNull { property["default"] = value }
            properties[parameter.name] = .map(property)
        }
        schema["properties"] = .map(properties)
        return schema
    }

    private static func described(_ schema: ValueMap, _ summary: String) -> ValueMap {
        var schema = schema
        if !summary.isEmpty { schema["description"] = .string(summary) }
        return schema
    }

    private static func schema(_ type: ParameterType) -> ValueMap {
        switch type {
        case .any: return [:]
        case .string: return ["type": .string("string")]
        case .boolean: return ["type": .string("boolean")]
        case .integer: return ["type": .string("integer")]
        case .number: return ["type": .string("number")]
        case .duration: return ["type": .string("string"), "x-ops-format": .string("duration")]
        case .size: return ["type": .string("string"), "x-ops-format": .string("size")]
        case .mode: return ["type": .string("string"), "x-ops-format": .string("mode")]
        case .glob: return ["type": .string("string"), "x-ops-format": .string("glob")]
        case .path(let use): return ["type": .string("string"), "x-ops-path": .string(use.rawValue)]
        case .choice(let words): return ["type": .string("string"), "enum": .list(words.map { .string($0) })]
        // A manifest has no word for "one or a list".
        case .list(let element), .oneOrMore(let element):
            return ["type": .string("array"), "items": .map(schema(element))]
        case .map(let element): return ["type": .string("object"), "additionalProperties": .map(schema(element))]
        case .record(let parameters): return record(parameters)
        case .limited(let inner, let limits): return limited(schema(inner), limits)
        }
    }

    private static func limited(_ schema: ValueMap, _ limits: ValueLimits) -> ValueMap {
        var schema = schema
        if let pattern = limits.pattern { schema["pattern"] = .string(pattern) }
        if let minimum = limits.minimum { schema["minimum"] = .number(minimum) }
        if let maximum = limits.maximum { schema["maximum"] = .number(maximum) }
        let counts = [
            ("minLength", limits.minLength), ("maxLength", limits.maxLength), ("minItems", limits.minItems),
            ("maxItems", limits.maxItems),
        ]
        for (key, count) in counts { if let count { schema[key] = .integer(count) } }
        if !limits.options.isEmpty { schema["enum"] = .list(limits.options) }
        return schema
    }

    /// The schema of an output, and whether it is never null.
    private static func schema(_ type: ValueType) -> (ValueMap, isRequired: Bool) {
        switch type {
        case .any, .null: ([:], false)
        case .boolean: (["type": .string("boolean")], true)
        case .integer: (["type": .string("integer")], true)
        case .number: (["type": .string("number")], true)
        case .string: (["type": .string("string")], true)
        case .list(.any): (["type": .string("array")], true)
        case .list(let element): (["type": .string("array"), "items": .map(schema(element).0)], true)
        case .map: (["type": .string("object")], true)
        case .secret: (["type": .string("string"), "x-ops-secret": .boolean(true)], true)
        case .optional(let inner): (schema(inner).0, false)
        }
    }
}
