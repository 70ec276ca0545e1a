import ArgumentParser
import OpsCore
import OpsEngine
import OpsReport
import OrderedCollections

/// `ops runs`: the runs that are kept.
struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List earlier runs, the newest first.",
        discussion: "What did not end well is marked, and can be gone on with by 'ops resume'.")

    @Argument(help: "Only runs that were asked for this task.", completion: .custom(TaskCompletion.tasks))
    var task: String?
    @Option(help: "text, or json.") var format: OutputFormat = .text
    @Option(name: [.short, .long], help: ArgumentHelp("How many to list.", valueName: "n")) var number = 20

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = CommandContext.current()
            let state = try StateDirectory(environment: context.environment)
            let records = try RunHistory.list(state).filter { record in task.map(record.tasks.contains) ?? true }
                .prefix(max(0, number))
            if format == .json {
                try Console.output(JSONWriter.text(.list(records.map(Self.json)), indentation: 2) + "\n")
                return
            }
            let style = context.style(try context.color(nil), isTerminal: context.isOutputTerminal)
            var table = TableText(width: style.width)
            for record in records {
                let mark = record.outcome.flatMap { Outcome(rawValue: $0) }.map { style.mark($0) + " " } ?? ""
                let isOpen = record.outcome == nil || record.isRunning
                table.row([
                    style.paint(record.id, .bold), Timestamp.iso8601(record.started),
                    (isOpen ? style.paint(record.state, .yellow) : mark + record.state)
                        + (record.isResumable ? " " + (style.unicode ? "↻" : "(resumable)") : ""),
                    record.duration.map { Duration.nanoseconds(Int64($0 * 1e9)).shortText } ?? "",
                    "\(record.tasks.joined(separator: " ")) (\(record.recipe))",
                ])
            }
            try Console.output(
                records.isEmpty
                    ? (task.map { "There are no runs of '\($0)' yet.\n" } ?? "There are no runs yet.\n") : table.text)
        }
    }

    private static func json(_ record: RunRecord) -> Value {
        .map([
            "id": .string(record.id), "recipe": .string(record.recipe),
            "tasks": .list(record.tasks.map { .string($0) }), "started": .string(Timestamp.iso8601(record.started)),
            "duration": record.duration.map { .number($0) } ?? .null,
            "state": .string(record.state), "resumable": .boolean(record.isResumable),
            "outcome": record.outcome.map { .string($0) } ?? .null,
            "exit-status": record.exitStatus.map { .integer($0) } ?? .null,
        ])
    }
}
