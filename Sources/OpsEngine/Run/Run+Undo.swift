import OpsCore
import OpsRecipe
import OpsSystem
import OrderedCollections

/// An undo whose step has started, with the values of that moment.
struct ArmedUndo {
    var undo: PlannedUndo
    /// The place of the task whose step it takes back.
    var owner: Int
    var scope: Scope
    /// The places of the tasks that disarm it when all of them have succeeded.
    var disarmers: [Int]
}

extension Run {
    /// Arms the step's undo, when the step starts: from then on half of its work may be done.
    func armUndo(of step: PlannedStep, task index: Int, scope: Scope) {
        guard let undo = step.undo else { return }
        // A further attempt starts anew.
        armedUndos.removeAll { $0.undo.step.id == undo.step.id }
        armedUndos.append(ArmedUndo(undo: undo, owner: index, scope: scope, disarmers: plan.disarmers(of: undo, index)))
    }

    /// The task's steps have succeeded: what waits for nothing else is disarmed.
    func disarmUndos(by index: Int) {
        guard !armedUndos.isEmpty else { return }
        armedUndos.removeAll { undo in
            undo.disarmers.contains(index)
                && undo.disarmers.allSatisfy {
                    $0 == index || states[$0].phase == .done && states[$0].outcome.isSatisfied
                }
        }
    }

    /// Runs, newest first, the undos that the task's end makes due: its own, and those that it, or a task that can
    /// start no more because of it, should have disarmed. False where one failed.
    func rollBack(because index: Int, _ ending: TaskEnding) async -> Bool {
        var lost = doomed(by: index)
        lost.insert(index)
        return await rollBack(ending, owner: index, lost: lost)
    }

    /// A task that did not start should have disarmed undos: they run now, outside of any task.
    func rollBackForSkipped(_ index: Int) {
        guard armedUndos.contains(where: { isDue($0, owner: nil, lost: [index]) }) else { return }
        openRollBacks += 1
        SwiftTask(executorPreference: EventLoop.shared) { await self.rollBackOutside(index) }
    }

    private func rollBackOutside(_ index: Int) async {
        let ending = firstFailure ?? TaskEnding(outcome: .skipped)
        if await !rollBack(ending, owner: nil, lost: [index]) { cleanUpFailed = true }
        openRollBacks -= 1
        releaseLeases()
        startReady()
        finishIfDone()
    }

    private func isDue(_ undo: ArmedUndo, owner: Int?, lost: Set<Int>) -> Bool {
        if undo.owner == owner { return true }
        // What still runs undoes its own work when it ends.
        return states[undo.owner].phase == .done && undo.disarmers.contains { lost.contains($0) }
    }

    /// One roll-back at a time, so that the newest is undone first across tasks.
    private func rollBack(_ ending: TaskEnding, owner: Int?, lost: Set<Int>) async -> Bool {
        guard armedUndos.contains(where: { isDue($0, owner: owner, lost: lost) }) else { return true }
        let before = rollBackQueue
        let work = SwiftTask(executorPreference: EventLoop.shared) {
            await before?.value
            return await self.runDueUndos(ending, owner: owner, lost: lost)
        }
        rollBackQueue = SwiftTask(executorPreference: EventLoop.shared) { _ = await work.value }
        return await work.value
    }

    private func runDueUndos(_ ending: TaskEnding, owner: Int?, lost: Set<Int>) async -> Bool {
        var isClean = true
        while let place = armedUndos.lastIndex(where: { isDue($0, owner: owner, lost: lost) }) {
            if await !run(armedUndos.remove(at: place), after: ending) { isClean = false }
        }
        return isClean
    }

    func run(_ undo: ArmedUndo, after ending: TaskEnding) async -> Bool {
        // Its lease is let go by the caller, after the last of its task's undos.
        var scope = undo.scope
        ending.tell(&scope)
        undosUnderWay[undo.owner, default: 0] += 1
        defer { undosUnderWay[undo.owner, default: 1] -= 1 }
        return await run(undo.undo.step, task: nil, scope: scope).isFine
    }

    /// The tasks that can start no more once this one has failed: all that wait where the run stops, else those that
    /// depend on it. What asks for `failure()` or `always()` still can.
    private func doomed(by index: Int) -> Set<Int> {
        var found: Set<Int> = []
        if plan.tasks[index].definition.continueOnError { return found }
        if interruption != nil || stoppedBy != nil {
            for place in states.indices where states[place].phase == .waiting || states[place].phase == .ready {
                if interruption != nil || !startsAfterFailure(place) { found.insert(place) }
            }
            return found
        }
        var open = states[index].dependents
        while let next = open.popLast() {
            guard states[next].phase != .done, !startsAfterFailure(next), found.insert(next).inserted else { continue }
            open += states[next].dependents
        }
        return found
    }

    private func startsAfterFailure(_ index: Int) -> Bool {
        plan.tasks[index].definition.condition?.usesFailureStatus == true
    }
}
