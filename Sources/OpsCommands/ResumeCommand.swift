import ArgumentParser
import OpsCore
import OpsEngine

/// `ops resume`, as ArgumentParser sees it. The usual way is `RunArguments(fast:)`.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a run that failed, was interrupted or died.",
        discussion: """
            The same tasks, inputs and arguments, from any folder: what is finished is not run again. Without a run it \
            is the newest of this recipe that did not end well. Refused where recipe, inputs or git facts have changed.
            """)

    @Argument(
        help: ArgumentHelp("A run, or the start of its name.", valueName: "run"),
        completion: .custom(RunCompletion.runs))
    var words: [String] = []

    @OptionGroup var global: GlobalOptions
    @Flag(name: RunOption.force.names, help: RunOption.force.help) var force = false
    @Option(name: RunOption.jobs.names, help: RunOption.jobs.valueHelp) var jobs: String?
    @Flag(name: RunOption.keepGoing.names, help: RunOption.keepGoing.help) var keepGoing = false
    @Option(name: RunOption.timeout.names, help: RunOption.timeout.valueHelp) var timeout: String?
    @Option(name: RunOption.grace.names, help: RunOption.grace.valueHelp) var grace: String?
    @Option(name: RunOption.wait.names, help: RunOption.wait.valueHelp) var wait: String?
    @Flag(name: RunOption.noWait.names, help: RunOption.noWait.help) var noWait = false
    @Flag(name: RunOption.yes.names, help: RunOption.yes.help) var yes = false
    @Option(
        name: RunOption.stream.names, help: RunOption.stream.valueHelp,
        completion: .list(StreamMode.allCases.map(\.rawValue)))
    var stream: String?
    @Option(
        name: RunOption.logFormat.names, help: RunOption.logFormat.valueHelp,
        completion: .list(LogFormat.allCases.map(\.rawValue)))
    var logFormat: String?
    @Option(name: RunOption.logFile.names, help: RunOption.logFile.valueHelp, completion: .file()) var logFile: String?
    @Flag(name: RunOption.quiet.names, help: RunOption.quiet.help) var quiet = false
    @Flag(name: RunOption.verbose.names, help: RunOption.verbose.help) var verbose = false

    /// The options of `ops run` that a resumed run takes.
    static let options: Set<RunOption> = [
        .file, .directory, .color, .force, .jobs, .keepGoing, .timeout, .grace, .wait, .noWait, .yes, .stream,
        .logFormat, .logFile, .quiet, .verbose,
    ]

    var parsed: RunArguments {
        var result = RunArguments()
        result.words = words
        result.arguments = Passthrough.arguments
        let values: [(RunOption, String?)] = [
            (.file, global.file), (.directory, global.directory), (.color, global.color), (.jobs, jobs),
            (.timeout, timeout), (.grace, grace), (.wait, wait), (.stream, stream), (.logFormat, logFormat),
            (.logFile, logFile),
        ]
        for (option, value) in values { result.options[option] = value }
        let flags: [(RunOption, Bool)] = [
            (.force, force), (.keepGoing, keepGoing), (.noWait, noWait), (.yes, yes), (.quiet, quiet),
            (.verbose, verbose),
        ]
        result.flags = Set(flags.filter(\.1).map(\.0))
        return result
    }

    mutating func run() async throws {
        try await CommandLineTool.finish { try await ResumeAction.perform(parsed, .current()) }
    }
}

extension RunArguments {
    /// True where all options are those of `ops resume`.
    var isForResume: Bool { flags.union(options.keys).isSubset(of: ResumeCommand.options) }
}

/// What the shell offers where a run is wanted.
enum RunCompletion {
    @Sendable static func runs(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        guard let state = try? StateDirectory(environment: CommandContext.current().environment),
            let records = try? RunHistory.list(state)
        else { return [] }
        return records.map(\.id).filter { $0.hasPrefix(prefix) }
    }
}
