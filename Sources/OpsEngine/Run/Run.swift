import OpsCore
package import OpsPlugin
import OpsRecipe
package import OpsSystem
import OrderedCollections

/// Runs a plan: a bounded parallel graph on the event loop's one thread.
///
/// It starts nothing that the plan does not list. All that happens goes to the sinks as events, masked. Time and chance
/// come from outside (`clock`, `RunOptions.seed`), so that a test can replay any order of events.
@EventLoopActor
package final class Run {
    package let id: String
    let plan: Plan
    let options: RunOptions
    let catalog: PluginCatalog
    let clock: any RunClock
    var random: any RandomNumberGenerator
    /// `run.temp`: a private folder, removed at the end.
    let temporaryDirectory: String
    /// Where the locks of `exclusive` names stand.
    let lockDirectory: String
    var secrets: SecretStore
    /// The fetch under way.
    var fetching: SwiftTask<FetchedSecrets, Never>?
    /// What all fetches share; nil until the first.
    var secretSessions: SecretSessions?
    /// What earlier runs made for their secrets and did not take back, and the work of doing so.
    let earlierDebts: [EarlierDebts]
    var payment: (task: SwiftTask<Void, Never>, sessions: SecretSessions)?
    /// Where the `files` of steps stand.
    let privateFiles: PrivateFiles
    /// What is kept for steps with permissions.
    let cages: Cages
    private let sinks: [any RunEventSink]
    /// Where output is kept.
    let logs: RunLogs

    var states: [TaskState] = []
    var ready: [Int] = []
    var runningCount = 0
    /// Running instances of each task that has `max-parallel`.
    var runningByTask: [TaskID: Int] = [:]
    var interactiveRuns = false
    /// The first failure's task, once nothing more is to be started.
    var stoppedBy: String?
    /// The first failure that counts, for the recipe's own handlers.
    var firstFailure: TaskEnding?
    var interruption: Interruption?
    var openTasks = 0
    /// Roll-backs under way that belong to no running task.
    var openRollBacks = 0
    /// Called once, when every task is done.
    var allDone: (() -> Void)?
    var outputs: [Int: StepOutput] = [:]
    var nextToken = 0
    /// Undos that are armed, in the order in which they were.
    var armedUndos: [ArmedUndo] = []
    /// Undos that run now, by the task whose work they take back.
    var undosUnderWay: [Int: Int] = [:]
    /// The roll-back that the next one waits for.
    var rollBackQueue: SwiftTask<Void, Never>?
    /// The `exclusive` names that this run holds or waits for.
    var leases: [String: Lease] = [:]
    /// The records of what is up to date, and what running tasks hold to add to them.
    var freshness: FreshnessRecords?
    var freshnessLeases: [Int: FreshnessLease] = [:]
    /// How long the run did nothing but wait for other runs: no part of its timeout.
    var waitedForLocks = Duration.zero
    /// A name was held by another run for longer than this one waits.
    var lacksLock = false
    /// What an earlier part of this run, which is resumed, has done.
    let resumption: Resumption?
    let startedTicks: UInt64
    let startedAt: Double
    /// What `run` gives in expressions.
    let runFacts: ValueMap
    private var journalFailed = false
    var cleanUpFailed = false
    /// A secret was not to be had before the first task: nothing was run.
    private var lacksSecrets = false
    /// Is called once all is done, before the run's last event.
    package var willFinish: (@EventLoopActor (RunFinished) async -> Void)?
    /// What steps left running, by task.
    var leftOvers: [TaskID: [(tree: ProcessTree, step: StepID)]] = [:]

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
        temporaryDirectory: String, runDirectory: String, lockDirectory: String, sinks: [any RunEventSink],
        clock: any RunClock = SystemRunClock(), resumption: Resumption? = nil,
        earlierDebts: [EarlierDebts] = []
    ) {
        self.id = id
        self.plan = plan
        freshness = plan.freshness
        self.options = options
        self.catalog = catalog
        self.clock = clock
        random = options.seed.map { SeededGenerator(seed: $0) } ?? SystemRandomNumberGenerator()
        self.temporaryDirectory = temporaryDirectory
        self.lockDirectory = lockDirectory
        logs = RunLogs(runDirectory: runDirectory)
        self.sinks = sinks
        startedTicks = clock.ticks
        startedAt = resumption.map(\.earlier.started) ?? clock.now
        runFacts = [
            "id": .string(id), "started": .string(Timestamp.iso8601(startedAt)), "temp": .string(temporaryDirectory),
        ]
        self.resumption = resumption
        self.earlierDebts = earlierDebts
        privateFiles = PrivateFiles(run: id, environment: environment, fallback: temporaryDirectory)
        cages = Cages(temporaryDirectory: temporaryDirectory, environment: environment)
        secrets = SecretStore(plan: plan, catalog: catalog, environment: environment)
    }

    /// Runs all of it, clean-up included, and says how it ended. Call once.
    package func execute() async -> RunFinished {
        // Before there is another process: the environment may hold what an `env://` reference names.
        if !plan.secrets.isEmpty || !earlierDebts.isEmpty { ProcessMemory.hide() }
        announce()
        cages.notice = { [unowned self] text in self.message(.notice, text, step: nil) }
        // From here on others know of this run: one that was killed before must not begin.
        Guard.check()
        startRunTimer()
        beginToPayEarlierDebts()
        do {
            try checkLocks()
            try await fetchDecidedSecrets()
            try await runTasks()
        } catch {
            for problem in (error as? DiagnosticsError)?.diagnostics ?? [] {
                let place = problem.range.map { "\($0): " } ?? ""
                message(.error, place + problem.message + (problem.hint.map { " (\($0))" } ?? ""), step: nil)
            }
            if !(error is DiagnosticsError) { message(.error, OpsError.text(of: error), step: nil) }
            if (error as? OpsError)?.code == .busy {
                lacksLock = true
            } else {
                lacksSecrets = true
            }
            stoppedBy = lacksLock ? "waiting for another run" : "fetching secrets"
        }
        runTimer.map(clock.cancel)
        await runRecipeCleanUp()
        await endStrays()
        await endSecrets()
        privateFiles.remove()
        let finished = ending()
        await willFinish?(finished)
        emit(.runFinished(finished))
        // An end that could not be written is none.
        return journalFailed ? ending() : finished
    }

    private func announce() {
        let (recipe, tasks, count) = (plan.recipe.file, plan.requested, plan.tasks.count)
        guard let resumption else {
            return emit(
                .runStarted(
                    RunStarted(run: id, recipe: recipe, tasks: tasks, taskCount: count, version: options.version)))
        }
        emit(
            .runResumed(
                RunResumed(
                    run: id, recipe: recipe, tasks: tasks, taskCount: count, finishedTasks: resumption.finishedCount,
                    version: options.version)))
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
        let event = RunEvent(time: clock.now, kind: kind)
        for sink in sinks { sink.receive(event) }
        guard !journalFailed else { return }
        for sink in sinks {
            guard let failure = sink.failure else { continue }
            journalFailed = true
            return interrupt(Interruption(reason: OpsError.text(of: failure), exitStatus: 1))
        }
    }

    func message(_ level: Message.Level, _ text: String, step: StepID?) {
        emit(.message(Message(level: level, text: secrets.registry.redact(text), step: step)))
    }

    private var runTimer: UInt64?

    /// The run's limit; what it waited for other runs does not count.
    private func startRunTimer(_ left: Duration? = nil) {
        guard let limit = options.timeout ?? plan.timeout else { return }
        let before = waitedForLocks
        runTimer = clock.after(left ?? limit) { [self] in
            guard waitedForLocks == before else { return startRunTimer(waitedForLocks - before) }
            interrupt(Interruption(reason: "the run's timeout of \(limit.text) passed", exitStatus: 124))
        }
    }

    /// Secrets of steps that are certain to run are fetched together before the first task; those that live only for a
    /// while when they are needed.
    private func fetchDecidedSecrets() async throws {
        var names: Set<String> = []
        for (index, task) in plan.tasks.enumerated() where task.decision == .run && !isFinishedBefore(index) {
            for step in task.steps where step.decision == .run { names.formUnion(step.secrets) }
        }
        names.subtract(secrets.dynamic(names))
        guard !names.isEmpty else { return }
        try await ensureSecrets(names)
        reportWeakSecrets()
    }

    func reportWeakSecrets() {
        for warning in secrets.takeWarnings() { emit(.message(Message(level: .warning, text: warning))) }
    }

    var hasFailed: Bool {
        stoppedBy != nil || interruption != nil || states.contains { $0.phase == .done && !$0.isSatisfied }
    }

    private func ending() -> RunFinished {
        let duration = clock.elapsed(since: startedTicks)
        if let interruption {
            return RunFinished(
                run: id, outcome: interruption.exitStatus == 124 ? .timedOut : .cancelled, duration: duration,
                exitStatus: interruption.exitStatus, reason: interruption.reason)
        }
        let failed = hasFailed || cleanUpFailed
        return RunFinished(
            run: id, outcome: failed ? .failed : .succeeded, duration: duration,
            exitStatus: lacksSecrets ? 2 : lacksLock ? 75 : failed ? 1 : 0,
            reason: cleanUpFailed && !hasFailed ? "clean-up failed" : nil)
    }
}
