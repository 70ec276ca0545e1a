import ArgumentParser
import Glibc
import OpsCore
import OpsEngine
import OpsRecipe
import OpsSystem
import OrderedCollections

/// What `ops resume` does: the same request again, without what is finished.
enum ResumeAction {
    static func perform(_ arguments: RunArguments, _ base: CommandContext) async throws {
        let settings = try RunSettings(arguments, base)
        guard arguments.words.count <= 1, arguments.arguments.isEmpty else {
            throw OpsError(
                .usage, "ops resume takes one run: its tasks, inputs and arguments are those it began with",
                hint: "'ops run' starts a new run")
        }
        let state = try StateDirectory(environment: base.environment)
        let record = try find(arguments, state, base)
        if record.outcome == Outcome.succeeded.rawValue, !record.isRunning {
            return try Console.output("The run \(record.id) succeeded: nothing is left to do.\n")
        }
        let lock = try RunLock(record.id, runDirectory: record.directory)
        let document = try PlanDocument(headOf: record.directory)
        let request = document.request
        let session = try RecipeSession(file: request.file, directory: request.directory, context: base)
        let plan = try await session.plan(request, recordedGit: document.git.filter { $0.key == "dirty" })
        let earlier = EarlierRun(try JournalFile(runDirectory: record.directory))
        var resumption = Resumption(earlier, plan, lostProducts: try await plan.tasksWithLostProducts())
        let now = session.document(plan, request)
        var drift = PlanDrift.leftOver(document, now) { name in
            plan.tasks.indices.contains { plan.tasks[$0].id.description == name && resumption.isFinished($0) }
        }
        drift.add(session.drift(of: request, document))
        if let error = drift.error(
            "the run \(record.id) began with something else", hint: "--force goes on all the same")
        {
            guard settings.isForced else { throw error }
            for line in [error.diagnostics[0].message] + drift.lines { Console.error("ops: warning: \(line)\n") }
        }
        try askAboutLost(&resumption, settings, session.context)
        try RunAction.confirm(plan, settings, session.context) { !resumption.isFinished($0) }
        if !drift.lines.isEmpty { try now.write(runDirectory: record.directory) }
        let folder = RunFolder(id: record.id, path: record.directory, lock: lock)
        let start = RunStart(
            plan, session: session, settings: settings, environment: base.environment,
            earlier: (record.id, resumption))
        let status = try await start.run { (_, _) throws(OpsError) in folder }
        if status != 0 { throw ExitCode(status) }
    }

    /// The named run; else the newest of this recipe that did not end well, where no later run of the same tasks did.
    private static func find(
        _ arguments: RunArguments, _ state: StateDirectory, _ context: CommandContext
    ) throws -> RunRecord {
        if let prefix = arguments.words.first { return try RunHistory.find(prefix, state) }
        let path: String
        let name: String
        do {
            let (file, context) = try RecipeSession.locate(
                file: arguments.options[.file], directory: arguments.options[.directory], context: context)
            path = file.hasPrefix("/") ? file : context.directory + "/" + file
            name = file
        } catch {
            var error = error
            error.hint = "'ops runs' lists all runs, and 'ops resume RUN' needs no recipe here"
            throw error
        }
        var done: Set<[String]> = []
        var newest: RunRecord?
        let found = try RunHistory.newest(state) { record in
            guard let request = try? PlanDocument(headOf: record.directory).request, request.path == path else {
                return false
            }
            if newest == nil { newest = record }
            if record.isResumable || record.isRunning { return !done.contains(request.tasks) }
            done.insert(request.tasks)
            return false
        }
        guard let run = found ?? newest else {
            throw OpsError(
                .notFound, "there is no run of \(name) yet", hint: "'ops runs' lists all runs")
        }
        return run
    }

    /// Steps that were running when the run died, and have a say in what is done with them.
    private static func askAboutLost(
        _ resumption: inout Resumption, _ settings: RunSettings, _ context: CommandContext
    ) throws {
        for lost in resumption.lost {
            switch lost.step.definition.resume {
            case .fail where !settings.isForced:
                throw OpsError(
                    .invalid, "\(lost.name) was running when the run died, and 'resume: fail' does not run it again",
                    hint: "see to it, then start a new run; --force runs the step again",
                    at: lost.step.definition.action.nameRange)
            case .ask where !settings.yes:
                let question = "\(lost.name) was running when the run died. Run it again?"
                guard context.isInputTerminal, context.isErrorTerminal else {
                    throw OpsError(
                        .invalid, "\(question) There is no terminal to answer on",
                        hint: "--yes answers yes to every question")
                }
                Console.error("\(question) [y]es, [s]kip it as done, [N]o ")
                switch readLine()?.lowercased() {
                case "y", "yes": continue
                case "s", "skip": resumption.takeAsDone(lost)
                default: throw OpsError(.cancelled, "not confirmed: nothing was run")
                }
            case nil, .ask, .skip, .fail: continue
            }
        }
    }
}
