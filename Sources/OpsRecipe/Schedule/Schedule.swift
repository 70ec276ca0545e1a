package import OpsCore

/// One time table of a recipe: when which of its tasks is meant to run. `ops schedule export` hands it to cron or
/// systemd; `ops` itself waits for nothing.
package struct Schedule: Sendable {
    /// The name in the recipe; nil for the only one.
    package var name: String?
    package var cron: CronExpression
    /// A zone of the tz database; nil is the machine's own.
    package var zone: String?
    package var task: String
    /// Values of inputs, constant.
    package var inputs: ValueMap
    /// A random wait of at most this before each run.
    package var jitter: Duration?
    /// The whole run's limit in place of the recipe's.
    package var timeout: Duration?
    /// A run that the machine slept through is made up for.
    package var catchesUp: Bool
    package var range: SourceRange
    /// The places of `task` and of each input.
    package var taskRange: SourceRange
    package var inputRanges: [String: SourceRange]
}
