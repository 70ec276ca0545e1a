public import Logging
public import OpsCore
package import OpsSystem
public import OrderedCollections

/// What an action knows while it is planned.
public struct PlanContext: Sendable {
    /// The folder that relative paths are relative to, absolute.
    public var directory: String
    /// The environment of the step as far as it is known, secrets left out.
    public var environment: [String: String]
    public var step: StepOptions
    /// True where read-only requests to services are allowed (`ops plan --online`).
    public var isOnline: Bool
    /// True where nothing that runs before this step can write the path (absolute): its content now is its
    /// content then. Outputs that depend on files may be given as known only for settled paths.
    public var isSettled: @Sendable (_ path: String) -> Bool
    /// What processes that the action asks are held to.
    package var sandboxes: [Sandbox] = []

    public init(
        directory: String, environment: [String: String], step: StepOptions, isOnline: Bool = false,
        isSettled: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.directory = directory
        self.environment = environment
        self.step = step
        self.isOnline = isOnline
        self.isSettled = isSettled
    }
}

/// One of a step's own output streams.
public enum OutputStream: String, Sendable {
    case standardOutput = "stdout"
    case standardError = "stderr"
}

/// How far a step has come, for a status line.
public struct Progress: Sendable {
    public var done: Int
    public var total: Int?
    /// `files`, `bytes`.
    public var unit: String

    public init(done: Int, total: Int? = nil, unit: String) {
        self.done = done
        self.total = total
        self.unit = unit
    }
}

/// Why work is cancelled.
public enum CancellationReason: String, Sendable, CaseIterable {
    /// Its limit or one around it passed.
    case timeout
    /// Somebody asked the run to end.
    case interrupt
    /// Another task failed.
    case failure
}

/// What an action is given to run with. Cancellation is that of the Swift task it runs in: it is cancelled
/// on timeout, interrupt and the failure of a sibling.
public struct RunContext: Sendable {
    /// The folder that relative paths are relative to, absolute.
    public var directory: String
    /// The whole environment of the step, in which secrets stand with their values: for child processes only.
    public var environment: [String: String]
    public var step: StepOptions
    /// A private folder of this step, made by the first call and removed when the step ends.
    public var temporaryDirectory: @Sendable () throws -> String
    /// The file that `OPS_OUTPUT` names; it need not exist.
    public var outputFile: String
    /// Messages for people, not the step's output.
    public var logger: Logger
    /// The step's own output. Called with any number of bytes, from any thread, in order for each stream;
    /// what it is given is masked and kept before it returns.
    public var output: @Sendable (OutputStream, UnsafeRawBufferPointer) -> Void
    public var progress: @Sendable (Progress) -> Void
    /// How long a child process has between SIGTERM and SIGKILL.
    public var grace: Duration
    /// Takes over a process group that a program left running, to end it when the task ends (design: it may serve
    /// later steps of the task). Nil: the action ends it before it returns.
    public var keepProcesses: (@Sendable (_ group: Int32) -> Void)?
    /// What processes that the action starts for the step are held to.
    package var sandboxes: [Sandbox] = []
    /// The same for people, and where it was declared; nil where they are held to nothing.
    package var sandboxText: String?
    /// The limit of this attempt, for programs that plan their time by it; it is enforced by cancellation.
    public var timeout: Duration?
    /// The outputs that the plan gave as known: those of the run must equal them.
    public var plannedOutputs: ValueMap = [:]
    /// Masks a value that was found at run time, from now on, in all that is shown.
    public var mask: @Sendable (_ name: String, _ bytes: [UInt8]) -> Void = { _, _ in }
    /// The text with every known secret masked: for what is shortened before it is shown, where half a secret would stay.
    public var redact: @Sendable (String) -> String = { $0 }
    /// Why the work is cancelled; asked once it is.
    public var cancellationReason: @Sendable () -> CancellationReason = { .interrupt }

    public init(
        directory: String, environment: [String: String], step: StepOptions,
        temporaryDirectory: @escaping @Sendable () throws -> String, outputFile: String, logger: Logger,
        output: @escaping @Sendable (OutputStream, UnsafeRawBufferPointer) -> Void,
        progress: @escaping @Sendable (Progress) -> Void = { _ in }, grace: Duration = .seconds(10)
    ) {
        self.directory = directory
        self.environment = environment
        self.step = step
        self.temporaryDirectory = temporaryDirectory
        self.outputFile = outputFile
        self.logger = logger
        self.output = output
        self.progress = progress
        self.grace = grace
    }

    /// A path made absolute against the step's folder; not resolved further.
    public func absolute(_ path: String) -> String { absolutePath(path, in: directory) }
}

extension PlanContext {
    /// A path made absolute against the step's folder; not resolved further.
    public func absolute(_ path: String) -> String { absolutePath(path, in: directory) }
}

private func absolutePath(_ path: String, in directory: String) -> String {
    if path.hasPrefix("/") { return path }
    if path == "." || path.isEmpty { return directory }
    let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return directory.hasSuffix("/") ? directory + rest : directory + "/" + rest
}
