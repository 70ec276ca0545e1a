import OpsCore
import OpsRecipe
import OpsSystem

/// Schedules as lines for crontab(1).
enum Crontab {
    /// Debian's cron refuses a longer command.
    private static let longestCommand = 998

    /// - Parameters:
    ///   - user: whose the run is: a column that tables in `/etc/cron.d` have and those of users do not.
    ///   - setsZone: write `CRON_TZ`, which cronie knows and Debian's cron does not.
    /// Throws: an `OpsError` where cron cannot say it.
    static func text(_ runs: [ScheduledRun], user: String?, setsZone: Bool) throws(OpsError) -> String {
        var text = ""
        // A zone holds for all lines below it.
        let sorted = runs.filter { zone(of: $0) == nil } + runs.filter { zone(of: $0) != nil }
        for run in sorted {
            text += "# \(run.title)\n"
            if let zone = zone(of: run) {
                guard setsZone else {
                    throw OpsError(
                        .unsupported,
                        "\(run.title) is in the zone \(zone), and cron runs in this machine's zone, which is another",
                        hint: "export it for systemd, or with --cron-tz where the cron is cronie, which knows CRON_TZ")
                }
                text += "CRON_TZ=\(zone)\n"
            }
            text += try run.schedule.cron.text + " " + (user.map { $0 + " " } ?? "") + command(of: run) + "\n"
        }
        return text
    }

    /// The zone that cron must be told: nil where the machine's own is meant, or follows the same rules.
    private static func zone(of run: ScheduledRun) -> String? {
        run.schedule.zone.flatMap { ZoneDatabase.rules($0) == ZoneDatabase.machine ? nil : $0 }
    }

    /// Quoted for sh(1), with what cron reads itself escaped (crontab(5), "The sixth field").
    private static func command(of run: ScheduledRun) throws(OpsError) -> String {
        let words = run.command(hasJitter: true)
        for word in words {
            guard !word.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw OpsError(
                    .unsupported, "\(run.title): a line of a crontab cannot hold a line break or control character",
                    hint: "export it for systemd, or give that input by --inputs FILE")
            }
            // Crons differ in which backslashes they take away.
            guard !word.contains("\\\\"), !word.contains("\\%") else {
                throw OpsError(
                    .unsupported, "\(run.title): not every cron reads '\(word)' in the same way",
                    hint: "export it for systemd, or give that input by --inputs FILE")
            }
        }
        let text = words.map(ShellWord.quoted).joined(separator: " ").replacing("%", with: "\\%")
        guard text.utf8.count <= longestCommand else {
            throw OpsError(
                .unsupported, "\(run.title): its command has more than \(longestCommand) bytes, which cron refuses",
                hint: "give its inputs by --inputs FILE, or export it for systemd")
        }
        return text
    }
}
