import OpsCore
import OpsEngine

/// One line on how a task ended, and the lines at the end of a run.
enum ResultText {
    /// `✓ test  1.24s`, `– deploy  skipped: git.branch == 'main' is false`.
    static func line(_ task: TaskFinished, style: Style) -> String {
        line(name: task.task.description, task.outcome, task.duration, task.reason, style: style)
    }

    static func line(_ name: String, _ finished: StepFinished, style: Style) -> String {
        line(name: name, finished.outcome, finished.duration, finished.reason, style: style)
    }

    private static func line(
        name: String, _ outcome: Outcome, _ duration: Duration, _ reason: String?, style: Style
    ) -> String {
        let end: String
        switch outcome {
        case .succeeded: end = duration.shortText
        case .upToDate: end = "up to date"
        // The ASCII mark is the word already.
        case .skipped: end = style.unicode ? "skipped" : ""
        case .failed: end = "failed after \(duration.shortText)"
        case .timedOut: end = "timed out after \(duration.shortText)"
        case .cancelled: end = style.unicode ? "cancelled after \(duration.shortText)" : "after \(duration.shortText)"
        }
        let text = [end, reason ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
        return "\(style.mark(outcome)) \(name)" + (text.isEmpty ? "" : "  \(style.paint(text, .dim))")
    }

    /// The end of a run: how many tasks ended how, the slowest, where the logs are. Nothing for one good task.
    static func summary(_ record: RunRecord, _ finished: RunFinished, _ options: ReportOptions) -> [String] {
        let style = options.style
        let good = finished.exitStatus == 0
        guard !good || record.finishedCount > 1 else { return [] }
        let name = record.run.map { $0.tasks.joined(separator: " ") } ?? "run"
        let words: [(Outcome, String)] = [
            (.failed, "failed"), (.timedOut, "timed out"), (.cancelled, "cancelled"), (.skipped, "skipped"),
            (.upToDate, "up to date"), (.succeeded, "succeeded"),
        ]
        let counts = words.compactMap { (outcome, word) -> String? in
            let count = record.count(of: outcome)
            return count > 0 ? "\(count) \(word)" : nil
        }
        let ended = counts.isEmpty ? "nothing was run" : counts.joined(separator: ", ")
        var line = "\(style.mark(finished.outcome)) \(style.paint(name, .bold))  \(ended)"
        line += " in \(finished.duration.shortText)"
        if let reason = finished.reason { line += ": \(reason)" }
        var lines = [line]
        let slowest = record.slowest.filter { $0.duration >= .milliseconds(100) }
        if record.finishedCount > 2, !slowest.isEmpty {
            let list = slowest.map { "\($0.task) \($0.duration.shortText)" }.joined(separator: ", ")
            lines.append(style.paint("  slowest: \(list)", .dim))
        }
        // What is up to date or skipped has no log.
        guard options.isKept, record.counts.contains(where: { $0.outcome != .upToDate && $0.outcome != .skipped })
        else {
            return lines
        }
        lines.append(style.paint("  logs: ops logs \(finished.run)", .dim))
        if !good { lines.append(style.paint("  go on: ops resume \(finished.run)", .dim)) }
        return lines
    }
}
