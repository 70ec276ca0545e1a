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

    init(openNeeds: Int) { self.openNeeds = openNeeds }

    /// What `needs.NAME` gives of it.
    func needValue(matrix: ValueMap) -> (outputs: ValueMap, result: Value, matrix: ValueMap) {
        (outputs, .string(outcome.rawValue), matrix)
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
