import OpsCore
import OpsRecipe
import Testing

@testable import OpsCommands

/// How a schedule's words and times are written for others.
@Suite struct ScheduleExportTests {
    @Test(
        arguments: [
            ("0 3 * * *", nil, ["*-*-* 03:00:00"]),
            ("*/15 0-6/2 * * *", "Europe/Berlin", ["*-*-* 00..06/2:00..59/15:00 Europe/Berlin"]),
            ("0 0 1 * 1-5", nil, ["*-*-01 00:00:00", "Mon,Tue,Wed,Thu,Fri *-*-* 00:00:00"]),
            ("0 0 */2 * 1", nil, ["Mon *-*-01..31/2 00:00:00"]),
            ("5 4 * 1,6-8 7", nil, ["Sun *-01,06..08-* 04:05:00"]),
            ("* * * * *", nil, ["*-*-* *:*:00"]),
        ] as [(String, String?, [String])])
    func calendarEvents(_ cron: String, _ zone: String?, _ events: [String]) throws {
        #expect(CalendarEvents.texts(try CronExpression(cron), zone: zone) == events)
    }

    @Test(arguments: [
        ("plain=/a:b@c,d+e", "plain=/a:b@c,d+e"), ("two words", "\"two words\""), ("50%", "\"50%%\""),
        ("$HOME", "\"$$HOME\""), ("say \"\\\"", "\"say \\\"\\\\\\\"\""), ("a\nb", "\"a\\x0ab\""), (";", "\";\""),
        ("", "\"\""), ("it's", "\"it's\""),
    ])
    func wordsOfSystemd(_ word: String, _ text: String) { #expect(SystemdUnits.word(word) == text) }

    @Test(arguments: [
        ("plain=/a:b@c,d+e", "plain=/a:b@c,d+e"), ("it's", "'it'\\''s'"), ("$(x)`y`", "'$(x)`y`'"), ("", "''"),
        ("~", "'~'"), ("#", "'#'"),
    ])
    func wordsOfShells(_ word: String, _ text: String) { #expect(ShellWord.quoted(word) == text) }

    @Test func jitterStaysInItsBounds() {
        var random = SystemRandomNumberGenerator()
        var waits: Set<Int64> = []
        for _ in 0..<200 {
            let wait = Unattended.jitter(.seconds(60), using: &random)
            #expect((.zero)...(.seconds(60)) ~= wait)
            waits.insert(wait.nanoseconds)
        }
        #expect(waits.count > 190)
        #expect(Unattended.jitter(.zero, using: &random) == .zero)
    }
}
