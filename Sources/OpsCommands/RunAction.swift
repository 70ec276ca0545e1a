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
        if let file = settings.planFile {
            let saved = try await SavedPlan(file, arguments, base)
            return try await run(saved.plan, saved.request, session: saved.session, settings: settings)
        }
        let session = try RecipeSession(
            file: arguments.options[.file], directory: arguments.options[.directory], context: base)
        var (tasks, inputs) = RecipeSession.split(arguments.words)
        if tasks.isEmpty {
            guard session.recipe.tasks["default"] != nil else {
                try Console.output(ListCommand.text(session, style: settings.style))
                return
            }
            tasks = ["default"]
        }
        let request = try session.request(
            tasks: tasks, inputs: inputs, inputsFile: settings.inputsFile, arguments: arguments.arguments,
            isRun: !settings.isDryRun)
        try await run(try await session.plan(request), request, session: session, settings: settings)
    }

    private static func run(
        _ plan: Plan, _ request: RecordedRequest, session: RecipeSession, settings: RunSettings
    ) async throws {
        if !plan.warnings.isEmpty {
            Console.error(ErrorReport.text(of: plan.warnings, style: settings.style, context: session.context))
        }
        if settings.isDryRun {
            try Console.output(PlanText.render(plan, style: settings.style))
            return
        }
        try confirm(plan, yes: settings.yes, session.context)
        let state = try StateDirectory(environment: session.context.environment)
        let folder = try RunFolder(state, session.document(plan, request))
        let status = try await start(plan, in: folder, session: session, settings: settings, state: state)
        if status != 0 { throw ExitCode(status) }
    }

    /// Asks every question before the first task. Without a terminal a question fails, it never hangs.
    static func confirm(
        _ plan: Plan, yes: Bool, _ context: CommandContext, isAsked: (Int) -> Bool = { _ in true }
    ) throws {
        guard !yes else { return }
        for (index, task) in plan.tasks.enumerated() where isAsked(index) {
            guard let question = task.confirm else { continue }
            guard context.isInputTerminal, context.isErrorTerminal else {
                throw OpsError(
                    .invalid, "\(task.id) asks \"\(question)\", and there is no terminal to answer on",
                    hint: "--yes answers yes to every question")
            }
            Console.error("\(question) [y/N] ")
            guard let answer = readLine()?.lowercased(), answer == "y" || answer == "yes" else {
                throw OpsError(.cancelled, "not confirmed: nothing was run")
            }
        }
    }

    /// Runs the plan, or what is left of it, and gives the exit status.
    @EventLoopActor
    static func start(
        _ plan: Plan, in folder: RunFolder, session: RecipeSession, settings: RunSettings, state: StateDirectory,
        resumption: Resumption? = nil
    ) async throws -> Int32 {
        var isStarted = resumption != nil
        defer { if !isStarted { try? removeTree(folder.path) } }
        let environment = session.context.environment
        let temporary = try folder.makeTemporaryDirectory(environment, isResumed: resumption != nil)
        defer { try? removeTree(temporary) }
        let reporters = try Reporters(settings)
        let journal = try JournalWriter(runDirectory: folder.path)
        let run = Run(
            id: folder.id, plan: plan, options: settings.options, catalog: session.catalog, environment: environment,
            temporaryDirectory: temporary, runDirectory: folder.path, lockDirectory: state.locks,
            sinks: [journal] + reporters.all, resumption: resumption)
        try SignalWatch.start(run)
        isStarted = true
        let ticks = Ticker { reporters.tick() }
        let finished = await run.execute()
        ticks.stop()
        reporters.close()
        if let failure = journal.failure {
            Console.error("ops: error: the run is not recorded to its end: \(OpsError.text(of: failure))\n")
        }
        folder.lock.release()
        state.prune(now: Timestamp.now)
        return finished.exitStatus
    }
}
