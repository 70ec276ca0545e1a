import ArgumentParser
import OpsCore
import OpsEngine
import OpsReport
import OrderedCollections

/// `ops why`: what made a task run, fail, or not run.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Say why a task ran, failed, or did not run.",
        discussion: "In the last run that had it, with what is different from the run before.")

    @Argument(help: "A task, as the report names it.", completion: .custom(TaskCompletion.tasks)) var task: String
    @Option(
        help: ArgumentHelp("This run, or the start of its name.", valueName: "run"),
        completion: .custom(RunCompletion.runs))
    var run: String?
    @Option(help: "text, or json.") var format: OutputFormat = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = CommandContext.current()
            let state = try StateDirectory(environment: context.environment)
            let (record, tasks) = try find(state)
            let before = try previous(of: record, state)
            let changes = before.map { Self.changes(from: $0.record, to: record) } ?? []
            if format == .json {
                let values = tasks.map { task in
                    Self.json(task, record, before?.record, before?.tasks.first { $0.task == task.task }, changes)
                }
                return try Console.output(JSONWriter.text(.list(values), indentation: 2) + "\n")
            }
            let style = context.style(try context.color(nil), isTerminal: context.isOutputTerminal)
            var lines: [String] = []
            for task in tasks { lines += TaskHistoryText.lines(task, of: record, style: style) }
            if let before {
                let past = before.tasks.map { tasks.count > 1 ? "\($0.task) \($0.outcome)" : $0.outcome }
                lines.append("  in the run before, \(before.record.id): \(past.joined(separator: ", "))")
                lines += changes.map { "    since then \($0)" }
                if changes.isEmpty { lines.append("    since then recipe, inputs and git facts are the same") }
            }
            try Console.output(lines.map { $0 + "\n" }.joined())
        }
    }

    private func find(_ state: StateDirectory) throws -> (RunRecord, [TaskHistory]) {
        if let run {
            let record = try RunHistory.find(run, state)
            let tasks = try TaskHistory.find(task, in: record)
            guard tasks.isEmpty else { return (record, tasks) }
            throw OpsError(.notFound, "the run \(record.id) had no task '\(task)'", hint: "'ops runs' lists the runs")
        }
        if let found = try Self.newest(with: task, state, before: nil) { return found }
        throw OpsError(.notFound, "no run that is kept had a task '\(task)'", hint: "'ops runs' lists the runs")
    }

    /// The run before that had the task, of the same recipe.
    private func previous(
        of record: RunRecord, _ state: StateDirectory
    ) throws -> (record: RunRecord, tasks: [TaskHistory])? {
        try Self.newest(with: task, state, before: record)
    }

    private static func newest(
        with task: String, _ state: StateDirectory, before: RunRecord?
    ) throws -> (RunRecord, [TaskHistory])? {
        var tasks: [TaskHistory] = []
        let record = try RunHistory.newest(state) { record in
            if let before, record.id >= before.id || record.recipe != before.recipe { return false }
            tasks = (try? TaskHistory.find(task, in: record)) ?? []
            return !tasks.isEmpty
        }
        return record.map { ($0, tasks) }
    }

    private static func changes(from old: RunRecord, to new: RunRecord) -> [String] {
        guard let old = try? PlanDocument(headOf: old.directory), let new = try? PlanDocument(headOf: new.directory)
        else { return [] }
        return PlanDrift.ofFacts(old, new).lines
    }

    private static func json(
        _ task: TaskHistory, _ record: RunRecord, _ before: RunRecord?, _ past: TaskHistory?, _ changes: [String]
    ) -> Value {
        func text(_ text: String?) -> Value { text.map { .string($0) } ?? .null }
        func texts(_ texts: [String]) -> Value { .list(texts.map { .string($0) }) }
        let failures = task.failures.map { failure in
            Value.map([
                "step": .string(failure.name), "summary": .string(failure.summary),
                "message": .string(failure.message), "exit-status": failure.exitStatus.map { .integer($0) } ?? .null,
                "place": text(failure.place), "hint": text(failure.hint), "last-lines": texts(failure.lastLines),
            ])
        }
        return .map([
            "task": .string(task.task), "run": .string(record.id), "outcome": .string(task.outcome),
            "reason": text(task.reason), "decision": text(task.decision), "condition": text(task.condition),
            "requested": .boolean(task.isRequested), "needed-by": texts(task.neededBy),
            "starts": .integer(task.starts), "duration": task.duration.map { .number($0) } ?? .null,
            "failures": .list(failures), "messages": texts(task.messages),
            "run-before": text(before?.id), "outcome-before": text(past?.outcome), "changes": texts(changes),
        ])
    }
}
