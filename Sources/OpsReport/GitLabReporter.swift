package import OpsEngine

/// The report in a GitLab job log: a collapsed section for each task.
package final class GitLabReporter: Reporter {
    private let report: RunReport
    private let output: ReportOutput

    package init(output: ReportOutput, options: ReportOptions = ReportOptions()) {
        self.output = output
        report = RunReport(.grouped, dialect: .gitlab, options: options) { output.write($0) }
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
