package import OpsEngine

/// The report in a GitHub Actions log: a folded group for each task, annotations for failures.
package final class GitHubReporter: Reporter {
    private let report: RunReport
    private let output: ReportOutput

    /// `token` ends a stretch of output in which workflow commands have no effect; nobody may be able to guess it.
    package init(output: ReportOutput, options: ReportOptions = ReportOptions(), token: String) {
        self.output = output
        report = RunReport(.grouped, dialect: .github(token: token), options: options) { output.write($0) }
    }

    package func receive(_ event: RunEvent) {
        report.receive(event)
        output.flush()
    }

    /// Writes commands of ours to the runner at once, also within a group.
    package func command(_ bytes: [UInt8]) {
        report.command(bytes)
        output.flush()
    }

    package func close() {
        report.close()
        output.flush()
    }
}
