import OpsCore
import OpsEngine

/// Why a step failed, for people: the step, what it ran, its end, the last lines it printed, the place, the hint.
/// All textual reporters show this text.
enum FailureText {
    /// The lines, indented. `lastLines` is false where the output stands right above.
    static func lines(_ failed: RunRecord.FailedStep, lastLines: Bool, style: Style) -> [String] {
        guard let failure = failed.finished.failure else { return [] }
        var lines = ["\(name(of: failed)): \(style.paint(failed.started?.summary ?? "", .bold))"]
        var message = failure.message
        if let status = failure.exitStatus, !message.contains("status \(status)") {
            message += " (exit status \(status))"
        }
        let parts = message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines.append("\(style.paint("error:", .red)) \(parts.first ?? "")")
        lines += parts.dropFirst().map { "  " + $0 }
        if lastLines { lines += failure.lastLines.suffix(10).map { "\(style.gutter) \(printable($0, style))" } }
        if let place = failure.location { lines.append("at \(place)") }
        if let hint = failure.hint { lines.append("hint: \(hint)") }
        return lines.map { "    " + $0 }
    }

    /// `step 2, Roll out`.
    static func name(of failed: RunRecord.FailedStep) -> String {
        let step = failed.finished.step
        let place = step.part == .steps ? "step \(step.index + 1)" : "\(step.part.rawValue) step \(step.index + 1)"
        return failed.started?.name.map { "\(place), \($0)" } ?? place
    }

    private static func printable(_ line: String, _ style: Style) -> String {
        var bytes: [UInt8] = []
        var text = TerminalText(keepsColor: style.color)
        Array(line.utf8).withUnsafeBytes { text.clean($0, into: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
