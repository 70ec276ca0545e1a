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
        let start = ContinuousClock.now
        if case .skipped(let reason) = step.decision { return finish(step, skipped: reason, start) }
        do {
            try await ensureSecrets(Set(step.secrets))
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
        let retry = step.definition.retry ?? task.flatMap { plan.tasks[$0].definition.retry }
        var attempt = 1
        while true {
            started(step, attempt: attempt)
            let token = openOutput(step)
            do {
                let outputs = try await perform(step, attempt: attempt, scope: scope, token: token)
                _ = closeOutput(token)
                return finish(step, StepResult(outcome: .succeeded, outputs: outputs), start)
            } catch {
                let output = closeOutput(token)
                let mayRetry = !SwiftTask.isCancelled && attempt < retry?.attempts ?? 1
                guard let retry, mayRetry, retry.covers(error) else {
                    return finish(step, failed: error, task: task, start, output)
                }
                let delay = retry.delay(after: attempt)
                message(
                    .notice,
                    "attempt \(attempt) of \(retry.attempts) failed (\(OpsError.text(of: error))); again in \(delay.text)",
                    step: step.id)
                do { try await EventLoop.shared.sleep(for: delay) } catch {
                    return finish(step, failed: error, task: task, start, output)
                }
                attempt += 1
            }
        }
    }

    /// One attempt under the step's timeout.
    private func perform(_ step: PlannedStep, attempt: Int, scope: Scope, token: Int) async throws -> ValueMap {
        let binding = try StepBinding(
            step, task: step.id.task?.name ?? "", scope: scope, catalog: catalog)
        let folder = StepFolder("\(temporaryDirectory)/step-\(token)")
        defer { folder.remove() }
        let context = try context(step, binding, attempt: attempt, token: token, folder: folder)
        guard let limit = step.timeout else { return try await perform(binding, context) }
        let work = SwiftTask(executorPreference: EventLoop.shared) { try await self.perform(binding, context) }
        let timedOut = Flag()
        let timer = SwiftTask {
            do { try await EventLoop.shared.sleep(for: limit) } catch { return }
            timedOut.set()
            work.cancel()
        }
        defer { timer.cancel() }
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

    private func perform(_ binding: StepBinding, _ context: RunContext) async throws -> ValueMap {
        let outputs = try await binding.action.run(binding.arguments, context)
        var result: ValueMap = [:]
        for (name, value) in outputs.sorted(by: { $0.key < $1.key }) { result[name] = secrets.tainted(value, name) }
        return result
    }

    private func context(
        _ step: PlannedStep, _ binding: StepBinding, attempt: Int, token: Int, folder: StepFolder
    ) throws -> RunContext {
        var environment = try binding.scope.revealedEnvironment()
        let outputFile = "\(temporaryDirectory)/output-\(token)"
        environment["OPS_RUN_ID"] = id
        environment["OPS_TASK"] = step.id.task?.description ?? ""
        environment["OPS_STEP"] = step.name ?? String(step.id.index + 1)
        environment["OPS_ATTEMPT"] = String(attempt)
        environment["OPS_TEMP"] = temporaryDirectory
        environment["OPS_RECIPE_DIR"] = plan.recipe.directory
        environment["OPS_OUTPUT"] = outputFile
        for (variable, content) in binding.files {
            environment[variable] = try folder.write(content, as: variable)
        }
        var logger = Logger(label: "ops.step") { _ in EventLogHandler(run: self, step: step.id) }
        logger.logLevel = .debug
        var context = RunContext(
            directory: step.directory, environment: environment, step: binding.options,
            temporaryDirectory: { try folder.make() },
            outputFile: outputFile, logger: logger,
            output: { stream, bytes in
                if EventLoop.shared.isCurrent {
                    // The call returns before the buffer goes.
                    nonisolated(unsafe) let bytes = bytes
                    EventLoop.assumeIsolated { self.received(bytes, stream, token) }
                } else {
                    let copy = [UInt8](bytes)
                    onLoop { copy.withUnsafeBytes { self.received($0, stream, token) } }
                }
            },
            progress: { progress in
                onLoop { self.emit(.progress(step.id, progress)) }
            },
            grace: options.grace)
        context.keepProcesses = keeper(of: step)
        return context
    }

    /// What a step of a task left running may serve the task's later steps.
    private func keeper(of step: PlannedStep) -> (@Sendable (Int32) -> Void)? {
        guard let task = step.id.task else { return nil }
        let isDetached = step.definition.isDetached
        return { group in
            onLoop {
                guard !isDetached else {
                    return self.message(.notice, "left running: the process group \(group)", step: step.id)
                }
                self.leftOvers[task, default: []].append((ProcessGroup(group), step.id))
            }
        }
    }

    /// Ends what the task's steps left running, and names it.
    func endLeftOvers(of task: TaskID) async {
        for (group, step) in leftOvers.removeValue(forKey: task) ?? [] where group.isAlive {
            let names = group.members.map { "\($0.name) (\($0.id))" }.joined(separator: ", ")
            message(.warning, "ended processes that the step had left running: \(names)", step: step)
            await group.end(grace: options.grace)
        }
    }

    private func started(_ step: PlannedStep, attempt: Int) {
        emit(
            .stepStarted(
                StepStarted(
                    step: step.id, name: step.name, action: step.action, summary: step.summary, attempt: attempt,
                    isInteractive: step.definition.isInteractive)))
    }

    private func finish(_ step: PlannedStep, skipped reason: String, _ start: ContinuousClock.Instant) -> StepResult {
        let outputs = step.outputs.mapValues { _ in Value.null }
        return finish(step, StepResult(outcome: .skipped, outputs: outputs), start, reason: reason)
    }

    private func finish(
        _ step: PlannedStep, failed error: any Error, task: Int?, _ start: ContinuousClock.Instant,
        _ output: StepOutput?
    ) -> StepResult {
        var failure = failure(of: error, location: step.definition.action.nameRange)
        failure.lastLines = output?.lastLines ?? []
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
        _ step: PlannedStep, _ result: StepResult, _ start: ContinuousClock.Instant, reason: String? = nil
    ) -> StepResult {
        emit(
            .stepFinished(
                StepFinished(
                    step: step.id, outcome: result.outcome, reason: reason, duration: ContinuousClock.now - start,
                    outputs: result.outputs, failure: result.failure, isTolerated: result.isTolerated)))
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
    func covers(_ error: any Error) -> Bool {
        guard !exitCodes.isEmpty else { return true }
        guard let status = (error as? CommandFailure)?.exitStatus else { return false }
        return exitCodes.contains(status)
    }

    /// `delay × backoff^(attempt-1)`, at most `max-delay`.
    func delay(after attempt: Int) -> Duration {
        var seconds = delay.seconds
        for _ in 1..<max(attempt, 1) { seconds *= backoff }
        let limit = maxDelay?.seconds ?? 86_400
        return .nanoseconds(Int64(min(seconds, limit) * 1e9))
    }
}
