package import OpsEngine

/// The report without a terminal: plain lines.
package final class PlainReporter: Reporter {
    /// Where the output of steps goes.
    package enum Stream: String, Sendable {
        /// Each task's output whole, when it ends; of a task that runs alone, at once.
        case grouped
        /// Whole lines with the task in front.
        case prefixed
        /// The step's bytes as they come, on the streams they came from; the report on standard error.
        case raw
    }

    private let report: RunReport
    private let output: ReportOutput

    /// `standardOutput` gets the report and the output of steps. For `raw`, the two get the steps' own two
    /// streams, and standard error the report.
    package init(
        _ stream: Stream = .grouped, standardOutput: ReportOutput, standardError: ReportOutput,
        options: ReportOptions = ReportOptions()
    ) {
        let output = stream == .raw ? standardError : standardOutput
        self.output = output
        let body: RunReport.Body
        switch stream {
        case .grouped: body = .grouped
        case .prefixed: body = .prefixed
        case .raw: body = .raw(standardOutput: standardOutput, standardError: standardError)
        }
        report = RunReport(body, options: options) { output.write($0) }
    }

    package func receive(_ event: RunEvent) {
        report.receive(event)
        output.flush()
    }

    package func close() {
        report.close()
        output.flush()
    }
}
