public import OpsCore

/// One thing that a step can do, such as `archive.create`. Built-in ones and external programs are the same
/// to the engine.
public protocol Action: Sendable {
    var declaration: ActionDeclaration { get }

    /// Says what `run` would do, without doing it: starts no process, opens no socket, writes no file.
    ///
    /// Values may be unknown, and secrets have no bytes. Output values given here that are known must equal
    /// those of the run. Throws `OpsError` or `DiagnosticsError` where the arguments cannot work.
    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan

    /// Does it, and returns its outputs. Leaves every output file whole or absent, also when it is cancelled.
    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value]
}

/// A named set of actions and secret providers.
public struct Plugin: Sendable {
    /// One path component: `archive`.
    public var name: String
    public var summary: String
    public var actions: [any Action]
    public var secretProviders: [any SecretProvider]

    public init(
        name: String, summary: String, actions: [any Action] = [],
        secretProviders: [any SecretProvider] = []
    ) {
        self.name = name
        self.summary = summary
        self.actions = actions
        self.secretProviders = secretProviders
    }
}

/// The step an action serves, with the step's own keys that an action may heed.
public struct StepOptions: Sendable {
    public var task: String
    /// The step's `name`, else its `id`, else its number.
    public var step: String
    /// The interpreter of script text: `bash`, `sh`, `python3`, or a command to which the file is appended.
    public var shell: [String]
    /// What standard input holds; nil is empty. May be a secret.
    public var standardInput: Value?
    /// The file that standard output goes to, relative to the folder; nil is the log.
    public var standardOutput: String?
    public var isInteractive: Bool
    /// Arguments after `--`.
    public var arguments: [String]
    /// What the step `returns`: nil nothing, a name its trimmed standard output, a map the declared outputs.
    public var returns: Returns?

    public enum Returns: Sendable, Hashable {
        case standardOutput(String)
        case declared([String: ValueType])
    }

    public init(
        task: String, step: String, shell: [String] = ["bash"], standardInput: Value? = nil,
        standardOutput: String? = nil, isInteractive: Bool = false, arguments: [String] = [],
        returns: Returns? = nil
    ) {
        self.task = task
        self.step = step
        self.shell = shell
        self.standardInput = standardInput
        self.standardOutput = standardOutput
        self.isInteractive = isInteractive
        self.arguments = arguments
        self.returns = returns
    }
}
