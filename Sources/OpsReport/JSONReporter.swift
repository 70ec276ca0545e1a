package import OpsEngine

/// One JSON object a line for each event: the fields of `EventJSON`.
///
/// A character that a stream's chunk ends in the middle of is kept for the next chunk, so that text stays text.
package final class JSONReporter: Reporter {
    private let output: ReportOutput

    package init(output: ReportOutput) { self.output = output }

    package func receive(_ event: RunEvent) {
        output.write(EventJSON.line(event))
        output.flush()
    }

    package func close() { output.flush() }
}
