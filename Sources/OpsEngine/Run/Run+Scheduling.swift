import OpsCore
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Run {
    /// Starts what may start and returns when every task of the plan is done.
    ///
    /// Throws: what keeps an earlier part of the run from being taken up; nothing was started then.
    func runTasks() async throws {
        states = plan.tasks.map { TaskState(openNeeds: $0.needs.reduce(0) { $0 + $1.instances.count }) }
        for (index, task) in plan.tasks.enumerated() {
            for need in task.needs { for place in need.instances { states[place].dependents.append(index) } }
        }
        openTasks = states.count
        refreshRecords()
        try await takeUp()
        // Settling one may open another, which is settled then, and once.
        let first = states.indices.filter { states[$0].openNeeds == 0 && states[$0].phase == .waiting }
        for index in first { settle(index) }
        startReady()
        guard openTasks > 0 || openRollBacks > 0 else { return }
        await withCheckedContinuation { continuation in allDone = { continuation.resume() } }
    }

    /// All needs of the task are done: it becomes ready, or is skipped.
    private func settle(_ index: Int) {
        if let reason = reasonNotToStart(index) {
            finish(index, .skipped, reason: reason.text, isSatisfied: reason.isItsOwn)
        } else if plan.tasks[index].decision == .upToDate {
            finish(index, .upToDate, outputs: plan.tasks[index].outputs, isSatisfied: true)
        } else {
            states[index].phase = .ready
            ready.append(index)
        }
    }

    /// Why a task does not start, as far as that is known without asking its condition.
    private func reasonNotToStart(_ index: Int) -> (text: String, isItsOwn: Bool)? {
        // Asked of every task, many times: no copy of the whole task.
        if case .skipped(let reason) = plan.tasks[index].decision { return (reason, true) }
        if let interruption { return (interruption.reason, false) }
        if plan.tasks[index].definition.condition?.usesFailureStatus == true { return nil }
        if !states[index].ancestorsSucceeded {
            let unsatisfied = plan.tasks[index].needs.flatMap(\.instances).filter { !states[$0].isSatisfied }
            // One that failed tells more than one that was cancelled because of it.
            let culprit = unsatisfied.first { states[$0].outcome != .cancelled } ?? unsatisfied.first
            let text = culprit.map { "\(plan.tasks[$0].id) \(states[$0].outcome.phrase)" }
            return (text ?? "a task before it failed", false)
        }
        if let stoppedBy { return ("stopped after \(stoppedBy) failed", false) }
        return nil
    }

    /// Fills the free places with ready tasks, in the plan's order.
    func startReady() {
        var waiting: [Int] = []
        var position = 0
        while position < ready.count {
            let index = ready[position]
            position += 1
            if let reason = reasonNotToStart(index) {
                finish(index, .skipped, reason: reason.text, isSatisfied: reason.isItsOwn)
            } else if canStart(index) {
                start(index)
            } else if states[index].phase == .ready {
                waiting.append(index)
                if runningCount >= options.jobs, stoppedBy == nil, interruption == nil { break }
            }
        }
        // Those behind stay where they are: there may be thousands.
        ready.replaceSubrange(..<position, with: waiting)
        if let place = placeOfStuckTask() { start(ready.remove(at: place)) }
    }

    private func canStart(_ index: Int) -> Bool {
        guard runningCount < options.jobs, !interactiveRuns else { return false }
        let task = plan.tasks[index].definition
        if task.isInteractive, runningCount > 0 { return false }
        if let limit = task.maxParallel, runningByTask[plan.tasks[index].id.task, default: 0] >= limit { return false }
        return takeLease(index)
    }

    private func start(_ index: Int) {
        let task = plan.tasks[index].definition
        states[index].phase = .running
        runningCount += 1
        if task.isInteractive { interactiveRuns = true }
        if task.maxParallel != nil { runningByTask[plan.tasks[index].id.task, default: 0] += 1 }
        states[index].work = SwiftTask(executorPreference: EventLoop.shared) {
            await self.runTask(index)
            await self.ended(index)
        }
    }

    private func ended(_ index: Int) {
        let task = plan.tasks[index].definition
        states[index].work = nil
        runningCount -= 1
        if task.isInteractive { interactiveRuns = false }
        if task.maxParallel != nil { runningByTask[plan.tasks[index].id.task, default: 0] -= 1 }
        endFreshness(of: index)
        endLease(index)
        startReady()
        finishIfDone()
    }

    func finishIfDone() {
        guard openTasks == 0, runningCount == 0, openRollBacks == 0 else { return }
        allDone?()
        allDone = nil
    }

    /// Records how a task ended and settles what waited for it. Not recursive: a chain may be of any length.
    func finish(
        _ index: Int, _ outcome: Outcome, reason: String? = nil, duration: Duration = .zero, outputs: ValueMap = [:],
        isSatisfied: Bool
    ) {
        record(index, outcome, reason: reason, duration: duration, outputs: outputs, isSatisfied: isSatisfied)
        var queue = states[index].dependents
        var position = 0
        while position < queue.count {
            let next = queue[position]
            position += 1
            states[next].openNeeds -= 1
            // One that an earlier part of the run finished (`always()`) waits for nothing.
            guard states[next].openNeeds == 0, states[next].phase == .waiting else { continue }
            inheritFromNeeds(next)
            if let reason = reasonNotToStart(next) {
                record(next, .skipped, reason: reason.text, isSatisfied: reason.isItsOwn)
                queue += states[next].dependents
            } else if plan.tasks[next].decision == .upToDate {
                record(next, .upToDate, reason: nil, outputs: plan.tasks[next].outputs, isSatisfied: true)
                queue += states[next].dependents
            } else {
                states[next].phase = .ready
                ready.append(next)
            }
        }
        finishIfDone()
    }

    private func record(
        _ index: Int, _ outcome: Outcome, reason: String?, duration: Duration = .zero, outputs: ValueMap = [:],
        isSatisfied: Bool
    ) {
        states[index].phase = .done
        states[index].outcome = outcome
        states[index].outputs = outputs
        states[index].isSatisfied = isSatisfied
        openTasks -= 1
        emit(
            .taskFinished(
                TaskFinished(
                    task: plan.tasks[index].id, outcome: outcome, reason: reason, duration: duration,
                    outputs: outputs, isSatisfied: isSatisfied)))
        if outcome == .failed || outcome == .timedOut, !isSatisfied {
            fail(index, TaskEnding(outcome: outcome, failure: nil))
        }
        if outcome.isSatisfied { disarmUndos(by: index) } else { rollBackForSkipped(index) }
    }

    /// A task has failed in a way that counts.
    func fail(_ index: Int, _ ending: TaskEnding) {
        if firstFailure == nil { firstFailure = ending }
        stop(because: index)
    }

    func inheritFromNeeds(_ index: Int) {
        var succeeded = states[index].ancestorsSucceeded
        var hasFailed = states[index].ancestorFailed
        // There may be thousands: no copies of whole states.
        for need in plan.tasks[index].needs {
            for place in need.instances {
                let (isSatisfied, outcome) = (states[place].isSatisfied, states[place].outcome)
                succeeded = succeeded && isSatisfied && states[place].ancestorsSucceeded
                hasFailed =
                    hasFailed || !isSatisfied && (outcome == .failed || outcome == .timedOut)
                    || states[place].ancestorFailed
            }
        }
        states[index].ancestorsSucceeded = succeeded
        states[index].ancestorFailed = hasFailed
    }

    /// The first failure stops new tasks and cancels running ones, unless told to keep going.
    private func stop(because index: Int) {
        guard stoppedBy == nil, !options.keepGoing else { return }
        let task = plan.tasks[index].id.description
        stoppedBy = task
        cancelRunning("cancelled because \(task) failed", but: index)
    }

    func cancelRunning(_ reason: String, but exception: Int? = nil) {
        for index in states.indices where states[index].phase == .running && index != exception {
            if states[index].cancelReason == nil { states[index].cancelReason = reason }
            states[index].work?.cancel()
        }
    }
}

extension Outcome {
    /// `failed`, `was skipped`, for a sentence.
    var phrase: String {
        switch self {
        case .succeeded, .failed: rawValue
        case .timedOut: "timed out"
        case .skipped, .cancelled: "was \(rawValue)"
        case .upToDate: "is up to date"
        }
    }
}

extension OpsRecipe.Task {
    var isInteractive: Bool { steps.contains(where: \.isInteractive) }
}
