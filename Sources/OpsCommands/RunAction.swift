import ArgumentParser
import Glibc
import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import OpsReport
import OpsSystem
import OrderedCollections

/// How steps' output is shown.
enum StreamMode: String, CaseIterable, Sendable { case grouped, prefixed, raw }

/// How a run is reported.
enum LogFormat: String, CaseIterable, Sendable { case auto, pretty, plain, json, github, gitlab }

/// What `ops run` does.
enum RunAction {
    static func perform(_ arguments: RunArguments, _ base: CommandContext) async throws {
        let settings = try RunSettings(arguments, base)
        var context = base
        if settings.hasCleanEnvironment { context.environment = CleanEnvironment.of(base.environment) }
        let session = try RecipeSession(
            file: arguments.options[.file], directory: arguments.options[.directory], context: context)
        var (tasks, inputs) = RecipeSession.split(arguments.words)
        if tasks.isEmpty {
            guard session.recipe.tasks["default"] != nil else {
                try Console.output(ListCommand.text(session, style: settings.style))
                return
            }
            tasks = ["default"]
        }
        var plan = try await session.plan(
            tasks: tasks, inputs: inputs, inputsFile: settings.inputsFile, arguments: arguments.arguments,
            isRun: !settings.isDryRun, isForced: settings.isForced)
        if settings.isUnattended {
            plan.timeout = plan.timeout ?? Unattended.defaultTimeout
            try Unattended.check(plan)
        }
        if !plan.warnings.isEmpty, settings.isDryRun || !settings.isUnattended {
            Console.error(ErrorReport.text(of: plan.warnings, style: settings.style, context: session.context))
        }
        if settings.isDryRun {
            try Console.output(PlanText.render(plan, style: settings.style))
            return
        }
        try confirm(plan, settings, session.context)
        let status = try await start(plan, session: session, settings: settings, environment: base.environment)
        if status != 0 { throw ExitCode(status) }
    }

    /// Asks every question before the first task. Without a terminal a question fails, it never hangs.
    private static func confirm(_ plan: Plan, _ settings: RunSettings, _ context: CommandContext) throws {
        guard !settings.yes else { return }
        for task in plan.tasks {
            guard let question = task.confirm else { continue }
            guard context.isInputTerminal, context.isErrorTerminal, !settings.isUnattended else {
                let nobody = settings.isUnattended ? "nobody attends this run" : "there is no terminal to answer on"
                throw OpsError(
                    .invalid, "\(task.id) asks \"\(question)\", and \(nobody)",
                    hint: "--yes answers yes to every question")
            }
            Console.error("\(question) [y/N] ")
            guard let answer = readLine()?.lowercased(), answer == "y" || answer == "yes" else {
                throw OpsError(.cancelled, "not confirmed: nothing was run")
            }
        }
    }

    /// - Parameter environment: ops's own: a clean one is for the steps.
    @EventLoopActor
    private static func start(
        _ plan: Plan, session: RecipeSession, settings: RunSettings, environment: [String: String]
    ) async throws -> Int32 {
        let state = try StateDirectory(environment: environment)
        let signals = try SignalWatch.start()
        if let limit = settings.jitter {
            var random = SystemRandomNumberGenerator()
            let wait = Unattended.jitter(limit, using: &random)
            try await signals.interruptible { try await EventLoop.shared.sleep(for: wait) }
        }
        let id = StateDirectory.newRunID(now: Timestamp.now)
        let log = RunSystemLog(settings.isUnattended ? SystemLog(environment: environment) : nil, id: id, plan: plan)
        let lock: FileLock?
        switch try await turn(plan, id: id, state: state, settings: settings, signals: signals, log: log) {
        case .free(let taken): lock = taken
        case .skipped(let reason):
            log.skipped(reason)
            return 0
        }
        defer { lock?.release() }
        let temporary = try temporaryDirectory(id, environment)
        Guard.willRemove(temporary)
        defer { try? removeTree(temporary) }
        let folder = try state.makeRun(id)
        var isStarted = false
        defer { if !isStarted { try? removeTree(folder) } }
        try writeAtomically(Array(JSONWriter.text(PlanJSON.value(plan)).utf8), to: folder + "/plan.json", mode: 0o600)
        let reporters = try Reporters(settings)
        let journal = try JournalWriter(runDirectory: folder)
        let run = Run(
            id: id, plan: plan, options: settings.options, catalog: session.catalog,
            environment: session.context.environment, temporaryDirectory: temporary, runDirectory: folder,
            lockDirectory: state.locks, sinks: [journal] + reporters.all)
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
        let ticks = Ticker { reporters.tick() }
        let finished = await run.execute()
        ticks.stop()
        reporters.close()
        if finished.exitStatus != 0 { reporters.release() }
        log.finished(finished)
        state.prune(now: Timestamp.now)
        return finished.exitStatus
    }

    /// Waits for this run's turn among those of its recipe, as `overlap` says.
    @EventLoopActor
    private static func turn(
        _ plan: Plan, id: String, state: StateDirectory, settings: RunSettings, signals: SignalWatch,
        log: RunSystemLog
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

    /// The run's private folder, new: in a shared `/tmp` somebody else's of that name is not taken.
    private static func temporaryDirectory(_ id: String, _ environment: [String: String]) throws(OpsError) -> String {
        let base = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let path = "\(base)/ops-\(id)"
        guard base.hasPrefix("/") else {
            throw OpsError(.invalid, "TMPDIR is '\(base)', a relative path", hint: "it takes an absolute one")
        }
        guard mkdir(path, 0o700) == 0 else {
            var error = OpsError.system("make the folder", path)
            error.hint = "set TMPDIR to a folder that may be written"
            throw error
        }
        return path
    }
}
