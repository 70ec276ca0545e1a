import OpsCore
import OpsEngine
import OpsRecipe
import OpsReport
import OpsSystem

/// Who looks on at a run from within the process.
protocol RunOnlooker: Sendable {
    /// Where the run is kept in place of the user's own state.
    var state: StateDirectory { get }
    /// Called before the run begins; gives who is told of its events.
    @EventLoopActor func begin(run: String) -> [any RunEventSink]
    /// Called once, with what the run masks, now and later.
    func watch(_ registry: SecretRegistry)
    /// Called at its end, while its folder of temporary files is there.
    @EventLoopActor func end(temporary: String) async
}

/// A plan, or what is left of one, with all that it takes to run it: signals, its turn, journal, reports.
struct RunStart: Sendable {
    private let plan: Plan
    private let session: RecipeSession
    private let settings: RunSettings
    /// Ops's own: a clean one is for the steps.
    private let environment: [String: String]
    /// Of a resumed run: its identifier and what is finished of it.
    private let earlier: (id: String, resumption: Resumption)?

    var onlooker: (any RunOnlooker)?

    init(
        _ plan: Plan, session: RecipeSession, settings: RunSettings, environment: [String: String],
        earlier: (id: String, resumption: Resumption)? = nil
    ) {
        self.plan = plan
        self.session = session
        self.settings = settings
        self.environment = environment
        self.earlier = earlier
    }

    /// Runs it and gives the exit status.
    ///
    /// - Parameter folder: makes the run's folder, or gives the one it had, once it is the run's turn.
    @EventLoopActor
    func run(_ folder: @Sendable (StateDirectory, String) throws(OpsError) -> RunFolder) async throws -> Int32 {
        let own = try StateDirectory(environment: environment)
        let state = onlooker?.state ?? own
        let signals = try SignalWatch.start()
        if let limit = settings.jitter {
            var random = SystemRandomNumberGenerator()
            let wait = Unattended.jitter(limit, using: &random)
            try await signals.interruptible { try await EventLoop.shared.sleep(for: wait) }
        }
        let id = earlier?.id ?? StateDirectory.newRunID(now: Timestamp.now)
        let log = RunSystemLog(settings.isUnattended ? SystemLog(environment: environment) : nil, id: id, plan: plan)
        let lock: FileLock?
        switch try await turn(id, state, signals, log) {
        case .free(let taken): lock = taken
        case .skipped(let reason):
            log.skipped(reason)
            return 0
        }
        defer { lock?.release() }
        let folder = try folder(state, id)
        var isStarted = earlier != nil
        defer { if !isStarted { try? removeTree(folder.path) } }
        let temporary = try folder.makeTemporaryDirectory(environment, isResumed: earlier != nil)
        Guard.willRemove(temporary)
        defer { try? removeTree(temporary) }
        let reporters = try Reporters(settings, directory: session.directory)
        let journal = try JournalWriter(runDirectory: folder.path)
        let run = Run(
            id: id, plan: plan, options: settings.options, catalog: session.catalog,
            environment: session.context.environment, temporaryDirectory: temporary, runDirectory: folder.path,
            lockDirectory: own.locks,
            sinks: [journal, SecretDebtLog(run: id, state: state)] + reporters.all + (onlooker?.begin(run: id) ?? []),
            resumption: earlier?.resumption,
            earlierDebts: SecretDebtLog.unpaid(state, own: id))
        onlooker?.watch(run.secretRegistry)
        let hostMask = HostMask.begin(run, reporters, environment: environment)
        signals.interrupt(run)
        isStarted = true
        if settings.isUnattended, !plan.warnings.isEmpty {
            reporters.write(ErrorReport.text(of: plan.warnings, style: settings.style, context: session.context))
        }
        if settings.isUnattended, plan.heartbeat != nil {
            let heartbeat = Heartbeat(run) { reporters.heldTail($0) }
            run.willFinish = { await heartbeat.end($0) }
            heartbeat.begin()
        }
        log.started()
        let ticks = Ticker {
            reporters.tick()
            journal.flush()
        }
        let finished = await run.execute()
        await hostMask?.end()
        ticks.stop()
        reporters.close()
        await onlooker?.end(temporary: temporary)
        if finished.exitStatus != 0 { reporters.release() }
        log.finished(finished)
        if let failure = journal.failure {
            Console.error("ops: error: the run is not recorded to its end: \(OpsError.text(of: failure))\n")
        }
        folder.lock.release()
        state.prune(now: Timestamp.now)
        if let problem = reporters.problem {
            guard finished.exitStatus != 0 else { throw problem }
            Console.error("ops: error: \(OpsError.text(of: problem))\n")
        }
        return finished.exitStatus
    }

    /// Waits for this run's turn among those of its recipe, as `overlap` says.
    @EventLoopActor
    private func turn(
        _ id: String, _ state: StateDirectory, _ signals: SignalWatch, _ log: RunSystemLog
    ) async throws -> RecipeLock.Answer {
        guard settings.isUnattended || plan.recipe.overlap != nil else { return .free(nil) }
        let lock = RecipeLock(plan, id: id, state: state)
        guard settings.isUnattended else { return .free(try lock.attended()) }
        do {
            // What nobody chose loses no run in silence.
            return try await lock.unattended(
                plan.recipe.overlap ?? .fail, wait: settings.options.lockWait, signals: signals)
        } catch {
            log.refused(OpsError.text(of: error))
            throw error
        }
    }
}
