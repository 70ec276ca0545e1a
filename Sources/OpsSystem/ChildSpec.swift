/// What a child process is started with.
package struct ChildSpec: Sendable {
    /// Where standard input comes from.
    package enum Input: Sendable {
        /// `/dev/null`.
        case empty
        /// Written through a pipe; a child that does not read it all is fine.
        case bytes([UInt8])
        /// A pipe that stays open, for more than one message.
        case conversation(ChildInput)
        /// An open descriptor, which stays the caller's.
        case file(Int32)
        /// Our own.
        case inherit
    }

    /// Where an output stream goes.
    package enum Output: Sendable {
        /// To the caller's `output`, as it comes.
        case stream
        /// To our own.
        case inherit
        /// To an open descriptor, which stays the caller's.
        case file(Int32)
    }

    /// What becomes of processes that the child started and left behind.
    package enum LeftOvers: Sendable {
        /// They are ended (SIGTERM, grace, SIGKILL) before `run` returns.
        case end
        /// They go on; what they still print is read and dropped. `ChildResult.leftOver` names them.
        case keep
    }

    /// The program's file, absolute or relative to `directory`; nothing is looked up (see `ExecutablePath`).
    package var executable: String
    /// The arguments, `argv[0]` not among them.
    package var arguments: [String]
    /// `argv[0]`; nil is `executable`.
    package var name: String?
    /// The whole environment.
    package var environment: [String: String]
    /// The working directory; nil is ours.
    package var directory: String?
    package var input: Input = .empty
    package var output: Output = .stream
    package var error: Output = .stream
    /// Hands over the terminal: the streams are ours, the child's group is its foreground group until it ends.
    package var isInteractive = false
    package var leftOvers: LeftOvers = .end
    /// An entry `NAME=value` of `environment` that no other child has: by it what leaves the group and the session is
    /// found.
    package var marker: String?
    /// What it is held to, with all that it starts; all of them hold at once.
    package var sandboxes: [Sandbox] = []

    package init(executable: String, arguments: [String], environment: [String: String], directory: String? = nil) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }
}

/// One of a child's output streams.
package enum ChildStream: Sendable {
    case output
    case error
}

/// How a process ended.
package enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// 0 to 255.
    case exited(Int32)
    case signalled(Int32)

    package var isSuccess: Bool { self == .exited(0) }

    /// As a shell says it: 128 and the signal's number.
    package var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let signal): 128 + signal
        }
    }

    /// `exit status 3`, `signal SIGKILL`.
    package var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "signal \(Signal.name(signal))"
        }
    }
}

/// What is known of a child that has ended.
package struct ChildResult: Sendable {
    package var status: ExitStatus
    /// True where processes it had left behind were ended.
    package var endedLeftOvers = false
    /// What it left behind and still lives (`LeftOvers.keep`).
    package var leftOver: ProcessTree?
}
