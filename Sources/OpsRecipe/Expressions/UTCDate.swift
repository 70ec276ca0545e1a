import OpsCore

/// A moment in UTC by the proleptic Gregorian calendar, years 0 to 9999.
struct UTCDate {
    private let days: Int
    private let second: Int
    private let date: CalendarDate

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
        days = seconds.flooredDivision(by: 86400)
        second = seconds.flooredRemainder(by: 86400)
        date = CalendarDate(daysSince1970: days)
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
        var total = CalendarDate(year: year, month: month, day: day).daysSince1970 * 86400
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
        case "yyyy": return digits(date.year, 4)
        case "yy": return digits(date.year % 100, 2)
        case "MM": return digits(date.month, 2)
        case "dd": return digits(date.day, 2)
        case "DDD": return digits(days - CalendarDate(year: date.year, month: 1, day: 1).daysSince1970 + 1, 3)
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
