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
    package var version: String

    package init(
        jobs: Int, keepGoing: Bool = false, timeout: Duration? = nil, grace: Duration = .seconds(10), version: String
    ) {
        self.jobs = max(1, jobs)
        self.keepGoing = keepGoing
        self.timeout = timeout
        self.grace = grace
        self.version = version
    }
}
