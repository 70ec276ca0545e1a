import OpsCore
package import OpsSystem

/// The instants at which a cron expression comes, in a zone.
///
/// Over a change of the clock the rules are cron(8)'s: of an expression that names hours and minutes, a time that does
/// not exist comes once, at the first minute that does, and a time that exists twice comes once, the first time. An
/// expression with `*` as hour or minute follows the clock.
package struct CronTimes: Sendable {
    private let expression: CronExpression
    private let zone: ZoneRules

    /// Days that are looked at before a search is given up: 29 February on one day of the week comes within 40 years.
    private static let horizon = 41 * 366

    package init(_ expression: CronExpression, zone: ZoneRules) {
        self.expression = expression
        self.zone = zone
    }

    /// The first time after an instant, both in seconds since 1970; nil where none comes.
    package func next(after instant: Int) -> Int? {
        let local = instant + zone.offset(at: instant).seconds
        // The day before as well: what its last minutes name may be moved behind midnight.
        let first = local.flooredDivision(by: 86_400) - 1
        for day in first...(first + Self.horizon) {
            guard expression.matches(CalendarDate(daysSince1970: day)) else { continue }
            if let found = times(onDay: day).first(where: { $0 > instant }) { return found }
        }
        return nil
    }

    /// The first `count` times after an instant.
    package func next(_ count: Int, after instant: Int) -> [Int] {
        var result: [Int] = []
        while result.count < count, let next = next(after: result.last ?? instant) { result.append(next) }
        return result
    }

    /// The first time in the next `days` days that the zone's clock leaves out: local seconds since 1970.
    package func firstLeftOut(after instant: Int, days: Int) -> Int? {
        let first = (instant + zone.offset(at: instant).seconds).flooredDivision(by: 86_400)
        for day in first..<(first + days) where expression.matches(CalendarDate(daysSince1970: day)) {
            let offsets = offsets(onDay: day)
            guard offsets.count > 1 else { continue }
            if let time = localTimes(onDay: day).first(where: { instants(of: $0, offsets).isEmpty }) { return time }
        }
        return nil
    }

    private func localTimes(onDay day: Int) -> [Int] {
        expression.hour.numbers.flatMap { hour in
            expression.minute.numbers.map { day * 86_400 + hour * 3600 + $0 * 60 }
        }
    }

    /// The offsets that may hold on a local day; more than one only where the clock is changed near it. No zone is a
    /// day and a half away from UTC, and none changes twice within four days.
    private func offsets(onDay day: Int) -> Set<Int> {
        [zone.offset(at: day * 86_400 - 129_600).seconds, zone.offset(at: day * 86_400 + 216_000).seconds]
    }

    /// The instants of a local day, in order.
    private func times(onDay day: Int) -> [Int] {
        let offsets = offsets(onDay: day)
        var result: Set<Int> = []
        for local in localTimes(onDay: day) {
            let all = instants(of: local, offsets)
            if expression.followsClock {
                result.formUnion(all)
            } else {
                result.insert(all.first ?? firstMinute(after: local))
            }
        }
        return result.sorted()
    }

    /// The instants, in order, at which the clock shows a local time: one; two or none where it is changed.
    private func instants(of local: Int, _ offsets: Set<Int>) -> [Int] {
        guard offsets.count > 1 else { return offsets.map { local - $0 } }
        return offsets.map { local - $0 }.filter { $0 + zone.offset(at: $0).seconds == local }.sorted()
    }

    /// The first minute that exists behind a local time that does not.
    private func firstMinute(after local: Int) -> Int {
        // The change lies within a day before `high`: no clock leaves out more.
        var high = local - zone.offset(at: local - 129_600).seconds
        var low = high - 86_400
        let old = zone.offset(at: low)
        while low + 1 < high {
            let middle = (low + high) / 2
            if zone.offset(at: middle) == old { low = middle } else { high = middle }
        }
        return (high + 59).flooredDivision(by: 60) * 60
    }
}
