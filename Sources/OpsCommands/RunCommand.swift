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

    @OptionGroup var shared: SharedRunOptions
    @Flag(name: RunOption.dryRun.names, help: RunOption.dryRun.help) var dryRun = false
    @Option(name: RunOption.inputs.names, help: RunOption.inputs.valueHelp, completion: .file()) var inputs: String?
    @Option(name: RunOption.plan.names, help: RunOption.plan.valueHelp, completion: .file()) var plan: String?
    @Flag(name: RunOption.unattended.names, help: RunOption.unattended.help) var unattended = false
    @Option(name: RunOption.jitter.names, help: RunOption.jitter.valueHelp) var jitter: String?
    @Flag(name: RunOption.cleanEnv.names, help: RunOption.cleanEnv.help) var cleanEnv = false
    @Flag(name: RunOption.sandbox.names, help: RunOption.sandbox.help) var sandbox = false

    var parsed: RunArguments {
        var result = shared.parsed(words)
        let values: [(RunOption, String?)] = [(.inputs, inputs), (.plan, plan), (.jitter, jitter)]
        for (option, value) in values { result.options[option] = value }
        let flags: [(RunOption, Bool)] = [
            (.dryRun, dryRun), (.unattended, unattended), (.cleanEnv, cleanEnv), (.sandbox, sandbox),
        ]
        result.flags.formUnion(flags.filter(\.1).map(\.0))
        return result
    }

    mutating func run() async throws {
        try await CommandLineTool.finish { try await RunAction.perform(parsed, .current()) }
    }
}
