import OpsCore
import OpsRecipe

/// A schedule as units of systemd: a service that runs it once, and a timer that starts the service.
enum SystemdUnits {
    struct File {
        var name: String
        var text: String
    }

    /// The two units. `user` is whose the run is; nil leaves it to the manager that the units are given to.
    static func files(_ run: ScheduledRun, user: String?) throws(OpsError) -> [File] {
        for word in run.command(hasJitter: false) {
            guard !word.utf8.contains(0) else { throw OpsError(.unsupported, "\(run.title): a word holds a zero byte") }
        }
        return [
            File(name: run.unit + ".service", text: service(run, user)),
            File(name: run.unit + ".timer", text: timer(run)),
        ]
    }

    private static func service(_ run: ScheduledRun, _ user: String?) -> String {
        let command = run.command(hasJitter: false).map(word).joined(separator: " ")
        // The run ends by itself; systemd's own limits are for an ops that does not.
        let start = run.mayWait ? "infinity" : (run.timeout + run.cleanUp).text
        return """
            [Unit]
            Description=ops: \(plain(run.title))

            [Service]
            Type=oneshot
            ExecStart=\(command)
            WorkingDirectory=\(plain(run.directory))
            \(user.map { "User=\($0)\n" } ?? "")KillMode=mixed
            TimeoutStartSec=\(start)
            TimeoutStopSec=\(run.cleanUp.text)

            """
    }

    private static func timer(_ run: ScheduledRun) -> String {
        let schedule = run.schedule
        var lines = CalendarEvents.texts(schedule.cron, zone: schedule.zone).map { "OnCalendar=\($0)" }
        lines.append("AccuracySec=1s")
        if schedule.catchesUp { lines.append("Persistent=true") }
        if let jitter = schedule.jitter, jitter > .zero { lines.append("RandomizedDelaySec=\(jitter.text)") }
        return """
            [Unit]
            Description=ops: \(plain(run.title))

            [Timer]
            \(lines.joined(separator: "\n"))

            [Install]
            WantedBy=timers.target

            """
    }

    /// A word of `ExecStart` (systemd.service(5), "Command lines"): quoted where it must be, with specifiers and
    /// variables made literal.
    static func word(_ text: String) -> String {
        if !text.isEmpty, text.utf8.allSatisfy(ShellWord.isPlain) { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": result += "%%"
            case "$": result += "$$"
            case "\"", "\\": result += "\\" + String(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Text of a setting that takes a whole line: specifiers made literal, no line break.
    private static func plain(_ text: String) -> String {
        let line = String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : Character($0) })
        // A backslash at the end would join the next line.
        return line.replacing("%", with: "%%") + (line.hasSuffix("\\") ? " " : "")
    }
}
