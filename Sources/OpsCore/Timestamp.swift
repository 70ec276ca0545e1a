import Glibc

/// Times as text, in UTC.
public enum Timestamp {
    /// Seconds since 1970, now.
    public static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds since 1970 as ISO 8601: `2026-11-21T09:55:30Z`.
    public static func iso8601(_ seconds: Double) -> String {
        let total = Int(seconds.rounded(.down))
        let (date, time) = (total.flooredDivision(by: 86_400), total.flooredRemainder(by: 86_400))
        let (year, month, day) = civil(days: date)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))Z"
    }

    /// Days since 1970 as a date of the proleptic Gregorian calendar.
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        // Years are counted from March, so that the leap day is the last; 146,097 days are 400 years.
        let shifted = days + 719_468
        let era = shifted.flooredDivision(by: 146_097)
        let dayOfEra = shifted.flooredRemainder(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Int {
    func flooredDivision(by divisor: Int) -> Int { (self - flooredRemainder(by: divisor)) / divisor }

    func flooredRemainder(by divisor: Int) -> Int {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
