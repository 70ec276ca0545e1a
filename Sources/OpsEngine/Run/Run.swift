import OpsCore
package import OpsPlugin
import OpsRecipe
package import OpsSystem
import OrderedCollections

/// Runs a plan: a bounded parallel graph on the event loop's one thread.
///
/// It starts nothing that the plan does not list. All that happens goes to the sinks as events, masked.
@EventLoopActor
package final class Run {

    package let id: String
    let plan: Plan
    let options: RunOptions
    let catalog: PluginCatalog
    /// `run.temp`: a private folder, removed at the end.
    let temporaryDirectory: String
    var secrets: SecretStore
    /// The fetch under way.
    var fetching: SwiftTask<[String: Value], any Error>?
    private let sinks: [any RunEventSink]
    /// Where output is kept.
    let logs: RunLogs

    var states: [TaskState] = []
    var ready: [Int] = []
    var runningCount = 0
    /// Running instances of each task that has `max-parallel`.
    var runningByName: [String: Int] = [:]
    var interactiveRuns = false
    /// The first failure's task, once nothing more is to be started.
    var stoppedBy: String?
    var interruption: Interruption?
    var openTasks = 0
    var allDone: CheckedContinuation<Void, Never>?
    var outputs: [Int: StepOutput] = [:]
    var nextToken = 0
    var cleanUpWork: SwiftTask<Void, Never>?
    let started = ContinuousClock.now
    let startedAt = Timestamp.now
    private var journalFailed = false

    /// Why the whole run ends early.
    package struct Interruption: Sendable {
        package var reason: String
        package var exitStatus: Int32

        package init(reason: String, exitStatus: Int32) {
            self.reason = reason
            self.exitStatus = exitStatus
        }
    }

    package init(
        id: String, plan: Plan, options: RunOptions, catalog: PluginCatalog, environment: [String: String],
        temporaryDirectory: String, runDirectory: String, sinks: [any RunEventSink]
    ) {
        self.id = id
        self.plan = plan
        self.options = options
        self.catalog = catalog
        self.temporaryDirectory = temporaryDirectory
        logs = RunLogs(runDirectory: runDirectory)
        self.sinks = sinks
        secrets = SecretStore(plan: plan, catalog: catalog, environment: environment)
    }

    /// Runs all of it, clean-up included, and says how it ended. Call once.
    package func execute() async -> RunFinished {
        emit(
            .runStarted(
                RunStarted(
                    run: id, recipe: plan.recipe.file, tasks: plan.requested, taskCount: plan.tasks.count,
                    version: options.version)))
        let timer = startRunTimer()
        defer { timer?.cancel() }
        do {
            try await fetchDecidedSecrets()
            await runTasks()
        } catch {
            for problem in (error as? DiagnosticsError)?.diagnostics ?? [] {
                let place = problem.range.map { "\($0): " } ?? ""
                message(.error, place + problem.message + (problem.hint.map { " (\($0))" } ?? ""), step: nil)
            }
            if !(error is DiagnosticsError) { message(.error, OpsError.text(of: error), step: nil) }
            stoppedBy = "fetching secrets"
            lacksSecrets = true
        }
        timer?.cancel()
        await runRecipeCleanUp()
        let finished = ending()
        emit(.runFinished(finished))
        return finished
    }

    /// Cancels what runs, with clean-up; nothing more is started. Later calls change nothing.
    package func interrupt(_ interruption: Interruption) {
        guard self.interruption == nil else { return }
        self.interruption = interruption
        cancelRunning(interruption.reason)
        fetching?.cancel()
        // Later: a journal that fails interrupts from the midst of the scheduling.
        SwiftTask { startReady() }
    }

    func emit(_ kind: RunEvent.Kind) {
        let event = RunEvent(time: Timestamp.now, kind: kind)
        for sink in sinks { sink.receive(event) }
        guard !journalFailed, let failure = sinks.lazy.compactMap(\.failure).first else { return }
        journalFailed = true
        interrupt(Interruption(reason: OpsError.text(of: failure), exitStatus: 1))
    }

    func message(_ level: Message.Level, _ text: String, step: StepID?) {
        emit(.message(Message(level: level, text: secrets.registry.redact(text), step: step)))
    }

    private func startRunTimer() -> SwiftTask<Void, Never>? {
        guard let limit = options.timeout ?? plan.timeout else { return nil }
        return SwiftTask {
            do { try await EventLoop.shared.sleep(for: limit) } catch { return }
            interrupt(Interruption(reason: "the run's timeout of \(limit.text) passed", exitStatus: 124))
        }
    }

    /// Secrets of steps that are certain to run are fetched together before the first task.
    private func fetchDecidedSecrets() async throws {
        var names: Set<String> = []
        for task in plan.tasks where task.decision == .run {
            for step in task.steps where step.decision == .run { names.formUnion(step.secrets) }
        }
        guard !names.isEmpty else { return }
        try await ensureSecrets(names)
        reportWeakSecrets()
    }

    func reportWeakSecrets() {
        for warning in secrets.takeWarnings() { emit(.message(Message(level: .warning, text: warning))) }
    }

    private func runRecipeCleanUp() async {
        let failed = hasFailed
        guard !plan.finally.isEmpty || failed && !plan.onFailure.isEmpty else { return }
        let work = SwiftTask(executorPreference: EventLoop.shared) { await self.runRecipeSteps(failed: failed) }
        cleanUpWork = work
        await work.value
    }

    private func runRecipeSteps(failed: Bool) async {
        var scope = runScope()
        do { try scope.extend(with: plan.recipe.env) } catch {
            message(.error, OpsError.text(of: error), step: nil)
            cleanUpFailed = true
            return
        }
        scope.environment["OPS_STATUS"] = interruption == nil ? (failed ? "failed" : "succeeded") : "cancelled"
        for step in (failed ? plan.onFailure : []) + plan.finally {
            let result = await run(step, task: nil, scope: scope)
            if let id = step.definition.id { scope.steps[id] = result.value }
            if !result.isFine { cleanUpFailed = true }
        }
    }

    var cleanUpFailed = false
    /// A secret was not to be had before the first task: nothing was run.
    private var lacksSecrets = false
    /// What steps left running, by task.
    var leftOvers: [TaskID: [(group: ProcessGroup, step: StepID)]] = [:]

    var hasFailed: Bool {
        stoppedBy != nil || interruption != nil || states.contains { $0.phase == .done && !$0.isSatisfied }
    }

    private func ending() -> RunFinished {
        let duration = ContinuousClock.now - started
        if let interruption {
            return RunFinished(
                run: id, outcome: interruption.exitStatus == 124 ? .timedOut : .cancelled, duration: duration,
                exitStatus: interruption.exitStatus, reason: interruption.reason)
        }
        let failed = hasFailed || cleanUpFailed
        return RunFinished(
            run: id, outcome: failed ? .failed : .succeeded, duration: duration,
            exitStatus: lacksSecrets ? 2 : failed ? 1 : 0,
            reason: cleanUpFailed && !hasFailed ? "clean-up failed" : nil)
    }
}
