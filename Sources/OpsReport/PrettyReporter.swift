package import OpsEngine

/// The report on a terminal.
package final class PrettyReporter: Reporter {
    private let output: ReportOutput

    /// `now` gives seconds since 1970.
    package init(output: ReportOutput, options: ReportOptions, now: @escaping () -> Double = { 0 }) {
        self.output = output
    }

    package func receive(_ event: RunEvent) {}
    package func tick() {}
    /// The terminal has another size now.
    package func resize(width: Int, height: Int) {}
    package func close() { output.flush() }
}
