import OpsSystem

/// A program that ended with a failure: thrown by the action that ran it.
public struct CommandFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// As a shell says it: 128 and the signal's number where it died by one.
    public var exitStatus: Int
    /// The signal it died by.
    public var signal: Int?
    /// The command for people: its name and arguments, or the script's first line.
    public var command: String

    public init(exitStatus: Int, signal: Int? = nil, command: String) {
        self.exitStatus = exitStatus
        self.signal = signal
        self.command = command
    }

    /// `exit status 3 of 'make all'`, `signal SIGKILL ended 'make all'`.
    public var description: String {
        guard let signal else { return "exit status \(exitStatus) of '\(command)'" }
        return "signal \(Signal.name(Int32(truncatingIfNeeded: signal))) ended '\(command)'"
    }
}
