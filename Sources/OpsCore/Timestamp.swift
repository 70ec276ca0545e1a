import Glibc

/// Times as text, in UTC.
public enum Timestamp {
    /// Seconds since 1970, now.
    public static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds since 1970 as ISO 8601 and RFC 3339: `2026-11-21T09:55:30Z`.
    public static func iso8601(_ seconds: Double) -> String {
        let total = Int(seconds.rounded(.down))
        let date = CalendarDate(daysSince1970: total.flooredDivision(by: 86_400))
        let time = total.flooredRemainder(by: 86_400)
        func digits(_ number: Int, _ width: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(digits(date.year, 4))-\(digits(date.month))-\(digits(date.day))"
            + "T\(digits(time / 3600)):\(digits(time / 60 % 60)):\(digits(time % 60))Z"
    }

    /// Whole seconds since 1970 of a time in UTC such as `2026-11-21T09:55:30Z` (RFC 3339); nil where it is none.
    package static func parse(_ text: String) -> Int? {
        let parts = text.split(omittingEmptySubsequences: false) { "-T:Z".contains($0) }
        let numbers = parts.prefix(6).map { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int($0) : nil }
        guard parts.count == 7, parts[6].isEmpty, text.utf8.count == 20, let year = numbers[0], let month = numbers[1],
            let day = numbers[2], let hour = numbers[3], let minute = numbers[4], let second = numbers[5],
            (1...12).contains(month), (1...CalendarDate.days(in: month, of: year)).contains(day), hour < 24,
            minute < 60, second < 60
        else { return nil }
        let days = CalendarDate(year: year, month: month, day: day).daysSince1970
        return days * 86_400 + hour * 3600 + minute * 60 + second
    }
}
