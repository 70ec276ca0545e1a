import ArgumentParser
import Glibc
import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import OpsReport
import OpsSystem
import OrderedCollections

/// `ops secrets drill`: runs tasks with canaries in place of their secrets and looks where they end up.
struct SecretsDrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Run tasks with canaries in place of secrets, and look where they end up.",
        discussion: """
            The steps are run for real, with values that are nobody's secrets: no source is asked, and what a step \
            does elsewhere it does. Exit status 1 where a canary is found in an argument list, in the environment of a \
            step that does not name it, in a file, an archive or a report; each place is named.
            """)

    @Argument(
        help: ArgumentHelp("Tasks to run, and inputs as key=value; 'default' by default.", valueName: "task|key=value"),
        completion: .custom(TaskCompletion.tasks))
    var words: [String] = []
    @OptionGroup var global: GlobalOptions
    @Option(name: RunOption.jobs.names, help: RunOption.jobs.valueHelp) var jobs: String?
    @Option(name: RunOption.timeout.names, help: RunOption.timeout.valueHelp) var timeout: String?
    @Flag(name: RunOption.yes.names, help: RunOption.yes.help) var yes = false

    mutating func run() async throws {
        try await CommandLineTool.finish {
            var arguments = RunArguments()
            let options: [RunOption: String?] = [
                .file: global.file, .directory: global.directory, .color: global.color, .jobs: jobs, .timeout: timeout,
            ]
            arguments.options = options.compactMapValues { $0 }
            arguments.flags = yes ? [.keepGoing, .force, .yes] : [.keepGoing, .force]
            var session = try global.session()
            let canaries = Canaries()
            session.catalog = try canaries.replacing(session.catalog)
            var (tasks, inputs) = RecipeSession.split(words)
            if tasks.isEmpty { tasks = ["default"] }
            let request = try session.request(
                tasks: tasks, inputs: inputs, arguments: Passthrough.arguments, isRun: true, isForced: true)
            var plan = try await session.plan(request)
            // What was made with a canary is not up to date.
            plan.freshness = nil
            guard !plan.secrets.isEmpty else {
                return try Console.output("\(tasks.joined(separator: ", ")) has no secret.\n")
            }
            var settings = try RunSettings(arguments, session.context)
            settings.isKept = false
            try RunAction.confirm(plan, settings, session.context)
            let drill = try Drill(plan, canaries, environment: session.context.environment)
            defer { try? removeTree(drill.state.path) }
            let document = session.document(plan, request)
            var start = RunStart(plan, session: session, settings: settings, environment: session.context.environment)
            start.onlooker = drill
            let status = try await start.run { (state, id) throws(OpsError) in try RunFolder(state, document, id: id) }
            let leaks = await drill.leaks(project: session.recipe.directory)
            try Console.output(Self.text(leaks, plan, status, settings.style))
            if !leaks.isEmpty { throw ExitCode(1) }
            if status != 0 { throw ExitCode(status) }
        }
    }

    private static func text(_ leaks: [Leak], _ plan: Plan, _ status: Int32, _ style: Style) -> String {
        var text = ""
        var table = TableText(width: style.width)
        for leak in leaks {
            table.row([style.paint("found", .red), style.paint(leak.secret, .bold), leak.place])
        }
        text += table.text
        if leaks.isEmpty, status == 0 {
            let names = plan.secrets.map(\.name).joined(separator: ", ")
            text += "No canary was found where it was not meant to be (\(names)).\n"
        }
        if status != 0 {
            text += "The run did not succeed: what did not run was not looked at.\n"
        }
        return text + "Not looked at: what was sent over a network, other machines, and processes that ended at once.\n"
    }
}

/// Looks on at a run whose secrets are canaries.
@EventLoopActor
final class Drill: RunOnlooker {
    /// A place of its own: nothing of a drill is among the runs that are kept, or can be resumed.
    nonisolated let state: StateDirectory
    private let plan: Plan
    private nonisolated let search = LeakSearch()
    private let started = Timestamp.now
    private var events: EventLeakSearch?
    private var processes: ProcessLeakSearch?
    private var found: Set<Leak> = []

    /// Throws: an `OpsError` where there is no place for its own state.
    nonisolated init(_ plan: Plan, _ canaries: Canaries, environment: [String: String]) throws(OpsError) {
        self.plan = plan
        let base = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        var path = Array("\(base)/ops-drill-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else { throw OpsError.system("make a folder in", base) }
        state = try StateDirectory(
            environment: [
                "OPS_STATE_DIR": String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            ])
        for secret in plan.secrets {
            for reference in secret.references {
                search.registry.register(name: secret.name, bytes: canaries.value(for: reference))
            }
        }
    }

    nonisolated func watch(_ registry: SecretRegistry) { search.watch(registry) }

    func begin(run: String) -> [any RunEventSink] {
        let events = EventLeakSearch(search)
        let processes = ProcessLeakSearch(search, run: run, plan: plan)
        self.events = events
        self.processes = processes
        processes.begin()
        return [events]
    }

    func end(temporary: String) async {
        found.formUnion(processes?.end() ?? [])
        found.formUnion(events?.found ?? [])
        let (search, started) = (search, started)
        found.formUnion(
            (try? await onThread { _ in search.leaks(below: temporary, changedSince: started, name: "run.temp/") })
                ?? [])
    }

    /// All that was found, once the run is over.
    func leaks(project: String) async -> [Leak] {
        let (search, started, state) = (search, started, state.path)
        let files = try? await onThread { _ in
            search.leaks(below: project, changedSince: started, name: "")
                + search.leaks(below: state, changedSince: started, name: "state/")
        }
        return found.union(files ?? []).sorted { ($0.secret, $0.place) < ($1.secret, $1.place) }
    }
}
