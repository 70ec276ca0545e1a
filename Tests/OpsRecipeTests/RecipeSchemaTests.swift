import OpsCore
import OpsRecipe
import OpsYAML
import OrderedCollections
import TestKit
import Testing

/// Judged by the Python package `jsonschema`.
@Suite struct RecipeSchemaTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("schema.json", JSONWriter.text(RecipeSchema.json(catalog: FakeCatalog.make()), indentation: 2))
    }

    /// Empty where the schema accepts the recipe, else what it says.
    private func judge(_ yaml: [UInt8]) throws -> String {
        let node = try YAML.parse(yaml, file: "ops.yaml")
        try folder.write("recipe.json", JSONWriter.text(Self.value(node)))
        let script = """
            import json, jsonschema
            validator = jsonschema.Draft202012Validator(json.load(open('schema.json')))
            for error in validator.iter_errors(json.load(open('recipe.json'))): print(error.json_path)
            """
        let result = try run(["python3", "-c", script], in: folder.path)
        #expect(result.status == 0, "\(result.errorText)")
        return result.text
    }

    private static func value(_ node: Node) -> Value {
        switch node.content {
        case .scalar(let scalar): scalar.value
        case .sequence(let items): .list(items.map { value($0) })
        case .mapping(let entries): .map(ValueMap(uniqueKeysWithValues: entries.map { ($0.key, value($0.value)) }))
        }
    }

    @Test func isASchema() throws {
        let script = """
            import json, jsonschema
            jsonschema.Draft202012Validator.check_schema(json.load(open('schema.json')))
            """
        #expect(try run(["python3", "-c", script], in: folder.path).errorText == "")
    }

    @Test(arguments: Corpus.names(in: "Good"))
    func acceptsGoodRecipes(_ name: String) throws {
        let judgement = try judge(try readAll(Corpus.folder + "Good/\(name).yaml"))
        #expect(judgement.isEmpty, "\(judgement)")
    }

    @Test(arguments: [
        "no-version", "newer-version", "quoted-version", "unknown-top-key", "unknown-task-key", "unknown-step-key",
        "steps-and-action", "step-without-action", "step-with-two-actions", "bare-duration", "yes-is-text",
        "attempts-below-one", "input-type", "unknown-action", "unknown-parameter", "missing-parameter",
        "parameter-type", "parameter-choice", "parameter-duration", "nested-parameter", "arguments-are-text",
        "empty-command", "map-as-command", "unknown-return-type",
    ])
    func rejectsBadRecipes(_ name: String) throws {
        #expect(try judge(try readAll(Corpus.folder + "Bad/\(name).yaml")) != "")
    }

    /// Every key of the language is in the schema with its sentence.
    @Test func describesEveryKey() throws {
        let schema = RecipeSchema.json(catalog: try FakeCatalog.make())
        for object in RecipeLanguage.objects {
            let definition = object.name == "recipe" ? schema : schema["$defs"]?[object.name] ?? .null
            for key in object.keys {
                #expect(definition["properties"]?[key.name]?["description"] == .string(key.summary))
            }
        }
    }
}
