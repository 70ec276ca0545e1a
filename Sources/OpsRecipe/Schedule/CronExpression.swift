package import OpsCore

/// When something is to run, as crontab(5) writes it: `0 3 * * mon-fri`, or a word such as `@daily`.
///
/// Where day of the month and day of the week are both given, a day matches that is in either; where one of them
/// begins with `*`, one that is in both: as cron(8) does it.
package struct CronExpression: Sendable, Equatable {
    package let minute: CronField
    package let hour: CronField
    package let day: CronField
    package let month: CronField
    package let weekday: CronField
    /// As it was written.
    package let source: String

    private static let words = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// Throws: an `OpsError` (`invalid`) that says which field is wrong.
    package init(_ text: String) throws(OpsError) {
        source = text
        var fields = text.split { $0 == " " || $0 == "\t" }
        if let word = fields.first, word.hasPrefix("@") {
            guard fields.count == 1, let meaning = Self.words[word.lowercased()] else {
                let near = nearestName(to: String(word), among: Self.words.keys.sorted())
                let known = "known: \(Self.words.keys.sorted().joined(separator: " "))"
                throw OpsError(
                    .invalid, "'\(text)' names no times", hint: near.map { "did you mean '\($0)'?" } ?? known)
            }
            fields = meaning.split(separator: " ")
        }
        guard fields.count == 5 else {
            throw OpsError(
                .invalid, "'\(text)' has \(fields.count) field\(fields.count == 1 ? "" : "s"), not five",
                hint: "they are minute, hour, day of the month, month and day of the week: \"0 3 * * *\"")
        }
        minute = try CronField(fields[0], .minute)
        hour = try CronField(fields[1], .hour)
        day = try CronField(fields[2], .day)
        month = try CronField(fields[3], .month)
        weekday = try CronField(fields[4], .weekday)
        let longest = month.numbers.map { [1, 3, 5, 7, 8, 10, 12].contains($0) ? 31 : $0 == 2 ? 29 : 30 }.max() ?? 0
        // With a day of the week of its own, the day of the month need not come.
        guard needsBothDays == false || day.numbers.contains(where: { $0 <= longest }) else {
            throw OpsError(.invalid, "'\(text)' never comes: there is no such day in its months")
        }
    }

    /// True where a day must match the day of the month and the day of the week.
    package var needsBothDays: Bool { day.isStar || weekday.isStar }

    /// The five fields as every cron takes them: numbers in place of names and words.
    package var text: String { [minute, hour, day, month, weekday].map(\.text).joined(separator: " ") }

    /// True where it follows the clock all day long rather than naming hours and minutes: then what a change of the
    /// clock leaves out or repeats is left out or repeated too.
    package var followsClock: Bool { minute.isStar || hour.isStar }

    /// True on a day of the calendar.
    package func matches(_ date: CalendarDate) -> Bool {
        guard month.contains(date.month) else { return false }
        let isDay = day.contains(date.day)
        let isWeekday = weekday.contains(CalendarDate.weekday(daysSince1970: date.daysSince1970))
        return needsBothDays ? isDay && isWeekday : isDay || isWeekday
    }
}
