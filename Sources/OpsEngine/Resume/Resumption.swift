import OpsCore
import OpsRecipe
import OrderedCollections

/// What a resumed run does with its plan, from what the journal says of its earlier parts (ops(1), "Resuming"): which
/// tasks are finished, where the others start, what was running when the run died.
package struct Resumption: Sendable {
    /// A step that was running when the run died.
    package struct Lost: Sendable {
        package var task: Int
        package var step: PlannedStep

        /// `build, step 2 (Roll out)`.
        package var name: String {
            let place =
                step.id.part == .steps ? "step \(step.id.index + 1)" : "\(step.id.part.rawValue) \(step.id.index + 1)"
            return "\(step.id.task?.description ?? "the recipe"), \(place)" + (step.name.map { " (\($0))" } ?? "")
        }
    }

    package let earlier: EarlierRun
    /// By the place of the task in the plan: it is not run again.
    private(set) var finished: [Bool]
    /// Steps that were running and count as done, their outputs null (`resume: skip`).
    private(set) var takenAsDone: Set<StepID> = []
    /// Tasks' own steps that were running when the run died, in the plan's order; those of clean-up are in
    /// `lostCleanUp`.
    package private(set) var lost: [Lost] = []
    package private(set) var lostCleanUp: [Lost] = []
    /// Tasks that ended in a way that makes undos due which they should have disarmed, or that died in clean-up.
    private(set) var ended: Set<Int> = []
    /// Those of them that died in clean-up, in the order in which it began.
    private(set) var inCleanUp: [Int] = []

    /// Finished tasks that are run again from their first step.
    private var restarted: Set<Int> = []

    package var finishedCount: Int { finished.count { $0 } }

    /// - Parameter lost: the tasks whose products are not what they made (`Plan.tasksWithLostProducts`).
    package init(_ earlier: EarlierRun, _ plan: Plan, lostProducts lost: Set<Int> = []) {
        self.earlier = earlier
        finished = plan.tasks.map { earlier[$0.id]?.end?.isSatisfied ?? false }
        for (index, task) in plan.tasks.enumerated() {
            guard let past = earlier[task.id] else { continue }
            findLost(index, task, past)
            if past.cleanUp != nil, past.end == nil { inCleanUp.append(index) }
            if past.end.map({ !$0.isSatisfied }) ?? (past.cleanUp != nil) { ended.insert(index) }
        }
        inCleanUp.sort {
            (earlier[plan.tasks[$0].id]?.cleanUpPlace ?? 0) < (earlier[plan.tasks[$1].id]?.cleanUpPlace ?? 0)
        }
        for index in plan.tasks.indices where finished[index] && hasDueUndo(index, plan) { finished[index] = false }
        for index in lost where earlier[plan.tasks[index].id]?.end?.outcome == .succeeded { startOver(index) }
        askAgain(plan)
        restoreSecrets(plan)
        askAgain(plan)
    }

    private mutating func startOver(_ index: Int) {
        finished[index] = false
        restarted.insert(index)
    }

    /// True where nothing of it is to be run: the task's own steps, undo and clean-up are done.
    package func isFinished(_ index: Int) -> Bool { finished[index] }

    /// The steps that are not run again, from the first on: up to one that is not done, or cannot be given back.
    func doneSteps(of index: Int, _ plan: Plan) -> [EarlierStep] {
        let task = plan.tasks[index]
        guard let past = earlier[task.id], !startsOver(index, plan) else { return [] }
        var done: [EarlierStep] = []
        for step in task.steps {
            if takenAsDone.contains(step.id) {
                done.append(EarlierStep(outcome: .succeeded, outputs: step.outputs.mapValues { _ in .null }))
            } else if let result = past.steps[step.id.index], result.isRestorable || finished[index] {
                done.append(result)
            } else {
                break
            }
        }
        return done
    }

    /// True where all of the task's steps are done and what they gave can be given back.
    func hasAllSteps(of index: Int, _ plan: Plan) -> Bool {
        let task = plan.tasks[index]
        let past = earlier[task.id]
        return task.steps.allSatisfy { step in
            past?.steps[step.id.index].map { !$0.outputs.values.contains(where: \.containsSecret) } ?? false
        }
    }

    /// True where the task's work is taken back, or its `finally` began or is to be finished.
    private func startsOver(_ index: Int, _ plan: Plan) -> Bool {
        if finished[index] { return false }
        if restarted.contains(index) { return true }
        let task = plan.tasks[index]
        guard let past = earlier[task.id] else { return true }
        if past.isUndone || hasDueUndo(index, plan) { return true }
        return past.cleanUp != nil && past.end == nil && !task.finally.isEmpty
    }

    /// Steps whose undo was armed and neither disarmed nor run, with the place of their start in the journal.
    func armedSteps(_ plan: Plan) -> [(place: Int, task: Int, step: PlannedStep)] {
        var armed: [(place: Int, task: Int, step: PlannedStep)] = []
        for index in plan.tasks.indices {
            for (place, step) in armedSteps(of: index, plan) { armed.append((place, index, step)) }
        }
        return armed.sorted { $0.place < $1.place }
    }

    private func armedSteps(of index: Int, _ plan: Plan) -> [(place: Int, step: PlannedStep)] {
        // Asked of every task: most have no undo.
        guard plan.tasks[index].steps.contains(where: { $0.undo != nil }) else { return [] }
        let task = plan.tasks[index]
        guard let past = earlier[task.id] else { return [] }
        var armed: [(place: Int, step: PlannedStep)] = []
        for step in task.steps {
            guard let undo = step.undo, let place = past.startedSteps[step.id.index],
                !past.endedUndos.contains(step.id.index), !isDisarmed(undo, of: index, plan)
            else { continue }
            // A step that is run again arms its undo again, unless its task is being taken back.
            let isDone = past.steps[step.id.index] != nil || takenAsDone.contains(step.id)
            if isDone || ended.contains(index) || past.isUndone { armed.append((place, step)) }
        }
        return armed
    }

    private func isDisarmed(_ undo: PlannedUndo, of index: Int, _ plan: Plan) -> Bool {
        plan.disarmers(of: undo, index).allSatisfy { place in
            guard let past = earlier[plan.tasks[place].id] else { return false }
            // Success disarms before the clean-up begins.
            return (past.end?.outcome ?? past.cleanUp?.outcome)?.isSatisfied ?? false
        }
    }

    /// True where the end of a task made an undo of this one due that has not run.
    private func hasDueUndo(_ index: Int, _ plan: Plan) -> Bool {
        armedSteps(of: index, plan).contains { isDue($0.step, of: index, plan) }
    }

    func isDue(_ step: PlannedStep, of index: Int, _ plan: Plan) -> Bool {
        if let past = earlier[plan.tasks[index].id], past.begunUndos.contains(step.id.index) { return true }
        guard let undo = step.undo else { return false }
        return plan.disarmers(of: undo, index).contains { ended.contains($0) && !endedWell($0, plan) }
    }

    /// True for a task that died in its `finally` after it succeeded.
    func endedWell(_ index: Int, _ plan: Plan) -> Bool {
        guard let past = earlier[plan.tasks[index].id], past.end == nil else { return false }
        return past.cleanUp?.outcome.isSatisfied ?? false
    }

    private mutating func findLost(_ index: Int, _ task: PlannedTask, _ past: EarlierTask) {
        if let number = past.running, !finished[index], task.steps.indices.contains(number) {
            let step = task.steps[number]
            lost.append(Lost(task: index, step: step))
            if step.definition.resume == .skip { takenAsDone.insert(step.id) }
        }
        if let (part, number) = past.runningCleanUp {
            let steps: [PlannedStep] =
                switch part {
                case .undo: task.steps.compactMap { $0.undo?.step }.filter { $0.id.index == number }
                case .onFailure: task.onFailure.filter { $0.id.index == number }
                case .finally: task.finally.filter { $0.id.index == number }
                case .steps: []
                }
            lostCleanUp += steps.map { Lost(task: index, step: $0) }
        }
    }

    /// The step counts as done although its end is not known: somebody said so.
    package mutating func takeAsDone(_ lost: Lost) { takenAsDone.insert(lost.step.id) }

    /// A task that skipped itself beside needs that are run again is asked again: it has done nothing.
    private mutating func askAgain(_ plan: Plan) {
        for (index, task) in plan.tasks.enumerated() where finished[index] {
            guard earlier[task.id]?.end?.outcome == .skipped else { continue }
            finished[index] = task.needs.allSatisfy { $0.instances.allSatisfy { finished[$0] } }
        }
    }

    /// A task is run again for a secret output that one that is not finished needs: no journal holds it.
    private mutating func restoreSecrets(_ plan: Plan) {
        var needed = finished.map { _ in false }
        for index in plan.tasks.indices.reversed() {
            let outputs = earlier[plan.tasks[index].id]?.end?.outputs ?? [:]
            if finished[index], needed[index], outputs.values.contains(where: \.containsSecret) {
                finished[index] = false
            }
            guard !finished[index] else { continue }
            for need in plan.tasks[index].needs { for place in need.instances { needed[place] = true } }
        }
    }
}

extension Plan {
    /// The tasks that disarm an undo when all of them have succeeded: the instances of the one behind `through`; the
    /// step's own task where there is none, or it is not in the plan.
    func disarmers(of undo: PlannedUndo, _ owner: Int) -> [Int] {
        guard let through = undo.through else { return [owner] }
        let unit = tasks[owner].unit
        let found = tasks.indices.filter { tasks[$0].unit == unit && tasks[$0].definition.name == through }
        return found.isEmpty ? [owner] : found
    }
}
