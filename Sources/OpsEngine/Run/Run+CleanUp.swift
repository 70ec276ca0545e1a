import OpsCore
import OpsRecipe
import OpsSystem
import OrderedCollections

/// How a task's own steps ended: what its clean-up is told.
struct TaskEnding: Sendable {
    var outcome: Outcome
    var failure: Failure?

    /// `OPS_STATUS`, `OPS_EXIT_CODE` and `OPS_ERROR` of the handlers (ops-recipe(5), "Clean-up").
    func tell(_ scope: inout Scope) {
        scope.environment["OPS_STATUS"] = outcome.rawValue
        scope.environment["OPS_EXIT_CODE"] = failure?.exitStatus.map { String($0) } ?? ""
        scope.environment["OPS_ERROR"] = failure?.message ?? ""
    }
}

extension Run {
    /// What is due of undos, then `on-failure`, then `finally`, each step under a bound of its own, none stopping
    /// another; then left-over processes are ended. False where a step failed.
    ///
    /// It runs as a task of its own: what cancels the recipe's task must not cancel its clean-up.
    func cleanUp(_ index: Int, after ending: TaskEnding, scope: Scope) async -> Bool {
        let task = plan.tasks[index]
        let failed = ending.outcome != .succeeded
        guard failed && !armedUndos.isEmpty || failed && !task.onFailure.isEmpty || !task.finally.isEmpty else {
            await endLeftOvers(of: task.id)
            return true
        }
        emit(
            .cleanUpStarted(
                CleanUpStarted(
                    task: task.id, outcome: ending.outcome, exitStatus: ending.failure?.exitStatus,
                    error: ending.failure?.message)))
        let work = SwiftTask(executorPreference: EventLoop.shared) {
            var isClean = true
            if failed { isClean = await self.rollBack(because: index, ending) }
            let steps = (failed ? task.onFailure : []) + task.finally
            if await !self.runHandlers(steps, of: task, after: ending, scope: scope) { isClean = false }
            await self.endLeftOvers(of: task.id)
            return isClean
        }
        return await work.value
    }

    /// `earlier` are the steps that ran before the run was resumed.
    func runHandlers(
        _ steps: [PlannedStep], of task: PlannedTask, after ending: TaskEnding, scope: Scope,
        earlier: EarlierTask? = nil
    ) async -> Bool {
        var scope = scope
        ending.tell(&scope)
        // What did not run is null to the handlers.
        for step in task.steps {
            guard let id = step.definition.id, scope.steps[id] == nil else { continue }
            scope.steps[id] = .map([
                "outputs": .map(step.outputs.mapValues { _ in .null }), "result": .string(Outcome.skipped.rawValue),
            ])
        }
        var isClean = true
        for step in steps {
            if let past = earlier?.cleanUpSteps[step.id.part]?[step.id.index] {
                if let id = step.definition.id { scope.steps[id] = past?.value(of: step) }
                continue
            }
            let result = await run(step, task: nil, scope: scope)
            if let id = step.definition.id { scope.steps[id] = result.value }
            if !result.isFine { isClean = false }
        }
        return isClean
    }

    /// Ends what the task's steps left running, and names it.
    func endLeftOvers(of task: TaskID) async {
        for (tree, step) in leftOvers.removeValue(forKey: task) ?? [] {
            if tree.isAlive {
                message(.warning, "ended processes that the step had left running: \(names(in: tree))", step: step)
            }
            await tree.end(grace: options.grace)
        }
    }

    /// Ends what was not to be told which step had left it, and names it.
    func endStrays() async {
        guard let tree = ProcessTree.rest() else { return }
        message(.warning, "ended processes that were left running: \(names(in: tree))", step: nil)
        await tree.end(grace: options.grace)
    }

    private func names(in tree: ProcessTree) -> String {
        tree.members.map { "\($0.name) (\($0.id))" }.joined(separator: ", ")
    }

    /// The recipe's own `on-failure` and `finally`.
    func runRecipeCleanUp() async {
        let failed = hasFailed
        guard !plan.finally.isEmpty || failed && !plan.onFailure.isEmpty else { return }
        let work = SwiftTask(executorPreference: EventLoop.shared) { await self.runRecipeSteps(failed: failed) }
        await work.value
    }

    private func runRecipeSteps(failed: Bool) async {
        var scope = runScope()
        do {
            var use = NameUse(vars: plan.recipe.vars)
            for template in plan.recipe.env.values { use.add(template) }
            try await ensureSecrets(use.secrets)
            scope.secrets = secrets.values
            try scope.extend(with: plan.recipe.env)
        } catch {
            message(.error, OpsError.text(of: error), step: nil)
            cleanUpFailed = true
            return
        }
        var ending = firstFailure ?? TaskEnding(outcome: failed ? .failed : .succeeded)
        if let interruption { ending.outcome = interruption.exitStatus == 124 ? .timedOut : .cancelled }
        ending.tell(&scope)
        for step in (failed ? plan.onFailure : []) + plan.finally {
            let result = await run(step, task: nil, scope: scope)
            if let id = step.definition.id { scope.steps[id] = result.value }
            if !result.isFine { cleanUpFailed = true }
        }
    }
}
