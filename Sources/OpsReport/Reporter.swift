package import OpsEngine

/// Shows a run to somebody while it goes on. Used on one thread.
package protocol Reporter: RunEventSink {
    /// Called about twelve times a second while the run goes on.
    func tick()
    /// Called once at the end, whether or not the run's last event came: leaves a terminal clean, flushes.
    func close()
}

extension Reporter {
    package func tick() {}
}

/// What a reporter for people shows.
package struct ReportOptions: Sendable {
    package enum Verbosity: Sendable {
        /// Nothing but failures, with their output, and warnings.
        case quiet
        case normal
        /// Also each step, and debug messages.
        case verbose
    }

    package var style: Style
    package var verbosity: Verbosity
    /// True where the run can be asked for later: its logs, and to go on with it.
    package var isKept: Bool

    package init(style: Style = Style(), verbosity: Verbosity = .normal, isKept: Bool = true) {
        self.style = style
        self.verbosity = verbosity
        self.isKept = isKept
    }
}
