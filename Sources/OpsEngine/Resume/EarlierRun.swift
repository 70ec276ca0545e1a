package import OpsCore
import OrderedCollections

/// What the journal of an interrupted run says of it: the tasks and steps that are finished, what was running when it
/// died, and the clean-up that had begun. Over all of the run's parts: it may have been resumed before.
package struct EarlierRun: Sendable {
    /// By `TaskID.description`.
    package private(set) var tasks: [String: EarlierTask] = [:]
    /// True once its end is recorded: it did not die.
    package private(set) var isEnded = false
    /// Seconds since 1970, of its first part.
    package private(set) var started: Double = 0

    package init(_ journal: JournalFile) {
        var place = 0
        journal.forEachLine { bytes in
            place += 1
            apply(JournalLine(bytes), at: place)
        }
    }

    private mutating func apply(_ line: JournalLine, at place: Int) {
        guard let event = line.text("event") else { return }
        switch event {
        case "run-started": started = line.value("time")?.doubleValue ?? 0
        case "run-resumed":
            isEnded = false
            isTakingUp = true
        case "run-finished": isEnded = true
        default:
            guard let id = line.task?.description else { return }
            if event == "task-started", isTakingUp {
                isTakingUp = false
                reopen()
            }
            tasks[id, default: EarlierTask()].apply(event, line, at: place)
        }
    }

    /// True from a resumption to its first task: it finishes the clean-up of the part before.
    private var isTakingUp = false

    /// What did not end well is to be done in the part that begins.
    private mutating func reopen() {
        // First which: a change in the midst of the walk would copy all of them.
        let ids = tasks.compactMap { $0.value.isToBeDone ? $0.key : nil }
        for id in ids { tasks[id]?.reopen() }
    }

    subscript(_ task: TaskID) -> EarlierTask? { tasks[task.description] }
}

/// Where a task stood when the run ended or died.
package struct EarlierTask: Sendable {
    /// Its end; nil while it goes on, and from the moment its work is taken back.
    package private(set) var end: End?
    /// Its own steps that are done: succeeded, skipped or tolerated, by index.
    package private(set) var steps: [Int: EarlierStep] = [:]
    /// Where in the journal each of its steps was started last: the order in which undos were armed.
    package private(set) var startedSteps: [Int: Int] = [:]
    /// The step that was running.
    package private(set) var running: Int?
    /// How its own steps ended, where its clean-up began.
    package private(set) var cleanUp: CleanUpStart?
    /// Where in the journal that stands.
    package private(set) var cleanUpPlace = 0
    /// Undos that have begun, and those of them that are over, by the index of their step.
    package private(set) var begunUndos: Set<Int> = []
    package private(set) var endedUndos: Set<Int> = []
    /// The steps of `on-failure` and `finally` that are over, with what they gave; nil for one that failed.
    package private(set) var cleanUpSteps: [StepID.Part: [Int: EarlierStep?]] = [:]
    /// The step of the clean-up that was running.
    package private(set) var runningCleanUp: (part: StepID.Part, index: Int)?

    package struct End: Sendable {
        package var outcome: Outcome
        package var reason: String?
        package var outputs: ValueMap
        package var isSatisfied: Bool
    }

    package struct CleanUpStart: Sendable {
        package var outcome: Outcome
        package var exitStatus: Int?
        package var error: String?
    }

    /// True where the task's work was being taken back, or its `finally` began: it starts from its first step.
    package var isUndone: Bool { !begunUndos.isEmpty || hasBegunFinally }
    private var hasBegunFinally = false

    fileprivate var isToBeDone: Bool { end.map { !$0.isSatisfied } ?? false }

    fileprivate mutating func reopen() { end = nil }

    fileprivate mutating func apply(_ event: String, _ line: JournalLine, at place: Int) {
        switch event {
        case "task-started":
            if isUndone { self = EarlierTask() }
            end = nil
            cleanUp = nil
            cleanUpSteps = [:]
        case "step-started", "step-finished":
            guard let number = line.integer("step") else { return }
            let part = line.text("part").map { StepID.Part(rawValue: $0) } ?? .steps
            if let part { step(part, number - 1, isEnd: event == "step-finished", line, place) }
        case "cleanup-started":
            let outcome = line.text("outcome").flatMap { Outcome(rawValue: $0) } ?? .failed
            cleanUpPlace = place
            cleanUp = CleanUpStart(outcome: outcome, exitStatus: line.integer("exit-status"), error: line.text("error"))
        case "task-finished":
            let outcome = line.text("outcome").flatMap { Outcome(rawValue: $0) } ?? .failed
            end = End(
                outcome: outcome, reason: line.text("reason"), outputs: Self.outputs(line),
                isSatisfied: outcome.isSatisfied || line.has("satisfied"))
            cleanUp = nil
        default: break
        }
    }

    private mutating func step(_ part: StepID.Part, _ index: Int, isEnd: Bool, _ line: JournalLine, _ place: Int) {
        let result = isEnd ? EarlierStep(line, outputs: Self.outputs(line)) : nil
        switch (part, isEnd) {
        case (.steps, false):
            // A task that starts over at a step has lost those behind it.
            if index <= steps.keys.max() ?? -1 { steps = steps.filter { $0.key < index } }
            running = index
            startedSteps[index] = place
        case (.steps, true):
            running = nil
            steps[index] = result
        case (.undo, _):
            begunUndos.insert(index)
            // What a later task made undone is not finished any more.
            end = nil
            if isEnd { endedUndos.insert(index) }
            runningCleanUp = isEnd ? nil : (part, index)
        case (_, _):
            if part == .finally { hasBegunFinally = true }
            if isEnd { cleanUpSteps[part, default: [:]][index] = .some(result) }
            runningCleanUp = isEnd ? nil : (part, index)
        }
    }

    private static func outputs(_ line: JournalLine) -> ValueMap {
        (line.value("outputs")?.mapValue ?? [:]).mapValues(ExactValue.decode)
    }
}

/// A step that is over.
package struct EarlierStep: Sendable {
    package var outcome: Outcome
    package var outputs: ValueMap
    /// It left a process running that died with the run.
    package var leftRunning = false

    init(outcome: Outcome, outputs: ValueMap) {
        self.outcome = outcome
        self.outputs = outputs
    }

    /// Nil for one that failed or was cancelled: it is not done.
    fileprivate init?(_ line: JournalLine, outputs: ValueMap) {
        guard let outcome = line.text("outcome").flatMap({ Outcome(rawValue: $0) }) else { return nil }
        guard outcome.isSatisfied || outcome == .skipped || line.has("tolerated") else { return nil }
        self.outcome = outcome
        self.outputs = outputs
        leftRunning = line.has("left-running")
    }

    /// True where what it gave can be given again: a secret is not journaled.
    var isRestorable: Bool { !leftRunning && !outputs.values.contains(where: \.containsSecret) }
}
