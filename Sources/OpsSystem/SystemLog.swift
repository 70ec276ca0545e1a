import COpsSystem

/// The system's log, as syslog(3) or journald take it in: lines under the tag `ops`, of the facility cron.
package struct SystemLog: Sendable {
    /// Severities of RFC 3164, section 4.1.1.
    package enum Severity: Int32, Sendable {
        case error = 3
        case notice = 5
        case info = 6
    }

    private let path: String

    /// Where the system has its log, or `OPS_SYSLOG` names another socket; nil where that is `off`.
    package init?(environment: [String: String]) {
        let path = environment["OPS_SYSLOG"].flatMap { $0.isEmpty ? nil : $0 } ?? "/dev/log"
        guard path != "off" else { return nil }
        self.path = path
    }

    /// Writes one line. Never waits; where there is no log, nothing happens.
    package func write(_ severity: Severity, _ text: String) {
        let line = String(text.map { $0.isNewline ? " " : $0 })
        let cron: Int32 = 9
        ops_system_log(path, cron << 3 | severity.rawValue, "ops", line)
    }
}
