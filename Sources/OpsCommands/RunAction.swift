import ArgumentParser
import OpsCore
import OpsEngine
import OpsRecipe
import OpsReport
import OrderedCollections

/// How steps' output is shown.
enum StreamMode: String, CaseIterable, Sendable { case grouped, prefixed, raw }

/// How a run is reported.
enum LogFormat: String, CaseIterable, Sendable { case auto, pretty, plain, json, github, gitlab }

/// What `ops run` does.
enum RunAction {
    static func perform(_ arguments: RunArguments, _ base: CommandContext) async throws {
        let settings = try RunSettings(arguments, base)
        // A clean environment is for the steps; ops's own state stays where it was.
        var context = base
        if settings.hasCleanEnvironment { context.environment = CleanEnvironment.of(base.environment) }
        if let file = settings.planFile {
            let saved = try await SavedPlan(file, arguments, context)
            return try await run(saved.plan, saved.request, session: saved.session, settings: settings, base)
        }
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
        var request = try session.request(
            tasks: tasks, inputs: inputs, inputsFile: settings.inputsFile, arguments: arguments.arguments,
            isRun: !settings.isDryRun, isForced: settings.isForced)
        request.isSandboxed = settings.isSandboxed
        try await run(try await session.plan(request), request, session: session, settings: settings, base)
    }

    private static func run(
        _ plan: Plan, _ request: RecordedRequest, session: RecipeSession, settings: RunSettings, _ base: CommandContext
    ) async throws {
        var plan = plan
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
        let document = session.document(plan, request)
        let start = RunStart(plan, session: session, settings: settings, environment: base.environment)
        let status = try await start.run { (state, id) throws(OpsError) in try RunFolder(state, document, id: id) }
        if status != 0 { throw ExitCode(status) }
    }

    /// Asks every question before the first task. Without a terminal a question fails, it never hangs.
    static func confirm(
        _ plan: Plan, _ settings: RunSettings, _ context: CommandContext, isAsked: (Int) -> Bool = { _ in true }
    ) throws {
        guard !settings.yes else { return }
        for (index, task) in plan.tasks.enumerated() where isAsked(index) {
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
}
