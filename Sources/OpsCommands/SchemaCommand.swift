import ArgumentParser
import OpsCore
import OpsRecipe

/// `ops schema`: the recipe language as JSON Schema, for editors.
struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of recipes, with every action.",
        discussion: """
            Plugins that the recipe here names, of the project, the user and the installation are in it; with \
            --built-in they are not. For an editor with the YAML language server, write it to a file and begin the recipe with \
            # yaml-language-server: $schema=FILE
            """)

    @Flag(help: "Only the plugins that are part of ops.") var builtIn = false

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let catalog = builtIn ? try RecipeSession.builtIn() : try InstalledPlugins.described()
            let schema = RecipeSchema.json(catalog: catalog)
            try Console.output(JSONWriter.text(schema, indentation: 2) + "\n")
        }
    }
}
