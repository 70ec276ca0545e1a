import OpsCore
import OpsRecipe

/// A cron expression as calendar events of systemd (systemd.time(7), "Calendar events").
enum CalendarEvents {
    /// One event, or two where cron takes a day that matches its day of the month *or* of the week.
    static func texts(_ cron: CronExpression, zone: String?) -> [String] {
        let time = "\(list(cron.hour)):\(list(cron.minute)):00" + (zone.map { " " + $0 } ?? "")
        func event(weekday: CronField?, day: CronField?) -> String {
            let days = weekday.map { weekdays($0) + " " } ?? ""
            return days + "*-\(list(cron.month))-\(day.map(list) ?? "*") " + time
        }
        if cron.needsBothDays {
            return [
                event(
                    weekday: cron.weekday.numbers.count == 7 ? nil : cron.weekday,
                    day: cron.day.isEvery ? nil : cron.day)
            ]
        }
        return [event(weekday: nil, day: cron.day), event(weekday: cron.weekday, day: nil)]
    }

    private static let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    private static func weekdays(_ field: CronField) -> String {
        field.numbers.map { names[$0] }.joined(separator: ",")
    }

    private static func list(_ field: CronField) -> String {
        if field.isEvery { return "*" }
        return field.items.map { item in
            let range = item.range ?? field.kind.bounds
            if range.count == 1 { return two(range.lowerBound) }
            let text = two(range.lowerBound) + ".." + two(range.upperBound)
            return item.step == 1 ? text : "\(text)/\(item.step)"
        }.joined(separator: ",")
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
