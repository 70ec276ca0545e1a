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
}
