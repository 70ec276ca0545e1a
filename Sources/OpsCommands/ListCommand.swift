import ArgumentParser
import OpsCore
import OpsRecipe
import OpsReport
import OrderedCollections

/// `ops list`: the tasks of the recipe.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tasks of the recipe.")

    @OptionGroup var global: GlobalOptions
    @Option(help: "text, or json.") var format: OutputFormat = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            try Self.show(
                file: global.file, directory: global.directory, color: global.color, format: format)
        }
    }

    static func show(file: String?, directory: String?, color: String?, format: OutputFormat = .text) throws {
        let session = try RecipeSession(file: file, directory: directory, context: .current(), depth: .outline)
        let style = session.context.style(
            try session.context.color(color), isTerminal: session.context.isOutputTerminal)
        try Console.output(format == .json ? json(session) : text(session, style: style))
    }

    static func text(_ session: RecipeSession, style: Style) -> String {
        let recipe = session.recipe
        var text = ""
        if let description = recipe.description { text += style.paint(description, .dim) + "\n\n" }
        var table = TableText(width: style.width)
        let tasks = recipe.listedTasks
        for (name, task) in tasks {
            table.row([style.paint(name, .bold), task.description ?? gathered(needs(of: task, name), task)])
        }
        return text + (tasks.isEmpty ? "\(recipe.file) has no tasks to list.\n" : table.text)
    }

    /// For a task without a description: what it gathers.
    private static func gathered(_ needs: [String], _ task: Task) -> String {
        task.steps.isEmpty && !task.hasOwnAction && !needs.isEmpty ? "= " + needs.joined(separator: ", ") : ""
    }

    /// The names of what it needs; for a task of an included recipe with the way to them.
    private static func needs(of task: Task, _ name: String) -> [String] {
        let prefix = name.dropLast(task.name.count)
        return task.needs.map { prefix + $0.task }
    }

    private static func json(_ session: RecipeSession) -> String {
        let tasks = session.recipe.listedTasks.map { name, task -> Value in
            .map([
                "name": .string(name),
                "description": task.description.map { .string($0) } ?? .null,
                "needs": .list(needs(of: task, name).map { .string($0) }),
                "file": .string(task.nameRange.file),
                "line": .integer(task.nameRange.start.line),
                "column": .integer(task.nameRange.start.column),
            ])
        }
        return JSONWriter.text(.map(["recipe": .string(session.recipe.file), "tasks": .list(tasks)]), indentation: 2)
            + "\n"
    }
}
