import OpsCore
package import OpsEngine

/// What `ops why` says of a task, for people.
package enum TaskHistoryText {
    package static func lines(_ task: TaskHistory, of run: OpsEngine.RunRecord, style: Style) -> [String] {
        var outcome = phrase(task.outcome)
        if let parsed = Outcome(rawValue: task.outcome) { outcome = style.mark(parsed) + " " + outcome }
        let duration = task.duration.map { " after " + Duration.nanoseconds(Int64($0 * 1e9)).shortText } ?? ""
        let isLong = ["succeeded", "failed", "timed-out", "cancelled"].contains(task.outcome)
        var lines = [
            "\(style.paint(task.task, .bold)) \(outcome)\(isLong ? duration : ""), in the run \(run.id) of "
                + Timestamp.iso8601(run.started)
        ]
        if let reason = task.reason { lines.append("  \(reason)") }
        if task.starts > 0 { lines.append("  it ran because \(cause(task))") }
        if task.starts > 1 { lines.append("  it was started \(task.starts) times: the run was resumed") }
        for failure in task.failures {
            lines.append("  \(failure.name): \(style.paint(failure.summary, .bold))")
            lines.append("    \(style.paint("error:", .red)) \(failure.message)")
            lines += failure.lastLines.map { "    \(style.gutter) \($0)" }
            if let place = failure.place { lines.append("    at \(place)") }
            if let hint = failure.hint { lines.append("    hint: \(hint)") }
        }
        lines += task.messages.map { "  it said: \($0)" }
        return lines
    }

    private static func phrase(_ outcome: String) -> String {
        switch outcome {
        case "skipped", "cancelled": "was \(outcome)"
        case "timed-out": "timed out"
        case "up-to-date": "was up to date"
        case "running": "is running"
        case "died": "was running when the run died"
        case "open": "did not start"
        default: outcome
        }
    }

    private static func cause(_ task: TaskHistory) -> String {
        var causes: [String] = []
        if task.isRequested { causes.append("it was asked for") }
        if !task.neededBy.isEmpty {
            let more = task.neededBy.count > 5 ? " and \(task.neededBy.count - 5) more" : ""
            causes.append("\(task.neededBy.prefix(5).joined(separator: ", "))\(more) needed it")
        }
        if task.decision == "undecided" || task.decision == "on-failure", let condition = task.condition {
            causes.append("\(condition) was true")
        }
        return causes.isEmpty ? "the plan listed it" : causes.joined(separator: ", and ")
    }
}
