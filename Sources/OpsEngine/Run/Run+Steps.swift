import Glibc
import Logging
import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Run {
    /// One step with its attempts. `task` is the place of the task that may be cancelled; nil in clean-up.
    func run(_ step: PlannedStep, task: Int?, scope: Scope) async -> StepResult {
        var scope = scope
        let start = clock.ticks
        if case .skipped(let reason) = step.decision { return finish(step, skipped: reason, start) }
        if let task, let result = takenAsDone(step, task: task, scope: scope) { return result }
        do {
            if !step.secrets.isEmpty { try await ensureSecrets(Set(step.secrets)) }
            reportWeakSecrets()
            scope.secrets = secrets.values
            if let condition = step.definition.condition {
                guard try condition.evaluate(in: scope).booleanValue ?? false else {
                    return finish(step, skipped: "\(condition.text) is false", start)
                }
            }
        } catch {
            started(step, attempt: 1)
            return finish(step, failed: error, task: task, start, nil)
        }
        if let task { armUndo(of: step, task: task, scope: scope) }
        // A task's own retry starts its steps again from the first (`runAttempts`).
        let retry = step.definition.retry
        var attempt = task.map { states[$0].attempt } ?? 1
        let last = attempt + (retry?.attempts ?? 1) - 1
        while true {
            started(step, attempt: attempt)
            let token = openOutput(step)
            do {
                let outputs = try await perform(step, attempt: attempt, scope: scope, token: token)
                _ = closeOutput(token)
                return finish(step, StepResult(outcome: .succeeded, outputs: outputs), start)
            } catch {
                let output = closeOutput(token)
                guard let retry, attempt < last, !SwiftTask.isCancelled,
                    retry.covers((error as? CommandFailure)?.exitStatus)
                else {
                    return finish(step, failed: error, task: task, start, output)
                }
                do {
                    try await pause(before: attempt + 1, of: last, retry, OpsError.text(of: error), step: step.id)
                } catch {
                    return finish(step, failed: error, task: task, start, output)
                }
                attempt += 1
            }
        }
    }

    /// The wait before a further attempt, which the log tells.
    ///
    /// Throws: `CancellationError`.
    func pause(before attempt: Int, of last: Int, _ retry: Retry, _ problem: String, step: StepID?) async throws {
        let delay = retry.delay(after: attempt - 1, &random)
        let name = step == nil ? "the task's attempt" : "attempt"
        message(.notice, "\(name) \(attempt - 1) of \(last) failed (\(problem)); again in \(delay.text)", step: step)
        try await clock.sleep(for: delay)
    }

    /// One attempt under the step's timeout.
    private func perform(_ step: PlannedStep, attempt: Int, scope: Scope, token: Int) async throws -> ValueMap {
        let cage = try cages.cage(for: step.grants)
        var scope = scope
        if let cage { scope.run?["temp"] = .string(cage.folder) }
        let binding = try StepBinding(
            step, task: step.id.task?.name ?? "", scope: scope, catalog: catalog)
        if !secrets.registry.isEmpty { binding.secretHolders.forEach(secrets.maskDerived) }
        let folder = StepFolder("\(cage?.folder ?? temporaryDirectory)/step-\(token)")
        defer { folder.remove() }
        let files = StepFiles(privateFiles, token: token, part: cage?.name)
        defer { files.remove() }
        var context = try context(
            step, binding, attempt: attempt, token: token, folder: folder, files: files, cage: cage)
        let timedOut = Flag()
        context.cancellationReason = { [self] in
            if timedOut.isSet { return .timeout }
            return EventLoop.shared.isCurrent
                ? EventLoop.assumeIsolated { cancellationReason(of: step.id) } : .interrupt
        }
        guard let limit = step.timeout else { return try await perform(binding, step.id, context, cage) }
        let work = SwiftTask(executorPreference: EventLoop.shared) { [context] in
            try await self.perform(binding, step.id, context, cage)
        }
        let timer = clock.after(limit) {
            timedOut.set()
            work.cancel()
        }
        defer { clock.cancel(timer) }
        do {
            return try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
        } catch  where timedOut.isSet {
            throw OpsError(.timeout, "its timeout of \(limit.text) passed")
        }
    }

    private func perform(
        _ binding: StepBinding, _ id: StepID, _ context: RunContext, _ cage: Cage?
    ) async throws -> ValueMap {
        let outputs: [String: Value]
        do {
            outputs = try await run(binding, context, cage)
        } catch let failure as ArgumentFailure {
            let task = plan.tasks.first { $0.id == id.task }
            throw failure.located(in: binding.template, of: task.map { plan.unit(of: $0).recipe } ?? plan.recipe)
        }
        var result: ValueMap = [:]
        for (name, value) in outputs.sorted(by: { $0.key < $1.key }) { result[name] = secrets.tainted(value, name) }
        return result
    }

    /// The action itself, held to the step's permissions.
    private func run(_ binding: StepBinding, _ context: RunContext, _ cage: Cage?) async throws -> [String: Value] {
        guard let cage else { return try await binding.action.run(binding.arguments, context) }
        let check = PermissionCheck(
            layers: cage.layers, directory: context.directory, recipeDirectory: binding.scope.recipeDirectory)
        try await check.checkNow(binding, context)
        return try await NetworkGate.$current.withValue(NetworkGate(check.network)) {
            try await binding.action.run(binding.arguments, context)
        }
    }

    private func started(_ step: PlannedStep, attempt: Int) {
        emit(
            .stepStarted(
                StepStarted(
                    step: step.id, name: step.name, action: step.action, summary: step.summary, attempt: attempt,
                    isInteractive: step.definition.isInteractive, isGuarded: step.definition.resume != nil)))
    }

    private func finish(_ step: PlannedStep, skipped reason: String, _ start: UInt64) -> StepResult {
        let outputs = step.outputs.mapValues { _ in Value.null }
        return finish(step, StepResult(outcome: .skipped, outputs: outputs), start, reason: reason)
    }

    private func finish(
        _ step: PlannedStep, failed error: any Error, task: Int?, _ start: UInt64,
        _ output: StepOutput?
    ) -> StepResult {
        var failure = failure(of: error, location: step.definition.action.nameRange)
        failure.lastLines = output?.lastLines ?? []
        if let hint = permissionHint(step, error, failure) {
            failure.hint = failure.hint.map { "\($0); \(hint)" } ?? hint
        }
        let cancelReason = task.flatMap { states[$0].cancelReason }
        var outcome = Outcome.failed
        if (error as? OpsError)?.code == .timeout { outcome = .timedOut }
        if SwiftTask.isCancelled, task != nil { outcome = .cancelled }
        var result = StepResult(outcome: outcome, outputs: step.outputs.mapValues { _ in .null }, failure: failure)
        result.isTolerated = step.definition.continueOnError && outcome != .cancelled
        if outcome == .cancelled { result.failure = nil }
        // The terminal's Ctrl-C reached only the step: it is meant for the run.
        if step.definition.isInteractive, (error as? CommandFailure)?.signal == Int(SIGINT) {
            interrupt(Interruption(reason: "interrupted by SIGINT", exitStatus: 128 + SIGINT))
        }
        return finish(step, result, start, reason: outcome == .cancelled ? cancelReason : nil)
    }

    private func finish(
        _ step: PlannedStep, _ result: StepResult, _ start: UInt64, reason: String? = nil
    ) -> StepResult {
        emit(
            .stepFinished(
                StepFinished(
                    step: step.id, outcome: result.outcome, reason: reason, duration: clock.elapsed(since: start),
                    outputs: result.outputs, failure: result.failure, isTolerated: result.isTolerated,
                    leftRunning: hasLeftRunning(step))))
        return result
    }

    /// What to tell of an error, masked.
    func failure(of error: any Error, location: SourceRange?) -> Failure {
        func masked(_ text: String) -> String { secrets.registry.redact(text) }
        switch error {
        case let error as CommandFailure:
            return Failure(
                code: OpsError.Code.command.description, message: masked(error.description), location: location,
                exitStatus: error.exitStatus)
        case let error as OpsError:
            let message = error.cause.map { "\(error.message): \(OpsError.text(of: $0))" } ?? error.message
            return Failure(
                code: error.code.description, message: masked(message), hint: error.hint.map(masked),
                location: error.location ?? location)
        case let error as DiagnosticsError:
            let first = error.diagnostics.first
            return Failure(
                code: first?.code ?? "invalid",
                message: masked(error.diagnostics.map(\.message).joined(separator: "; ")),
                hint: first?.hint.map(masked), location: first?.range ?? location)
        default:
            return Failure(code: "failed", message: masked(OpsError.text(of: error)), location: location)
        }
    }
}

extension Retry {
    /// True where a failure with this exit status, or with none, is tried again.
    func covers(_ exitStatus: Int?) -> Bool {
        guard !exitCodes.isEmpty else { return true }
        return exitStatus.map(exitCodes.contains) ?? false
    }

    /// `delay × backoff^(attempt-1)`, at most `max-delay`; `jitter` is the part of it that chance may take away.
    func delay(after attempt: Int, _ random: inout any RandomNumberGenerator) -> Duration {
        var seconds = delay.seconds
        let limit = maxDelay?.seconds ?? 86_400
        for _ in 1..<max(attempt, 1) where seconds < limit { seconds *= backoff }
        seconds = min(seconds, limit)
        if jitter > 0 { seconds *= 1 - jitter * Double.random(in: 0...1, using: &random) }
        return .nanoseconds(Int64(seconds * 1e9))
    }
}
