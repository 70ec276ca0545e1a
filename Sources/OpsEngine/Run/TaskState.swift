import OpsCore
import OpsRecipe
import OrderedCollections

/// Where one planned task stands in a run.
struct TaskState {
    enum Phase { case waiting, ready, running, done }

    var phase = Phase.waiting
    /// Needed instances that are not done yet.
    var openNeeds: Int
    /// Tasks that wait for this one.
    var dependents: [Int] = []
    var outcome = Outcome.skipped
    var outputs: ValueMap = [:]
    /// True where what depends on it can go on: it succeeded, skipped itself, or its failure is tolerated.
    var isSatisfied = false
    /// `success()` and `failure()` of what depends on it.
    var ancestorsSucceeded = true
    var ancestorFailed = false
    /// Why it was cancelled, set before it is.
    var cancelReason: String?
    var timedOut = false
    var work: SwiftTask<Void, Never>?
    /// Cancels the steps under way, and nothing of the task behind them; where the task has a limit of its own.
    var cancelSteps: (@Sendable () -> Void)?
    /// Counts from 1 where the task has a `retry` of its own.
    var attempt = 1

    init(openNeeds: Int) { self.openNeeds = openNeeds }

    /// What `needs.NAME` gives of it: what it has not given of the plan's outputs is null.
    func needValue(of task: PlannedTask) -> (outputs: ValueMap, result: Value, matrix: ValueMap) {
        let outputs = task.outputs.mapValues { _ in Value.null }.merging(outputs) { $1 }
        // What is up to date has succeeded, if not in this run.
        let result = outcome == .upToDate ? Outcome.succeeded : outcome
        return (outputs, .string(result.rawValue), task.matrix)
    }
}

/// How a step ended, for the steps and expressions after it.
struct StepResult {
    var outcome: Outcome
    var outputs: ValueMap = [:]
    var failure: Failure?
    var isTolerated = false

    /// True where the task goes on.
    var isFine: Bool { outcome.isSatisfied || outcome == .skipped || isTolerated }

    var value: Value { .map(["outputs": .map(outputs), "result": .string(outcome.rawValue)]) }
}
