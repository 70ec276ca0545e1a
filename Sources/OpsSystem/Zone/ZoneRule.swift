import OpsCore

/// The rule that a zone follows from now on: a POSIX TZ string such as `CET-1CEST,M3.5.0,M10.5.0/3`
/// (POSIX.1-2024, section 8.3; RFC 9636, section 3.3.1 allows hours from -167 to 167).
struct ZoneRule: Sendable, Equatable {
    private enum Day: Sendable, Equatable {
        /// The day of the week (0 is Sunday) in a week of a month; week 5 is the last.
        case week(month: Int, week: Int, day: Int)
        /// 1 to 365; 29 February is not counted.
        case julian(Int)
        /// 0 to 365.
        case ordinal(Int)
    }

    private struct Change: Sendable, Equatable {
        var day: Day
        /// Seconds behind midnight, local time.
        var time: Int
    }

    private let standard: ZoneRules.Offset
    private let summer: (offset: ZoneRules.Offset, start: Change, end: Change)?

    /// Nil where the text is empty or no such rule.
    init?(posix text: String) {
        var parser = Parser(rest: text[...])
        guard let name = parser.name(), let west = parser.time() else { return nil }
        standard = .init(seconds: -west, abbreviation: name)
        guard let summerName = parser.name() else {
            summer = nil
            return
        }
        let ahead = parser.rest.first == "," ? standard.seconds + 3600 : -(parser.time() ?? west - 3600)
        guard let start = parser.change(), let end = parser.change() else { return nil }
        summer = (.init(seconds: ahead, abbreviation: summerName), start, end)
    }

    static func == (left: ZoneRule, right: ZoneRule) -> Bool {
        left.standard == right.standard && left.summer?.offset == right.summer?.offset
            && left.summer?.start == right.summer?.start && left.summer?.end == right.summer?.end
    }

    func offset(at time: Int) -> ZoneRules.Offset {
        guard let summer else { return standard }
        let year = CalendarDate(daysSince1970: (time + standard.seconds).flooredDivision(by: 86_400)).year
        // Each change is told in the local time that it ends.
        let start = Self.seconds(summer.start, year) - standard.seconds
        let end = Self.seconds(summer.end, year) - summer.offset.seconds
        // South of the equator summer goes over the new year.
        let isSummer = start < end ? start <= time && time < end : !(end <= time && time < start)
        return isSummer ? summer.offset : standard
    }

    /// Local seconds since 1970 of a change in a year.
    private static func seconds(_ change: Change, _ year: Int) -> Int {
        let newYear = CalendarDate(year: year, month: 1, day: 1).daysSince1970
        let day: Int
        switch change.day {
        case .julian(let number):
            let isPastLeapDay = number >= 60 && CalendarDate.days(in: 2, of: year) == 29
            day = newYear + number - (isPastLeapDay ? 0 : 1)
        case .ordinal(let number): day = newYear + number
        case .week(let month, let week, let weekday):
            let first = CalendarDate(year: year, month: month, day: 1).daysSince1970
            var place = first + (weekday - CalendarDate.weekday(daysSince1970: first) + 7) % 7 + (week - 1) * 7
            if place >= first + CalendarDate.days(in: month, of: year) { place -= 7 }
            day = place
        }
        return day * 86_400 + change.time
    }

    private struct Parser {
        var rest: Substring

        /// Letters, or anything within `< >`.
        mutating func name() -> String? {
            if rest.first == "<" {
                guard let end = rest.firstIndex(of: ">") else { return nil }
                defer { rest = rest[rest.index(after: end)...] }
                return String(rest[rest.index(after: rest.startIndex)..<end])
            }
            let letters = rest.prefix { $0.isASCII && $0.isLetter }
            guard letters.count >= 3 else { return nil }
            rest = rest.dropFirst(letters.count)
            return String(letters)
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time() -> Int? {
            var sign = 1
            if let first = rest.first, first == "-" || first == "+" {
                if first == "-" { sign = -1 }
                rest.removeFirst()
            }
            var seconds = 0
            var unit = 3600
            while let number = number() {
                seconds += number * unit
                unit /= 60
                guard unit > 0, rest.first == ":" else { return sign * seconds }
                rest.removeFirst()
            }
            return nil
        }

        mutating func number() -> Int? {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard digits.count <= 3, let number = Int(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            return number
        }

        /// `,M3.5.0/3`, `,J60`, `,59/2`.
        mutating func change() -> Change? {
            guard rest.popFirst() == ",", let day = day() else { return nil }
            guard rest.first == "/" else { return Change(day: day, time: 7200) }
            rest.removeFirst()
            return time().map { Change(day: day, time: $0) }
        }

        private mutating func day() -> Day? {
            if rest.first == "M" {
                rest.removeFirst()
                guard let month = number(), rest.popFirst() == ".", let week = number(), rest.popFirst() == ".",
                    let day = number(), (1...12).contains(month), (1...5).contains(week), (0...6).contains(day)
                else { return nil }
                return .week(month: month, week: week, day: day)
            }
            if rest.first == "J" {
                rest.removeFirst()
                return number().flatMap { (1...365).contains($0) ? .julian($0) : nil }
            }
            return number().flatMap { (0...365).contains($0) ? .ordinal($0) : nil }
        }
    }
}
