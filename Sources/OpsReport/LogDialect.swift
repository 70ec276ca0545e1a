import OpsCore
import OpsEngine

/// How a CI service's log folds a task's output and marks its failures; `plain` does neither.
enum LogDialect {
    case plain
    /// Workflow commands; what others wrote stands where they are switched off until `token` comes
    /// (docs.github.com, "Workflow commands for GitHub Actions").
    case github(token: String)
    /// Collapsed sections (docs.gitlab.com, "Custom collapsible sections").
    case gitlab

    /// True where the output may be folded away, so that a failure must say all by itself.
    var folds: Bool { if case .plain = self { false } else { true } }

    /// What stands in front of a task's output; `number` differs for each.
    func opening(_ task: TaskID, number: Int, time: Double, style: Style) -> String {
        switch self {
        case .plain: "\(style.unicode ? "▶" : "==") \(style.paint(task.description, .bold))\n"
        case .github(let token): "::group::\(Self.data(task.description))\n::stop-commands::\(token)\n"
        case .gitlab:
            "\u{1B}[0Ksection_start:\(Int(time)):\(Self.section(task, number))[collapsed=true]\r\u{1B}[0K\(task)\n"
        }
    }

    /// What stands behind it.
    func closing(_ task: TaskID, number: Int, time: Double) -> String {
        switch self {
        case .plain: ""
        case .github(let token): "::\(token)::\n::endgroup::\n"
        case .gitlab: "\u{1B}[0Ksection_end:\(Int(time)):\(Self.section(task, number))\r\u{1B}[0K\n"
        }
    }

    /// Text outside a group that may hold somebody else's words.
    func guarded(_ text: String) -> String {
        guard case .github(let token) = self, !text.isEmpty else { return text }
        return "::stop-commands::\(token)\n\(text)::\(token)::\n"
    }

    /// Commands of ours, which others' words may stand around: for them commands are switched on.
    func command(_ bytes: [UInt8], isGuarded: Bool) -> [UInt8] {
        guard case .github(let token) = self, isGuarded else { return bytes }
        return Array("::\(token)::\n".utf8) + bytes + Array("::stop-commands::\(token)\n".utf8)
    }

    /// The annotation of a failed step.
    func annotation(_ task: TaskID, _ failed: RunRecord.FailedStep) -> String {
        guard case .github = self, let failure = failed.finished.failure else { return "" }
        var properties: [String] = []
        if let place = failure.location {
            properties = ["file=\(Self.property(place.file))", "line=\(place.start.line)", "col=\(place.start.column)"]
        }
        properties.append("title=\(Self.property("\(task) failed"))")
        var text = "\(FailureText.name(of: failed)): \(failure.message)"
        if !failure.lastLines.isEmpty { text += "\n" + failure.lastLines.suffix(10).joined(separator: "\n") }
        return "::error \(properties.joined(separator: ","))::\(Self.data(text))\n"
    }

    /// The value of a workflow command.
    static func data(_ text: String) -> String { String(decoding: WorkflowCommand.data(text.utf8), as: UTF8.self) }

    /// A property of a workflow command.
    static func property(_ text: String) -> String {
        String(decoding: WorkflowCommand.property(text.utf8), as: UTF8.self)
    }

    /// A section's name: letters, digits and `_ . -`, and unique in the log.
    private static func section(_ task: TaskID, _ number: Int) -> String {
        let name = task.description.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                ? Character(scalar) : "_"
        }
        return "ops_\(number)_" + String(name)
    }
}
