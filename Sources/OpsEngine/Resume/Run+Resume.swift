import OpsCore
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Run {
    /// True for a task that an earlier part of the run finished.
    func isFinishedBefore(_ index: Int) -> Bool { resumption?.isFinished(index) ?? false }

    /// Goes on where an earlier part of the run stopped: its finished tasks are done, undos that are still due or armed
    /// are armed again, and a clean-up in which it died is finished. Nothing else runs meanwhile.
    ///
    /// Throws: an `OpsError` (`busy`) where another run holds what an armed undo needs; errors of secrets.
    func takeUp() async throws {
        guard let resumption else { return }
        for index in plan.tasks.indices where resumption.isFinished(index) { restore(index, resumption) }
        for lost in resumption.lost {
            let isDone = resumption.takenAsDone.contains(lost.step.id)
            let words = isDone ? "it counts as done" : "it is run again"
            message(.warning, "\(lost.name) was running when the run died: \(words)", step: nil)
        }
        for lost in resumption.lostCleanUp {
            message(.warning, "\(lost.name) was running when the run died: it is run again", step: nil)
        }
        try await rearm(resumption)
        await finishCleanUp(resumption)
        for index in plan.tasks.indices where states[index].openNeeds == 0 && states[index].phase == .waiting {
            inheritFromNeeds(index)
        }
    }

    /// The task is done as it was.
    private func restore(_ index: Int, _ resumption: Resumption) {
        guard let end = resumption.earlier[plan.tasks[index].id]?.end else { return }
        take(index, end)
    }

    private func take(_ index: Int, _ end: EarlierTask.End) {
        states[index].phase = .done
        states[index].outcome = end.outcome
        states[index].outputs = end.outputs
        states[index].isSatisfied = end.isSatisfied
        inheritFromNeeds(index)
        openTasks -= 1
        for dependent in states[index].dependents { states[dependent].openNeeds -= 1 }
    }

    private func rearm(_ resumption: Resumption) async throws {
        for (_, index, step) in resumption.armedSteps(plan) {
            armUndo(of: step, task: index, scope: try await restoredScope(index, upTo: step.id.index, resumption))
            guard let name = plan.tasks[index].exclusive else { continue }
            if leases[name] == nil { leases[name] = Lease(lock: try await lock(name, for: plan.tasks[index].id)) }
            leases[name]?.pending.insert(index)
        }
    }

    /// The lock that armed undos hold, as soon as another run lets go of it; waiting counts in no timeout.
    ///
    /// Throws: an `OpsError` (`busy`) where that takes longer than this run waits.
    private func lock(_ name: String, for task: TaskID) async throws -> FileLock {
        let since = clock.ticks
        var pause = Duration.milliseconds(10)
        while true {
            if let lock = try acquire(name, for: task) { return lock }
            guard interruption == nil, options.lockWait.covers(clock.elapsed(since: since)) else { throw busy(name) }
            if pause == .milliseconds(10) { message(.notice, "\(task) waits: \(busy(name).message)", step: nil) }
            let start = clock.ticks
            try await clock.sleep(for: pause)
            waitedForLocks += clock.elapsed(since: start)
            pause = min(pause * 2, .milliseconds(250))
        }
    }

    /// What the task's expressions saw when the step at `count` started.
    private func restoredScope(_ index: Int, upTo count: Int, _ resumption: Resumption) async throws -> Scope {
        let task = plan.tasks[index]
        var scope = runScope(for: index)
        try await prepare(task, &scope)
        for step in task.steps.prefix(count) {
            let past = resumption.earlier[task.id]?.steps[step.id.index]
            restore(step, past?.value(of: step) ?? .skipped(step), task, &scope)
        }
        return scope
    }

    private func restore(_ step: PlannedStep, _ value: Value, _ task: PlannedTask, _ scope: inout Scope) {
        if let id = step.definition.id { scope.steps[id] = value }
        if task.definition.hasOwnAction { scope.steps[""] = value }
    }

    /// Puts what the task's finished steps gave into its scope, and says how many there are.
    func restoreSteps(of index: Int, _ scope: inout Scope) -> Int {
        guard let resumption, states[index].attempt == 1 else { return 0 }
        let task = plan.tasks[index]
        let done = resumption.doneSteps(of: index, plan)
        for (step, result) in zip(task.steps, done) { restore(step, result.value(of: step), task, &scope) }
        return done.count
    }

    /// The result of a step that was running when the run died and counts as done; nil for any other.
    func takenAsDone(_ step: PlannedStep, task index: Int, scope: Scope) -> StepResult? {
        guard let resumption, states[index].attempt == 1, resumption.takenAsDone.contains(step.id) else { return nil }
        armUndo(of: step, task: index, scope: scope)
        return recordAsDone(step)
    }

    @discardableResult
    private func recordAsDone(_ step: PlannedStep) -> StepResult {
        let result = StepResult(outcome: .succeeded, outputs: step.outputs.mapValues { _ in .null })
        emit(
            .stepFinished(
                StepFinished(
                    step: step.id, outcome: .succeeded, reason: "it was running when the run died, and counts as done",
                    duration: .zero, outputs: result.outputs)))
        return result
    }

    /// Undos that were due, newest first, then `on-failure` and `finally` of the tasks that died in them.
    private func finishCleanUp(_ resumption: Resumption) async {
        let work = SwiftTask(executorPreference: EventLoop.shared) { await self.finishEarlierCleanUp(resumption) }
        await work.value
        releaseLeases()
    }

    private func finishEarlierCleanUp(_ resumption: Resumption) async {
        func isDue(_ undo: ArmedUndo) -> Bool {
            let isTakenBack = resumption.inCleanUp.contains(undo.owner) && !resumption.endedWell(undo.owner, plan)
            return isTakenBack
                || plan.tasks[undo.owner].steps.contains { step in
                    step.undo === undo.undo && resumption.isDue(step, of: undo.owner, plan)
                }
        }
        while let place = armedUndos.lastIndex(where: isDue) {
            let undo = armedUndos.remove(at: place)
            _ = await run(undo, after: ending(of: resumption.inCleanUp.first ?? undo.owner, resumption))
        }
        for index in resumption.inCleanUp { await finishCleanUp(of: index, resumption) }
    }

    private func finishCleanUp(of index: Int, _ resumption: Resumption) async {
        let task = plan.tasks[index]
        var ending = ending(of: index, resumption)
        var outputs: ValueMap?
        do {
            let scope = try await restoredScope(index, upTo: task.steps.count, resumption)
            let steps = (ending.outcome == .succeeded ? [] : task.onFailure) + task.finally
            let past = resumption.earlier[task.id]
            let isClean = await runHandlers(steps, of: task, after: ending, scope: scope, earlier: past)
            if !isClean, ending.outcome == .succeeded { ending.outcome = .failed }
            if ending.outcome == .succeeded {
                // Without its secret outputs it is not done.
                if resumption.hasAllSteps(of: index, plan) {
                    outputs = try taskOutputs(task, scope)
                } else {
                    ending.outcome = .cancelled
                }
            }
        } catch {
            ending.outcome = .failed
            message(.error, "the clean-up of \(task.id): \(OpsError.text(of: error))", step: nil)
        }
        emit(
            .taskFinished(
                TaskFinished(
                    task: task.id, outcome: ending.outcome, reason: "its clean-up was finished", duration: .zero,
                    outputs: outputs ?? [:])))
        guard let outputs else { return }
        take(index, EarlierTask.End(outcome: .succeeded, reason: nil, outputs: outputs, isSatisfied: true))
    }

    private func ending(of index: Int, _ resumption: Resumption) -> TaskEnding {
        let past = resumption.earlier[plan.tasks[index].id]
        guard let start = past?.cleanUp else { return TaskEnding(outcome: past?.end?.outcome ?? .failed) }
        let failure = start.error.map { Failure(code: "failed", message: $0, exitStatus: start.exitStatus) }
        return TaskEnding(outcome: start.outcome, failure: failure)
    }

    /// True where a process that the step started goes on for the rest of its task.
    func hasLeftRunning(_ step: PlannedStep) -> Bool {
        guard !leftOvers.isEmpty, let task = step.id.task else { return false }
        return leftOvers[task]?.contains { $0.step == step.id && $0.tree.isAlive } ?? false
    }
}

extension EarlierStep {
    /// What `steps.ID` gives; what is not recorded is null.
    func value(of step: PlannedStep) -> Value {
        let all = step.outputs.mapValues { _ in Value.null }.merging(outputs) { $1 }
        return .map(["outputs": .map(all), "result": .string(outcome.rawValue)])
    }
}

extension Value {
    fileprivate static func skipped(_ step: PlannedStep) -> Value {
        .map(["outputs": .map(step.outputs.mapValues { _ in .null }), "result": .string(Outcome.skipped.rawValue)])
    }
}
