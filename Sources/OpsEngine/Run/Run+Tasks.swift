import OpsCore
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Run {
    /// One task from its condition to its clean-up.
    func runTask(_ index: Int) async {
        let task = plan.tasks[index]
        let start = clock.ticks
        var scope = runScope(for: index)
        do {
            if task.decision != .run, let condition = task.definition.condition {
                guard try await holds(condition, index: index, scope: &scope) else {
                    return finish(index, .skipped, reason: "\(condition.text) is false", isSatisfied: true)
                }
            }
            let (recorded, reason) = try await recordedOutputs(of: index, scope)
            if let recorded { return finish(index, .upToDate, outputs: recorded, isSatisfied: true) }
            emit(.taskStarted(task.id, reason: reason))
            try await prepare(task, &scope)
        } catch {
            emit(.taskStarted(task.id, reason: nil))
            message(.error, "\(task.id): \(OpsError.text(of: error))", step: nil)
            return finish(
                index, .failed, reason: secrets.registry.redact(OpsError.text(of: error)),
                duration: clock.elapsed(since: start), isSatisfied: task.definition.continueOnError)
        }
        var ending = await runAttempts(task, index: index, scope: &scope)
        var outputs: ValueMap = [:]
        var record: FreshnessRecord?
        if ending.outcome == .succeeded {
            do { outputs = try taskOutputs(task, scope) } catch {
                ending = TaskEnding(outcome: .failed, failure: failure(of: error, location: task.definition.nameRange))
                message(.error, "the outputs of \(task.id): \(OpsError.text(of: error))", step: nil)
            }
        }
        if ending.outcome == .succeeded {
            do { record = try await freshnessRecord(of: index, outputs) } catch {
                ending = TaskEnding(outcome: .failed, failure: failure(of: error, location: task.definition.nameRange))
                message(.error, "\(task.id): \(OpsError.text(of: error))", step: nil)
            }
        }
        if ending.outcome == .succeeded {
            disarmUndos(by: index)
        } else if ending.outcome != .cancelled, !task.definition.continueOnError {
            // At once: what runs beside it need not wait for its clean-up to be cancelled.
            fail(index, ending)
        }
        let reason = states[index].cancelReason
        if await !cleanUp(index, after: ending, scope: scope), ending.outcome == .succeeded {
            ending.outcome = .failed
            outputs = [:]
        }
        if ending.outcome == .succeeded { recordFreshness(of: index, record) }
        let tolerated = task.definition.continueOnError && (ending.outcome == .failed || ending.outcome == .timedOut)
        finish(
            index, ending.outcome,
            reason: tolerated ? "allowed by continue-on-error" : ending.outcome == .succeeded ? nil : reason,
            duration: clock.elapsed(since: start), outputs: outputs,
            isSatisfied: ending.outcome == .succeeded || tolerated)
    }

    /// The task's steps, again from the first after a failure where it has a `retry` of its own; `timeout` is of each
    /// attempt.
    private func runAttempts(_ task: PlannedTask, index: Int, scope: inout Scope) async -> TaskEnding {
        let before = scope
        let last = task.definition.retry?.attempts ?? 1
        while true {
            let timer = startTimer(index, task.timeout)
            var ending = await runSteps(task, index: index, scope: &scope)
            timer.map(clock.cancel)
            if states[index].timedOut { ending.outcome = .timedOut }
            let failed = ending.outcome == .failed || ending.outcome == .timedOut
            guard failed, let retry = task.definition.retry, states[index].attempt < last, !isCancelled(index),
                retry.covers(ending.failure?.exitStatus)
            else { return ending }
            await endLeftOvers(of: task.id)
            let problem = ending.failure?.message ?? states[index].cancelReason ?? ending.outcome.phrase
            states[index].timedOut = false
            states[index].cancelReason = nil
            do {
                try await pause(before: states[index].attempt + 1, of: last, retry, problem, step: nil)
            } catch { return TaskEnding(outcome: .cancelled) }
            states[index].attempt += 1
            scope = before
        }
    }

    /// True where something other than its own timeout ended the task.
    private func isCancelled(_ index: Int) -> Bool {
        interruption != nil || states[index].cancelReason != nil && !states[index].timedOut
    }

    private func startTimer(_ index: Int, _ limit: Duration?) -> UInt64? {
        guard let limit else { return nil }
        return clock.after(limit) { [self] in
            guard states[index].phase == .running, states[index].cancelReason == nil else { return }
            states[index].timedOut = true
            states[index].cancelReason = "its timeout of \(limit.text) passed"
            states[index].cancelSteps?()
        }
    }

    private func holds(_ condition: Condition, index: Int, scope: inout Scope) async throws -> Bool {
        let unit = plan.unit(of: plan.tasks[index])
        var use = NameUse(vars: unit.recipe.vars)
        use.add(condition.expression)
        try await ensureSecrets(unit.planNames(ofSecrets: use.secrets))
        scope.secrets = secrets.values
        scope.statuses = .running(
            succeeded: states[index].ancestorsSucceeded, failed: states[index].ancestorFailed)
        defer { scope.statuses = nil }
        return try condition.evaluate(in: scope).booleanValue ?? false
    }

    /// Fetches the secrets of the layers of `env` and evaluates them.
    func prepare(_ task: PlannedTask, _ scope: inout Scope) async throws {
        let unit = plan.unit(of: task)
        guard !unit.recipe.env.isEmpty || !task.definition.env.isEmpty else { return }
        var use = NameUse(vars: unit.recipe.vars)
        for template in unit.recipe.env.values { use.add(template) }
        for template in task.definition.env.values { use.add(template) }
        try await ensureSecrets(unit.planNames(ofSecrets: use.secrets))
        scope.secrets = secrets.values
        try scope.extend(with: unit.recipe.env)
        try scope.extend(with: task.definition.env)
    }

    /// One attempt. It is a Swift task of its own, so that the task's timeout ends it and not what comes behind it.
    private func runSteps(_ task: PlannedTask, index: Int, scope: inout Scope) async -> TaskEnding {
        guard !task.steps.isEmpty else { return TaskEnding(outcome: .succeeded) }
        guard task.timeout != nil else { return await runStepList(task, index: index, scope: &scope) }
        let before = scope
        let work = SwiftTask(executorPreference: EventLoop.shared) {
            var scope = before
            let ending = await self.runStepList(task, index: index, scope: &scope)
            return (ending, scope)
        }
        states[index].cancelSteps = { work.cancel() }
        let (ending, after) = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        states[index].cancelSteps = nil
        scope = after
        return ending
    }

    private func runStepList(_ task: PlannedTask, index: Int, scope: inout Scope) async -> TaskEnding {
        let restored = restoreSteps(of: index, &scope)
        // Its sources were looked at only now, after some of its work.
        if restored > 0 { freshnessLeases[index]?.obstacle = "it was resumed in its midst" }
        for step in task.steps.dropFirst(restored) {
            if SwiftTask.isCancelled { return TaskEnding(outcome: .cancelled) }
            let result = await run(step, task: index, scope: scope)
            if let id = step.definition.id { scope.steps[id] = result.value }
            // A task of one action gives that action's outputs.
            if task.definition.hasOwnAction { scope.steps[""] = result.value }
            if !result.isFine { return TaskEnding(outcome: result.outcome, failure: result.failure) }
        }
        return TaskEnding(outcome: .succeeded)
    }

    func taskOutputs(_ task: PlannedTask, _ scope: Scope) throws -> ValueMap {
        if task.definition.hasOwnAction { return scope.steps[""]?["outputs"]?.mapValue ?? [:] }
        var outputs: ValueMap = [:]
        for (name, template) in task.definition.outputs { outputs[name] = try template.evaluate(in: scope) }
        return outputs
    }

    /// What a task's expressions see: its needs are done.
    func runScope(for index: Int? = nil) -> Scope {
        let unit = index.map { plan.unit(of: plan.tasks[$0]) } ?? plan.units[0]
        var scope = Scope(
            inputs: unit.inputs, vars: unit.recipe.vars, git: unit.git, host: Scope.hostFacts,
            recipeDirectory: unit.recipe.folder, secrets: secrets.values, run: runFacts,
            environment: unit.environment.variables)
        scope.secretNames = unit.secretNames
        scope.withheld = unit.environment.withheld
        guard let index else { return scope }
        let task = plan.tasks[index]
        if !task.inputs.isEmpty {
            scope.inputs.merge(task.inputs) { $1 }
            scope.environment.give(task.inputs)
        }
        scope.matrix = task.matrix
        scope.withhold(task.hiddenVariables)
        scope.arguments = task.takesArguments ? plan.arguments : []
        for (alias, places) in task.needs {
            let isMatrix = places.first.map { plan.tasks[$0].definition.matrix != nil } ?? false
            scope.needs[alias] =
                NeedValue(
                    instances: places.map { states[$0].needValue(of: plan.tasks[$0]) }, isMatrix: isMatrix
                ).value
        }
        return scope
    }
}
