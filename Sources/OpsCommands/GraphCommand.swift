import ArgumentParser
import OpsCore
import OpsEngine
import OpsRecipe
import OrderedCollections

/// `ops graph`: which task needs which.
struct GraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Draw which task needs which.",
        discussion: "Of the named tasks and all they need, or of the whole recipe.")

    enum Format: String, CaseIterable, ExpressibleByArgument { case mermaid, dot, json }

    @Argument(help: "Tasks to start from.", completion: .custom(TaskCompletion.tasks)) var tasks: [String] = []
    @OptionGroup var global: GlobalOptions
    @Option(help: "mermaid, dot or json.") var format: Format = .mermaid

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let recipe = try global.session().recipe
            let names = try TaskSelection.reached(by: tasks.isEmpty ? Array(recipe.tasks.keys) : tasks, in: recipe)
            let edges = names.flatMap { name in
                TaskSelection.needs(of: name, in: recipe).map { (from: name, to: $0) }
            }
            switch format {
            case .mermaid: try Console.output(Self.mermaid(names, edges))
            case .dot: try Console.output(Self.dot(names, edges))
            case .json:
                let value = Value.map([
                    "tasks": .list(names.map { .string($0) }),
                    "needs": .list(edges.map { .map(["task": .string($0.from), "needs": .string($0.to)]) }),
                ])
                try Console.output(JSONWriter.text(value, indentation: 2) + "\n")
            }
        }
    }

    private static func mermaid(_ names: [String], _ edges: [(from: String, to: String)]) -> String {
        // Names may hold what mermaid's identifiers may not: numbers stand for them.
        let numbers = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var text = "flowchart TD\n"
        for (number, name) in names.enumerated() { text += "    t\(number)[\"\(name)\"]\n" }
        for edge in edges {
            guard let from = numbers[edge.to], let to = numbers[edge.from] else { continue }
            text += "    t\(from) --> t\(to)\n"
        }
        return text
    }

    private static func dot(_ names: [String], _ edges: [(from: String, to: String)]) -> String {
        func quoted(_ name: String) -> String {
            "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        var text = "digraph tasks {\n    rankdir=LR;\n"
        for name in names { text += "    \(quoted(name));\n" }
        for edge in edges { text += "    \(quoted(edge.to)) -> \(quoted(edge.from));\n" }
        return text + "}\n"
    }
}
