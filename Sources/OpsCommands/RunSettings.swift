import OpsCore
import OpsEngine
import OpsReport
import OpsSystem

/// The settings of a run: the command line over the environment twins over the defaults.
struct RunSettings: Sendable {
    var options: RunOptions
    var style: Style
    var stream: StreamMode
    var format: LogFormat
    var logFile: String?
    /// Where the results go as JUnit XML.
    var junitFile: String?
    var verbosity: ReportOptions.Verbosity
    /// False for a run of which nothing stays.
    var isKept = true
    var isDryRun: Bool
    var isForced: Bool
    var yes: Bool
    var inputsFile: String?
    /// Nobody looks at it: quiet when all is well, and no question.
    var isUnattended: Bool
    /// A random wait of at most this before the run.
    var jitter: Duration?
    var hasCleanEnvironment: Bool
    var planFile: String?
    var isSandboxed: Bool

    /// Throws: an `OpsError` (`usage`) that names the option.
    init(_ arguments: RunArguments, _ context: CommandContext) throws(OpsError) {
        func value(_ option: RunOption) -> String? { context.value(arguments.options[option], twin: option.twin) }
        func flag(_ option: RunOption) throws(OpsError) -> Bool {
            try context.flag(arguments.flags.contains(option), twin: option.twin)
        }
        func duration(_ option: RunOption) throws(OpsError) -> Duration? {
            guard let text = value(option) else { return nil }
            guard let duration = Duration.parse(text), duration > .zero || option != .timeout else {
                throw OpsError(
                    .usage, "--\(option.rawValue) is '\(text)'", hint: "it takes a duration such as 90s or 10m")
            }
            return duration
        }
        isUnattended = try flag(.unattended)
        jitter = try duration(.jitter)
        hasCleanEnvironment = try flag(.cleanEnv)
        var jobs = Host.processors
        if let text = value(.jobs) {
            guard let count = Int(text), (1...10_000).contains(count) else {
                throw OpsError(.usage, "--jobs is '\(text)'", hint: "it takes a number from 1 to 10000")
            }
            jobs = count
        }
        let isGitHub = context.environment["GITHUB_ACTIONS"] == "true"
        options = RunOptions(
            jobs: jobs, keepGoing: try flag(.keepGoing), timeout: try duration(.timeout),
            // GitHub kills a step 10s after it asked it to end.
            grace: try duration(.grace) ?? (isGitHub ? .seconds(4) : .seconds(10)),
            lockWait: try Self.lockWait(
                try duration(.wait), noWait: try flag(.noWait),
                isAttended: context.isErrorTerminal && !isUnattended),
            version: CommandLineTool.version)
        stream = try context.choice(value(.stream), .stream) ?? .grouped
        var format: LogFormat = try context.choice(value(.logFormat), .logFormat) ?? .auto
        var color = try context.color(arguments.options[.color])
        // A mail shows no colour, whatever the terminal or CI that this is tried from.
        if isUnattended, color == .auto { color = .never }
        let isTerminal = stream == .raw ? context.isErrorTerminal : context.isOutputTerminal
        style = context.style(color, isTerminal: isTerminal)
        if format == .auto {
            if isUnattended {
                format = .plain
            } else if isGitHub {
                format = .github
            } else if context.environment["GITLAB_CI"] == "true" {
                format = .gitlab
            } else {
                let mayMove = isTerminal && context.environment["TERM"].map { $0 != "dumb" && !$0.isEmpty } ?? false
                format = mayMove && stream == .grouped ? .pretty : .plain
            }
        }
        self.format = format
        logFile = value(.logFile)
        junitFile = value(.junit)
        verbosity = try flag(.quiet) ? .quiet : try flag(.verbose) ? .verbose : .normal
        isDryRun = try flag(.dryRun)
        isForced = try flag(.force)
        yes = try flag(.yes)
        inputsFile = value(.inputs)
        isSandboxed = try flag(.sandbox)
        planFile = value(.plan)
    }

    /// Who sits at a terminal can wait and interrupt; nobody else waits unasked.
    private static func lockWait(
        _ limit: Duration?, noWait: Bool, isAttended: Bool
    ) throws(OpsError) -> LockWait {
        guard let limit else { return noWait || !isAttended ? .none : .forever }
        guard !noWait else {
            throw OpsError(.usage, "--wait and --no-wait exclude each other", hint: "leave one of them out")
        }
        return .upTo(limit)
    }
}
