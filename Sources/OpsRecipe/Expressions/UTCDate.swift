import OpsCore

/// A moment in UTC by the proleptic Gregorian calendar, years 0 to 9999.
struct UTCDate {
    private let days: Int
    private let second: Int
    private let year: Int
    private let month: Int
    private let day: Int

    /// From seconds since 1970 (an integer, or digits), or from ISO 8601 text such as `2026-11-21`,
    /// `2026-11-21T10:00:00Z` or `2026-11-21T10:00:00.5+02:00`.
    init(_ value: Value) throws(ExpressionFailure) {
        let seconds: Int
        switch value {
        case .integer(let number, _): seconds = number
        case .string(let text):
            guard let number = Int(text) ?? Self.seconds(iso: text) else {
                throw ExpressionFailure(
                    "'\(text)' is no time", hint: "write it as '2026-11-21T10:00:00Z' or as seconds since 1970")
            }
            seconds = number
        default: throw ExpressionFailure("a time is an integer or a text")
        }
        guard (-62_167_219_200..<253_402_300_800).contains(seconds) else {
            throw ExpressionFailure("the time is not in the years 0 to 9999")
        }
        days = (seconds >= 0 ? seconds : seconds - 86399) / 86400
        second = seconds - days * 86400
        // Days to civil date, by eras of 400 years that start in March (H. Hinnant, "chrono-compatible
        // low-level date algorithms").
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func seconds(iso text: String) -> Int? {
        var rest = text[...]
        func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
            let part = rest.prefix(digits)
            guard part.count == digits, part.allSatisfy({ $0.isASCII && $0.isNumber }), let value = Int(part),
                range.contains(value)
            else { return nil }
            rest = rest.dropFirst(digits)
            return value
        }
        func take(_ sign: Character) -> Bool {
            guard rest.first == sign else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4, 0...9999), take("-"), let month = number(2, 1...12), take("-"),
            let day = number(2, 1...31)
        else { return nil }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        guard day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] else { return nil }
        var total = days(year, month, day) * 86400
        if rest.isEmpty { return total }
        guard take("T") || take(" "), let hour = number(2, 0...23), take(":"), let minute = number(2, 0...59)
        else { return nil }
        total += hour * 3600 + minute * 60
        if take(":") {
            guard let second = number(2, 0...60) else { return nil }
            total += second
            if take(".") {
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                guard !digits.isEmpty else { return nil }
                rest = rest.dropFirst(digits.count)
            }
        }
        if take("Z") { return rest.isEmpty ? total : nil }
        let isEast = rest.first == "+"
        guard take("+") || take("-"), let hours = number(2, 0...23) else { return nil }
        _ = take(":")
        guard let minutes = number(2, 0...59), rest.isEmpty else { return nil }
        return total - (isEast ? 1 : -1) * (hours * 3600 + minutes * 60)
    }

    /// The moment by a pattern of fields (`yyyy yy MM dd DDD HH mm ss`), signs, and quoted text.
    func text(pattern: String) throws(ExpressionFailure) -> String {
        var result = ""
        var rest = pattern[...]
        while let first = rest.first {
            if first == "'" {
                rest = rest.dropFirst()
                guard let close = rest.firstIndex(of: "'") else {
                    throw ExpressionFailure("a quote in the pattern of 'date' is never closed")
                }
                result += close == rest.startIndex ? "'" : String(rest[..<close])
                rest = rest[rest.index(after: close)...]
            } else if first.isLetter, first.isASCII {
                let run = rest.prefix { $0 == first }
                result += try field(run)
                rest = rest.dropFirst(run.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    private func field(_ name: Substring) throws(ExpressionFailure) -> String {
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        switch name {
        case "yyyy": return digits(year, 4)
        case "yy": return digits(year % 100, 2)
        case "MM": return digits(month, 2)
        case "dd": return digits(day, 2)
        case "DDD": return digits(days - Self.days(year, 1, 1) + 1, 3)
        case "HH": return digits(second / 3600, 2)
        case "mm": return digits(second / 60 % 60, 2)
        case "ss": return digits(second % 60, 2)
        default:
            throw ExpressionFailure(
                "unknown field '\(name)' in the pattern of 'date'",
                hint: "fields are yyyy yy MM dd DDD HH mm ss; quote other letters, as in ''T''")
        }
    }
}
