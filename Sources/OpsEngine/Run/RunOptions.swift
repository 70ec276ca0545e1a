import OpsCore

/// How to run a plan.
package struct RunOptions: Sendable {
    /// How many tasks run at once; at least 1.
    package var jobs: Int
    /// Finish what does not depend on a failed task.
    package var keepGoing: Bool
    /// The whole run's limit; nil is none.
    package var timeout: Duration?
    /// How long children have between SIGTERM and SIGKILL.
    package var grace: Duration
    /// What to do where another run holds an `exclusive` name.
    package var lockWait: LockWait
    /// Makes what is left to chance (the jitter of waits) the same each time; nil is the system's.
    package var seed: UInt64?
    package var version: String

    package init(
        jobs: Int, keepGoing: Bool = false, timeout: Duration? = nil, grace: Duration = .seconds(10),
        lockWait: LockWait = .none, seed: UInt64? = nil, version: String
    ) {
        self.jobs = max(1, jobs)
        self.keepGoing = keepGoing
        self.timeout = timeout
        self.grace = grace
        self.lockWait = lockWait
        self.seed = seed
        self.version = version
    }
}

/// How long a run waits for what another run holds.
package enum LockWait: Sendable, Hashable {
    /// Not at all: exit status 75.
    case none
    case upTo(Duration)
    case forever

    /// True where so long a wait is still borne.
    func covers(_ waited: Duration) -> Bool {
        switch self {
        case .none: false
        case .upTo(let limit): waited < limit
        case .forever: true
        }
    }
}
