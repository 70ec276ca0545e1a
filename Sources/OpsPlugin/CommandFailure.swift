/// The cause of a failed step whose program ended with a failure: what reporters show of it.
///
/// It is the `cause` of an `OpsError` with the code `command`.
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

    public var description: String { "'\(command)'" }
}
