import OpsCore
import OpsEngine
import OpsRecipe
import OpsSystem

/// What holds for a run that nobody looks at (`--unattended`; ops(1), "Unattended runs").
enum Unattended {
    /// The whole run's limit where neither recipe nor command line has one: every run ends.
    static let defaultTimeout: Duration = .seconds(86_400)

    /// Throws: an `OpsError` (`invalid`) for a step that wants the terminal.
    static func check(_ plan: Plan) throws(OpsError) {
        for task in plan.tasks where !task.decision.isSkipped {
            guard let step = task.steps.first(where: { $0.definition.isInteractive && !$0.decision.isSkipped }) else {
                continue
            }
            throw OpsError(
                .invalid, "\(task.id) is interactive, and nobody attends this run",
                hint: "take 'interactive' away, or run it without --unattended",
                at: step.definition.action.nameRange)
        }
    }

    /// A random part of a duration.
    static func jitter<Generator: RandomNumberGenerator>(_ limit: Duration, using random: inout Generator) -> Duration {
        .nanoseconds(Int64.random(in: 0...max(0, limit.nanoseconds), using: &random))
    }
}

/// The system log's lines about one run.
struct RunSystemLog {
    private let log: SystemLog?
    private let run: String

    init(_ log: SystemLog?, id: String, plan: Plan) {
        self.log = log
        run = "run \(id) of \(plan.recipe.file) (\(plan.requested.joined(separator: " ")))"
    }

    func started() { log?.write(.info, "\(run) started") }

    func skipped(_ reason: String) { log?.write(.notice, "\(run) skipped: \(reason)") }

    func refused(_ reason: String) { log?.write(.error, "\(run) not started: \(reason)") }

    func finished(_ finished: RunFinished) {
        let isFine = finished.exitStatus == 0
        var text = "\(run) \(finished.outcome.rawValue) in \(finished.duration.shortText)"
        if !isFine { text += " (exit status \(finished.exitStatus))" }
        if let reason = finished.reason { text += ": \(reason)" }
        log?.write(isFine ? .info : .error, text)
    }
}
