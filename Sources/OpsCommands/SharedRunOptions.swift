import ArgumentParser

/// The options that `ops run` and `ops resume` have in common, as ArgumentParser sees them.
struct SharedRunOptions: ParsableArguments {
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
    @Option(name: RunOption.junit.names, help: RunOption.junit.valueHelp, completion: .file()) var junit: String?
    @Flag(name: RunOption.quiet.names, help: RunOption.quiet.help) var quiet = false
    @Flag(name: RunOption.verbose.names, help: RunOption.verbose.help) var verbose = false

    /// The same as the fast parser would give them.
    static let options: Set<RunOption> = [
        .file, .directory, .color, .force, .jobs, .keepGoing, .timeout, .grace, .wait, .noWait, .yes, .stream,
        .logFormat, .logFile, .junit, .quiet, .verbose,
    ]

    func parsed(_ words: [String]) -> RunArguments {
        var result = RunArguments()
        result.words = words
        result.arguments = Passthrough.arguments
        let values: [(RunOption, String?)] = [
            (.file, global.file), (.directory, global.directory), (.color, global.color), (.jobs, jobs),
            (.timeout, timeout), (.grace, grace), (.wait, wait), (.stream, stream), (.logFormat, logFormat),
            (.logFile, logFile), (.junit, junit),
        ]
        for (option, value) in values { result.options[option] = value }
        let flags: [(RunOption, Bool)] = [
            (.force, force), (.keepGoing, keepGoing), (.noWait, noWait), (.yes, yes), (.quiet, quiet),
            (.verbose, verbose),
        ]
        result.flags = Set(flags.filter(\.1).map(\.0))
        return result
    }
}
