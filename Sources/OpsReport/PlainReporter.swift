package import OpsEngine

/// The report without a terminal: plain lines.
package final class PlainReporter: Reporter {
    /// Where the output of steps goes.
    package enum Stream: Sendable {
        /// Each task's output whole, when it ends; of a task that runs alone, at once.
        case grouped
        /// Whole lines with the task in front.
        case prefixed
        /// The step's bytes as they come, on the streams they came from; the report on standard error.
        case raw
    }

    private let output: ReportOutput

    /// `output` gets the report and, but for `raw`, the output of steps; `streams` are the process's own two,
    /// for `raw`.
    package init(
        _ stream: Stream = .grouped, output: ReportOutput,
        streams: (standardOutput: ReportOutput, standardError: ReportOutput)? = nil,
        options: ReportOptions = ReportOptions()
    ) {
        self.output = output
    }

    package func receive(_ event: RunEvent) {}
    package func close() { output.flush() }
}
