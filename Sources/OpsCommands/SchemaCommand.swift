import ArgumentParser
import OpsCore
import OpsRecipe

/// `ops schema`: the recipe language as JSON Schema, for editors.
struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of recipes, with every action.",
        discussion: """
            For an editor with the YAML language server, write it to a file and begin the recipe with \
            # yaml-language-server: $schema=FILE
            """)

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let schema = RecipeSchema.json(catalog: try RecipeSession.builtIn())
            try Console.output(JSONWriter.text(schema, indentation: 2) + "\n")
        }
    }
}
