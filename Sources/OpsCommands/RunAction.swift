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
        let plan = try await session.plan(
            tasks: tasks, inputs: inputs, inputsFile: settings.inputsFile, arguments: arguments.arguments,
            isRun: !settings.isDryRun, isForced: settings.isForced)
        if !plan.warnings.isEmpty {
            Console.error(ErrorReport.text(of: plan.warnings, style: settings.style, context: session.context))
        }
        if settings.isDryRun {
            try Console.output(PlanText.render(plan, style: settings.style))
            return
        }
        try confirm(plan, yes: settings.yes, session.context)
        let status = try await start(plan, session: session, settings: settings)
        if status != 0 { throw ExitCode(status) }
    }

    /// Asks every question before the first task. Without a terminal a question fails, it never hangs.
    private static func confirm(_ plan: Plan, yes: Bool, _ context: CommandContext) throws {
        guard !yes else { return }
        for task in plan.tasks {
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

    @EventLoopActor
    private static func start(_ plan: Plan, session: RecipeSession, settings: RunSettings) async throws -> Int32 {
        let state = try StateDirectory(environment: session.context.environment)
        let id = StateDirectory.newRunID(now: Timestamp.now)
        let temporary = try temporaryDirectory(id, session.context.environment)
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
        try SignalWatch.start(run)
        isStarted = true
        let ticks = Ticker { reporters.tick() }
        let finished = await run.execute()
        ticks.stop()
        reporters.close()
        state.prune(now: Timestamp.now)
        return finished.exitStatus
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
