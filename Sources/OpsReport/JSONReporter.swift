package import OpsEngine
import OpsPlugin

/// One JSON object a line for each event: the fields of `EventJSON`.
///
/// A character that a stretch of output ends in the middle of goes with the next stretch, so that text stays text.
package final class JSONReporter: Reporter {
    private struct Stream: Hashable {
        var step: StepID
        var stream: OutputStream
    }

    private let output: ReportOutput
    /// The first bytes of a character whose others are still to come.
    private var unfinished: [Stream: [UInt8]] = [:]

    package init(output: ReportOutput) { self.output = output }

    package func receive(_ event: RunEvent) {
        switch event.kind {
        case .output(let step, let stream, let bytes):
            let key = Stream(step: step, stream: stream)
            let all = (unfinished.removeValue(forKey: key) ?? []) + bytes
            let rest = Self.unfinishedLength(all)
            if rest > 0 { unfinished[key] = Array(all[(all.count - rest)...]) }
            if rest < all.count { write(.output(step, stream, all.dropLast(rest)), event.time) }
        case .stepFinished(let finished):
            for stream in [OutputStream.standardOutput, .standardError] {
                let rest = unfinished.removeValue(forKey: Stream(step: finished.step, stream: stream))
                if let rest { write(.output(finished.step, stream, rest), event.time) }
            }
            write(event.kind, event.time)
        default: write(event.kind, event.time)
        }
        output.flush()
    }

    package func close() { output.flush() }

    private func write(_ kind: RunEvent.Kind, _ time: Double) {
        output.write(EventJSON.line(RunEvent(time: time, kind: kind)))
    }

    /// How many bytes at the end begin a character (RFC 3629) that does not end there.
    private static func unfinishedLength(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let byte = bytes[bytes.count - length]
            if byte & 0xC0 == 0x80 { continue }
            let whole = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return whole > length ? length : 0
        }
        return 0
    }
}
