import OpsCore
import OpsEngine
import OpsPlugin

/// The report in text that the reporters for people share: what is said of a run, and in which order.
///
/// Where it goes is the caller's: `write` gets finished text.
final class RunReport {
    /// What happens to the output of steps.
    enum Body {
        /// Kept in groups, byte for byte.
        case grouped
        /// Kept in groups, line by line behind a gutter, with nothing that moves a terminal's cursor.
        case gutter
        /// Written at once, line by line behind the task's name.
        case prefixed
        /// Written at once to the two streams, byte for byte.
        case raw(standardOutput: ReportOutput, standardError: ReportOutput)
    }

    /// A task that failed, with what is said of it.
    private struct FailedTask {
        var line: String
        var steps: [RunRecord.FailedStep]
    }

    private(set) var record = RunRecord()
    private let dialect: LogDialect
    private let options: ReportOptions
    private let text: TaskText
    private var failures: [FailedTask] = []
    /// About how many lines were printed behind the last failure.
    private var linesBehind = 0
    /// True while the last failure waits for a task that is written as it goes.
    private var isFailureHeldBack = false

    /// A failure with more lines behind it is said again at the end.
    private static let linesInSight = 10

    private var style: Style { options.style }
    private var isQuiet: Bool { options.verbosity == .quiet }

    init(
        _ body: Body, dialect: LogDialect = .plain, options: ReportOptions,
        write: @escaping (UnsafeRawBufferPointer) -> Void
    ) {
        self.dialect = dialect
        self.options = options
        text = TaskText(body, dialect: dialect, options: options, write: write)
    }

    func receive(_ event: RunEvent) {
        record.apply(event)
        text.time = event.time
        switch event.kind {
        case .runStarted(let run):
            guard options.verbosity == .verbose else { return }
            text.between("run \(run.run) of \(run.recipe): \(run.taskCount) tasks\n")
        case .runResumed(let run):
            guard !isQuiet else { return }
            text.between(
                "the run \(run.run) goes on: \(run.finishedTasks) of \(run.taskCount) tasks were finished before\n")
        case .taskStarted(let task, _): text.start(task)
        case .stepStarted(let step):
            let task = RunRecord.task(of: step.step)
            text.start(task)
            text.heading(step, of: task, atOnce: options.verbosity == .verbose || step.attempt > 1)
        case .output(let step, let stream, let bytes): text.output(RunRecord.task(of: step), stream, bytes)
        case .progress, .cleanUpStarted, .secretOwed, .secretRevoked: break
        case .message(let message): show(message)
        case .stepFinished(let finished): finish(finished)
        // A thousand instances without work are one number at the end.
        case .taskFinished(let task)
        where task.outcome == .upToDate && task.task.instance != nil && options.verbosity != .verbose:
            record.end(task.task)
        case .taskFinished(let task):
            finish(task.task, task.outcome, ResultText.line(task, style: style))
        case .runFinished(let run): finish(run)
        }
    }

    /// Writes commands of ours to the CI service at once.
    func command(_ bytes: [UInt8]) { text.command(bytes) }

    /// Writes what is still kept: the run is over or was given up.
    func close() { text.close() }

    private func show(_ message: Message) {
        let isGrave = message.level == .warning || message.level == .error
        switch options.verbosity {
        case .quiet where !isGrave: return
        case .normal where message.level == .debug: return
        default: break
        }
        var words = message.text
        if isGrave {
            words = style.paint("\(message.level.rawValue):", message.level == .error ? .red : .yellow) + " " + words
        }
        if let step = message.step, !isQuiet {
            text.line(RunRecord.task(of: step), words)
        } else {
            text.between((message.step.map { "\(RunRecord.task(of: $0)): " } ?? "") + words + "\n")
        }
    }

    private func finish(_ finished: StepFinished) {
        let task = RunRecord.task(of: finished.step)
        text.endStep(of: task)
        if let failure = finished.failure, finished.isTolerated {
            let started = record.active[task]?.step(finished.step)
            let name = FailureText.name(of: RunRecord.FailedStep(started: started, finished: finished))
            let words = "\(name) failed and was tolerated: \(failure.message)"
            show(Message(level: .warning, text: words, step: finished.step))
        }
        if RunRecord.standsAlone(finished.step) {
            finish(task, finished.outcome, ResultText.line(task.description, finished, style: style))
        }
    }

    private func finish(_ task: TaskID, _ outcome: Outcome, _ line: String) {
        let steps = record.active[task]?.failures ?? []
        record.end(task)
        let isFailed = outcome == .failed || outcome == .timedOut
        guard !isQuiet || isFailed else {
            text.finish(task, with: "", keep: false)
            return
        }
        let wasOpen = text.isOpen(task)
        var end = line + "\n"
        let says = steps.flatMap { FailureText.lines($0, lastLines: !text.isShownAbove(task), style: style) }
        end += says.map { $0 + "\n" }.joined()
        end = steps.isEmpty ? end : dialect.guarded(end)
        end += steps.map { dialect.annotation(task, $0) }.joined()
        text.finish(task, with: end, keep: true)
        if isFailed, !steps.isEmpty {
            failures.append(FailedTask(line: line, steps: steps))
            linesBehind = 0
            isFailureHeldBack = text.isHeldBack
        } else if isFailureHeldBack, !text.isHeldBack {
            // This task had the foreground: its text stands in front of the failure's.
            isFailureHeldBack = false
        } else {
            linesBehind += wasOpen ? Self.linesInSight : 1
        }
    }

    private func finish(_ run: RunFinished) {
        text.close()
        guard !isQuiet || run.exitStatus != 0 else { return }
        var end = ""
        if case .plain = dialect {
            for failed in linesBehind < Self.linesInSight ? failures.dropLast() : failures[...] {
                let lines = failed.steps.flatMap { FailureText.lines($0, lastLines: true, style: style) }
                end += ([failed.line] + lines).map { $0 + "\n" }.joined()
            }
        }
        end += ResultText.summary(record, run, options).map { $0 + "\n" }.joined()
        text.between(end)
    }
}
