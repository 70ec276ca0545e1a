import OpsCore
import OpsEngine

/// A `testcase` of a JUnit file: one step, or a task without steps of its own.
struct JUnitCase {
    enum Kind { case passed, failure, error, skipped }

    private(set) var kind: Kind
    private let name: String
    private let duration: Duration
    private let message: String?
    private let type: String
    private let details: [String]
    private let file: String?
    private let line: Int?

    /// - Parameter started: what is known of the step from its start; nil where it did not start.
    init(_ finished: StepFinished, _ started: StepStarted?) {
        let step = finished.step
        let place = step.part == .steps ? "\(step.index + 1)" : "\(step.part.rawValue) \(step.index + 1)"
        let what = started.map { $0.name ?? $0.summary }.map { ": \($0)" } ?? ""
        name = place + what
        duration = finished.duration
        let failure = finished.failure
        (kind, type) = (Self.kind(finished.outcome, failure, isTolerated: finished.isTolerated), failure?.code ?? "")
        message = failure?.message ?? finished.reason
        var lines = failure?.lastLines ?? []
        if let hint = failure?.hint { lines.append("hint: \(hint)") }
        details = lines
        (file, line) = (failure?.location?.file, failure?.location?.start.line)
    }

    init(_ task: TaskFinished) {
        name = "\(task.task)"
        duration = task.duration
        kind = Self.kind(task.outcome, nil, isTolerated: false)
        type = task.outcome.rawValue
        message = task.reason ?? (task.outcome == .upToDate ? "up to date" : nil)
        (details, file, line) = ([], nil, nil)
    }

    /// A step that ended badly without a fault of its own (interrupted, out of time) is an error, not a failure.
    private static func kind(_ outcome: Outcome, _ failure: Failure?, isTolerated: Bool) -> Kind {
        switch outcome {
        case .succeeded: .passed
        case .upToDate, .skipped: .skipped
        case .failed: isTolerated ? .passed : .failure
        case .timedOut: isTolerated ? .passed : .error
        case .cancelled: .error
        }
    }

    /// The same where its failure does not count.
    var tolerated: JUnitCase {
        var result = self
        if kind == .failure || kind == .error { result.kind = .passed }
        return result
    }

    func xml(suite: String) -> String {
        var text = "    <testcase classname=\"\(XMLText.attribute(suite))\" name=\"\(XMLText.attribute(name))\""
        text += " time=\"\(Self.seconds(duration))\""
        if let file { text += " file=\"\(XMLText.attribute(file))\"" }
        if let line { text += " line=\"\(line)\"" }
        let attributes = message.map { " message=\"\(XMLText.attribute($0))\"" } ?? ""
        switch kind {
        case .passed where message == nil && details.isEmpty: return text + "/>\n"
        case .passed:
            // What is tolerated passes, and is told all the same.
            let lines = [message ?? ""] + details
            text += ">\n      <system-out>\(XMLText.content(lines.joined(separator: "\n")))</system-out>\n"
        case .skipped: text += ">\n      <skipped\(attributes)/>\n"
        case .failure: text += ">\n      \(element("failure", attributes))\n"
        case .error: text += ">\n      \(element("error", attributes))\n"
        }
        return text + "    </testcase>\n"
    }

    private func element(_ name: String, _ attributes: String) -> String {
        "<\(name)\(attributes) type=\"\(XMLText.attribute(type))\">"
            + "\(XMLText.content(details.joined(separator: "\n")))</\(name)>"
    }

    /// `1.250`
    static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = String(attoseconds / 1_000_000_000_000_000)
        return "\(seconds)." + String(repeating: "0", count: max(0, 3 - milliseconds.count)) + milliseconds
    }
}
