import ArgumentParser
import OpsCore

/// `ops run`, as ArgumentParser sees it: help, completion and the explanation of mistakes. The usual way is
/// `RunArguments(fast:)`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run tasks with all they need.",
        discussion: """
            ops TASK is short for ops run TASK; ops alone runs the task 'default', or lists the tasks. Inputs are \
            given as key=value; what stands behind -- reaches the one named task as its arguments.
            """)

    @Argument(
        help: ArgumentHelp("Tasks to run, and inputs as key=value.", valueName: "task|key=value"),
        completion: .custom(TaskCompletion.tasks))
    var words: [String] = []

    @OptionGroup var global: GlobalOptions
    @Flag(name: RunOption.dryRun.names, help: RunOption.dryRun.help) var dryRun = false
    @Option(name: RunOption.jobs.names, help: RunOption.jobs.valueHelp) var jobs: String?
    @Flag(name: RunOption.keepGoing.names, help: RunOption.keepGoing.help) var keepGoing = false
    @Option(name: RunOption.timeout.names, help: RunOption.timeout.valueHelp) var timeout: String?
    @Option(name: RunOption.grace.names, help: RunOption.grace.valueHelp) var grace: String?
    @Option(name: RunOption.wait.names, help: RunOption.wait.valueHelp) var wait: String?
    @Flag(name: RunOption.noWait.names, help: RunOption.noWait.help) var noWait = false
    @Option(name: RunOption.inputs.names, help: RunOption.inputs.valueHelp, completion: .file()) var inputs: String?
    @Option(name: RunOption.plan.names, help: RunOption.plan.valueHelp, completion: .file()) var plan: String?
    @Flag(name: RunOption.force.names, help: RunOption.force.help) var force = false
    @Flag(name: RunOption.yes.names, help: RunOption.yes.help) var yes = false
    @Flag(name: RunOption.unattended.names, help: RunOption.unattended.help) var unattended = false
    @Option(name: RunOption.jitter.names, help: RunOption.jitter.valueHelp) var jitter: String?
    @Flag(name: RunOption.cleanEnv.names, help: RunOption.cleanEnv.help) var cleanEnv = false
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

    var parsed: RunArguments {
        var result = RunArguments()
        result.words = words
        result.arguments = Passthrough.arguments
        let values: [(RunOption, String?)] = [
            (.file, global.file), (.directory, global.directory), (.color, global.color), (.jobs, jobs),
            (.timeout, timeout),
            (.grace, grace), (.wait, wait), (.inputs, inputs), (.plan, plan), (.jitter, jitter),
            (.stream, stream), (.logFormat, logFormat),
            (.logFile, logFile),
        ]
        for (option, value) in values { result.options[option] = value }
        let flags: [(RunOption, Bool)] = [
            (.dryRun, dryRun), (.keepGoing, keepGoing), (.force, force), (.noWait, noWait), (.yes, yes),
            (.unattended, unattended), (.cleanEnv, cleanEnv), (.quiet, quiet),
            (.verbose, verbose),
        ]
        result.flags = Set(flags.filter(\.1).map(\.0))
        return result
    }

    mutating func run() async throws {
        try await CommandLineTool.finish { try await RunAction.perform(parsed, .current()) }
    }
}
