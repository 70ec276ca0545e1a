package import OpsCore
import OpsPlugin
import OrderedCollections

/// Run events as JSON lines: what the JSON reporter prints and the journal keeps (ops-recipe(5), "Events").
///
/// Every object has `time` (seconds since 1970, to the millisecond) and `event`. A task is `task` with, where it has
/// other values for its own inputs than the default, `inputs`, and, for a matrix task, `instance`; a step adds `part`
/// (left out for a task's own steps) and `step`, counted from 1. Durations are seconds. Output that is not UTF-8 stands
/// as base64 in `data` in place of `text`.
package enum EventJSON {
    /// One event as a line, its newline included. An exact one's outputs can be read back as the same values
    /// (`ExactValue`).
    package static func line(_ event: RunEvent, isExact: Bool = false) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("time") { $0.raw(decimal(milliseconds: Int64((event.time * 1000).rounded()))) }
            write(event.kind, isExact: isExact, to: &writer)
        }
        writer.raw("\n")
        return writer.bytes
    }

    private static func write(_ kind: RunEvent.Kind, isExact: Bool, to writer: inout JSONWriter) {
        switch kind {
        case .runStarted(let run):
            writer.member("event", "run-started")
            writer.member("run", run.run)
            writer.member("recipe", run.recipe)
            writer.member("tasks", .list(run.tasks.map { .string($0) }))
            writer.member("task-count", run.taskCount)
            writer.member("version", run.version)
        case .runResumed(let run):
            writer.member("event", "run-resumed")
            writer.member("run", run.run)
            writer.member("recipe", run.recipe)
            writer.member("tasks", .list(run.tasks.map { .string($0) }))
            writer.member("task-count", run.taskCount)
            writer.member("tasks-finished", run.finishedTasks)
            writer.member("version", run.version)
        case .taskStarted(let task, let reason):
            writer.member("event", "task-started")
            write(task, to: &writer)
            writer.member("reason", reason)
        case .stepStarted(let step):
            writer.member("event", "step-started")
            write(step.step, to: &writer)
            writer.member("name", step.name)
            writer.member("action", step.action)
            writer.member("summary", step.summary)
            writer.member("attempt", step.attempt)
        case .output(let step, let stream, let bytes):
            writer.member("event", "output")
            write(step, to: &writer)
            writer.member("stream", stream.rawValue)
            if let text = String(validating: bytes, as: UTF8.self) {
                writer.member("text", text)
            } else {
                writer.member("data", Base64.encode(bytes))
            }
        case .progress(let step, let progress):
            writer.member("event", "progress")
            write(step, to: &writer)
            writer.member("done", progress.done)
            writer.member("total", progress.total)
            writer.member("unit", progress.unit)
        case .message(let message):
            writer.member("event", "message")
            if let step = message.step { write(step, to: &writer) }
            writer.member("level", message.level.rawValue)
            writer.member("text", message.text)
        case .stepFinished(let step):
            writer.member("event", "step-finished")
            write(step.step, to: &writer)
            writeEnd(step.outcome, step.reason, step.duration, to: &writer)
            if step.isTolerated { writer.member("tolerated", .boolean(true)) }
            if step.leftRunning { writer.member("left-running", .boolean(true)) }
            write(step.outputs, isExact: isExact, to: &writer)
            if let failure = step.failure { write(failure, to: &writer) }
        case .cleanUpStarted(let cleanUp):
            writer.member("event", "cleanup-started")
            write(cleanUp.task, to: &writer)
            writer.member("outcome", cleanUp.outcome.rawValue)
            writer.member("exit-status", cleanUp.exitStatus)
            writer.member("error", cleanUp.error)
        case .secretOwed(let debt):
            writer.member("event", "secret-owed")
            write(debt, to: &writer)
        case .secretRevoked(let debt, let earlierRun):
            writer.member("event", "secret-revoked")
            write(debt, to: &writer)
            writer.member("earlier-run", earlierRun)
        case .taskFinished(let task):
            writer.member("event", "task-finished")
            write(task.task, to: &writer)
            writeEnd(task.outcome, task.reason, task.duration, to: &writer)
            if task.isSatisfied, !task.outcome.isSatisfied { writer.member("satisfied", .boolean(true)) }
            write(task.outputs, isExact: isExact, to: &writer)
        case .runFinished(let run):
            writer.member("event", "run-finished")
            writer.member("run", run.run)
            writeEnd(run.outcome, run.reason, run.duration, to: &writer)
            writer.member("exit-status", Int(run.exitStatus))
        }
    }

    private static func write(_ debt: SecretDebt, to writer: inout JSONWriter) {
        writer.member("scheme", debt.scheme)
        writer.member("id", debt.id)
    }

    private static func write(_ task: TaskID, to writer: inout JSONWriter) {
        writer.member("task", task.name)
        writer.member("inputs", task.inputs)
        writer.member("instance", task.instance)
    }

    private static func write(_ step: StepID, to writer: inout JSONWriter) {
        if let task = step.task { write(task, to: &writer) }
        if step.part != .steps { writer.member("part", step.part.rawValue) }
        writer.member("step", step.index + 1)
    }

    private static func write(_ outputs: ValueMap, isExact: Bool, to writer: inout JSONWriter) {
        guard !outputs.isEmpty else { return }
        writer.member("outputs", .map(isExact ? outputs.mapValues(ExactValue.encode) : outputs))
    }

    private static func writeEnd(
        _ outcome: Outcome, _ reason: String?, _ duration: Duration, to writer: inout JSONWriter
    ) {
        writer.member("outcome", outcome.rawValue)
        writer.member("reason", reason)
        writer.member("duration") { $0.raw(decimal(milliseconds: duration.nanoseconds / 1_000_000)) }
    }

    private static func write(_ failure: Failure, to writer: inout JSONWriter) {
        writer.member("failure") { writer in
            writer.object { writer in
                writer.member("code", failure.code)
                writer.member("message", failure.message)
                writer.member("hint", failure.hint)
                if let place = failure.location {
                    writer.member("file", place.file)
                    writer.member("line", place.start.line)
                    writer.member("column", place.start.column)
                }
                writer.member("exit-status", failure.exitStatus)
                if !failure.lastLines.isEmpty {
                    writer.member("last-lines", .list(failure.lastLines.map { .string($0) }))
                }
            }
        }
    }

    /// Seconds with three decimals.
    private static func decimal(milliseconds: Int64) -> String {
        let (whole, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
        var text = milliseconds < 0 ? "-" : ""
        text += String(whole)
        text += rest < 10 ? ".00" : rest < 100 ? ".0" : "."
        text += String(rest)
        return text
    }
}

extension TaskID {
    /// The task of an event that was read back; nil where it names none.
    package init?(event: Value) {
        guard let name = event["task"]?.stringValue else { return nil }
        self.init(name: name, inputs: event["inputs"]?.stringValue, instance: event["instance"]?.stringValue)
    }
}
