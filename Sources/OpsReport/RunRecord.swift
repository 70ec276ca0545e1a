import OpsEngine
import OpsPlugin

/// What a report has to remember of a run: the tasks that go on, how those that ended did, and the failures.
struct RunRecord {
    /// A failed step, for the failure text.
    struct FailedStep {
        var started: StepStarted?
        var finished: StepFinished
    }

    /// A task that goes on.
    struct ActiveTask {
        var started: Double
        /// Those that were started, in order; of each its latest attempt.
        var steps: [StepStarted] = []
        var failures: [FailedStep] = []
        var progress: String?
        /// The end of the latest output.
        var tail: [UInt8] = []

        func step(_ id: StepID) -> StepStarted? { steps.last { $0.step == id } }
    }

    private(set) var run: RunStarted?
    /// In the order in which they started.
    private(set) var order: [TaskID] = []
    var active: [TaskID: ActiveTask] = [:]
    /// How many tasks ended how; without what none did.
    private(set) var counts: [(outcome: Outcome, count: Int)] = []
    /// The tasks that took longest, longest first.
    private(set) var slowest: [(task: TaskID, duration: Duration)] = []

    private static let tailLength = 512

    /// The task under which a step is shown: the recipe's own `on-failure` and `finally`, and each undo, which may come
    /// long after its task, stand for themselves.
    static func task(of step: StepID) -> TaskID {
        guard let task = step.task else { return TaskID(name: step.part.rawValue) }
        return step.part == .undo ? TaskID(name: "undo of \(task)") : task
    }

    /// True for a step that is shown as if it were a task.
    static func standsAlone(_ step: StepID) -> Bool { step.task == nil || step.part == .undo }

    /// The step as it was started, while its task goes on.
    func step(_ step: StepID) -> StepStarted? { active[Self.task(of: step)]?.step(step) }

    /// How many tasks ended.
    var finishedCount: Int { counts.reduce(0) { $0 + $1.count } }

    func count(of outcome: Outcome) -> Int { counts.first { $0.outcome == outcome }?.count ?? 0 }

    mutating func apply(_ event: RunEvent) {
        switch event.kind {
        case .runStarted(let run): self.run = run
        case .runResumed(let run):
            self.run = RunStarted(
                run: run.run, recipe: run.recipe, tasks: run.tasks, taskCount: run.taskCount - run.finishedTasks,
                version: run.version)
        case .taskStarted(let task, _): start(task, at: event.time)
        case .stepStarted(let step):
            let task = Self.task(of: step.step)
            start(task, at: event.time)
            active[task]?.steps.removeAll { $0.step == step.step }
            active[task]?.steps.append(step)
        case .output(let step, _, let bytes):
            let task = Self.task(of: step)
            active[task]?.progress = nil
            active[task]?.tail = Array(bytes[max(0, bytes.count - Self.tailLength)...])
        case .progress(let step, let progress):
            let total = progress.total.map { "/\($0)" } ?? ""
            active[Self.task(of: step)]?.progress = "\(progress.done)\(total) \(progress.unit)"
        case .message, .cleanUpStarted, .secretOwed, .secretRevoked: break
        case .stepFinished(let finished):
            guard finished.failure != nil, !finished.isTolerated else { return }
            let task = Self.task(of: finished.step)
            guard let started = active[task] else { return }
            active[task]?.failures.append(FailedStep(started: started.step(finished.step), finished: finished))
        case .taskFinished(let task):
            if let place = counts.firstIndex(where: { $0.outcome == task.outcome }) {
                counts[place].count += 1
            } else {
                counts.append((task.outcome, 1))
            }
            guard task.duration > .zero, slowest.count < 3 || task.duration > slowest[2].duration else { return }
            slowest.append((task.task, task.duration))
            slowest.sort { $0.duration > $1.duration }
            if slowest.count > 3 { slowest.removeLast() }
        case .runFinished: break
        }
    }

    /// Forgets a task that ended, once its end was shown.
    mutating func end(_ task: TaskID) {
        if active.removeValue(forKey: task) != nil { order.removeAll { $0 == task } }
    }

    private mutating func start(_ task: TaskID, at time: Double) {
        guard active[task] == nil else { return }
        active[task] = ActiveTask(started: time)
        order.append(task)
    }
}
