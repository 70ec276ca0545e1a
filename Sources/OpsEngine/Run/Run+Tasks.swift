import OpsCore
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Run {
    /// One task from its condition to its clean-up.
    func runTask(_ index: Int) async {
        let task = plan.tasks[index]
        let start = ContinuousClock.now
        var scope = runScope(for: index)
        do {
            if task.decision != .run, let condition = task.definition.condition {
                guard try await holds(condition, index: index, scope: &scope) else {
                    return finish(index, .skipped, reason: "\(condition.text) is false", isSatisfied: true)
                }
            }
            emit(.taskStarted(task.id))
            try await prepare(task, &scope)
        } catch {
            emit(.taskStarted(task.id))
            message(.error, "\(task.id): \(OpsError.text(of: error))", step: nil)
            return finish(
                index, .failed, reason: secrets.registry.redact(OpsError.text(of: error)),
                duration: ContinuousClock.now - start, isSatisfied: task.definition.continueOnError)
        }
        let timer = startTimer(index, task.timeout)
        var ending = await runSteps(task, index: index, scope: &scope)
        timer?.cancel()
        if states[index].timedOut { ending = (.timedOut, ending.failure) }

        let reason = states[index].cancelReason
        if !task.onFailure.isEmpty || !task.finally.isEmpty || leftOvers[task.id] != nil {
            // A task of its own: what cancels this one must not cancel its clean-up.
            let (shielded, before) = (scope, ending)
            let cleanUp = SwiftTask(executorPreference: EventLoop.shared) {
                await self.cleanUp(task, after: before, scope: shielded)
            }
            if await !cleanUp.value, ending.outcome == .succeeded { ending.outcome = .failed }
        }
        var outputs: ValueMap = [:]
        if ending.outcome == .succeeded {
            do { outputs = try taskOutputs(task, scope) } catch {
                ending.outcome = .failed
                message(.error, "the outputs of \(task.id): \(OpsError.text(of: error))", step: nil)
            }
        }
        let tolerated = task.definition.continueOnError && (ending.outcome == .failed || ending.outcome == .timedOut)
        finish(
            index, ending.outcome,
            reason: tolerated ? "allowed by continue-on-error" : ending.outcome == .succeeded ? nil : reason,
            duration: ContinuousClock.now - start, outputs: outputs,
            isSatisfied: ending.outcome == .succeeded || tolerated)
    }

    private func startTimer(_ index: Int, _ limit: Duration?) -> SwiftTask<Void, Never>? {
        guard let limit else { return nil }
        return SwiftTask {
            do { try await EventLoop.shared.sleep(for: limit) } catch { return }
            guard states[index].phase == .running, states[index].cancelReason == nil else { return }
            states[index].timedOut = true
            states[index].cancelReason = "its timeout of \(limit.text) passed"
            states[index].work?.cancel()
        }
    }

    private func holds(_ condition: Condition, index: Int, scope: inout Scope) async throws -> Bool {
        var use = NameUse(vars: plan.recipe.vars)
        use.add(condition.expression)
        try await ensureSecrets(use.secrets)
        scope.secrets = secrets.values
        scope.statuses = .running(
            succeeded: states[index].ancestorsSucceeded, failed: states[index].ancestorFailed)
        defer { scope.statuses = nil }
        return try condition.evaluate(in: scope).booleanValue ?? false
    }

    /// Fetches the secrets of the layers of `env` and evaluates them.
    private func prepare(_ task: PlannedTask, _ scope: inout Scope) async throws {
        guard !plan.recipe.env.isEmpty || !task.definition.env.isEmpty else { return }
        var use = NameUse(vars: plan.recipe.vars)
        for template in plan.recipe.env.values { use.add(template) }
        for template in task.definition.env.values { use.add(template) }
        try await ensureSecrets(use.secrets)
        scope.secrets = secrets.values
        try scope.extend(with: plan.recipe.env)
        try scope.extend(with: task.definition.env)
    }

    private func runSteps(
        _ task: PlannedTask, index: Int, scope: inout Scope
    ) async -> (outcome: Outcome, failure: Failure?) {
        for step in task.steps {
            if SwiftTask.isCancelled { return (.cancelled, nil) }
            let result = await run(step, task: index, scope: scope)
            if let id = step.definition.id { scope.steps[id] = result.value }
            // A task of one action gives that action's outputs.
            if task.definition.hasOwnAction { scope.steps[""] = result.value }
            if !result.isFine { return (result.outcome, result.failure) }
        }
        return (.succeeded, nil)
    }

    private func taskOutputs(_ task: PlannedTask, _ scope: Scope) throws -> ValueMap {
        if task.definition.hasOwnAction { return scope.steps[""]?["outputs"]?.mapValue ?? [:] }
        var outputs: ValueMap = [:]
        for (name, template) in task.definition.outputs { outputs[name] = try template.evaluate(in: scope) }
        return outputs
    }

    /// `on-failure`, then `finally`; each step under a bound of its own, none stops another.
    private func cleanUp(
        _ task: PlannedTask, after ending: (outcome: Outcome, failure: Failure?), scope: Scope
    ) async -> Bool {
        var scope = scope
        scope.environment["OPS_STATUS"] = ending.outcome.rawValue
        scope.environment["OPS_EXIT_CODE"] = ending.failure?.exitStatus.map { String($0) } ?? ""
        scope.environment["OPS_ERROR"] = ending.failure?.message ?? ""
        for step in task.steps {
            guard let id = step.definition.id, scope.steps[id] == nil else { continue }
            scope.steps[id] = .map([
                "outputs": .map(step.outputs.mapValues { _ in .null }), "result": .string(Outcome.skipped.rawValue),
            ])
        }
        var isClean = true
        let failed = ending.outcome != .succeeded
        for step in (failed ? task.onFailure : []) + task.finally {
            let result = await run(step, task: nil, scope: scope)
            if let id = step.definition.id { scope.steps[id] = result.value }
            if !result.isFine { isClean = false }
        }
        await endLeftOvers(of: task.id)
        return isClean
    }

    /// What a task's expressions see: its needs are done.
    func runScope(for index: Int? = nil) -> Scope {
        var scope = Scope(
            inputs: plan.inputs, vars: plan.recipe.vars, git: plan.git, host: Scope.hostFacts,
            recipeDirectory: plan.recipe.directory, secrets: secrets.values, run: runFacts,
            environment: plan.environment.variables)
        guard let index else { return scope }
        let task = plan.tasks[index]
        scope.matrix = task.matrix
        scope.arguments = plan.requested == [task.id.name] ? plan.arguments : []
        for (alias, places) in task.needs {
            let isMatrix = places.first.map { plan.tasks[$0].definition.matrix != nil } ?? false
            scope.needs[alias] =
                NeedValue(
                    instances: places.map { states[$0].needValue(of: plan.tasks[$0]) }, isMatrix: isMatrix
                ).value
        }
        return scope
    }

    private var runFacts: ValueMap {
        ["id": .string(id), "started": .string(Timestamp.iso8601(startedAt)), "temp": .string(temporaryDirectory)]
    }
}
