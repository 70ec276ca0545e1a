import OpsCore
import OpsRecipe
import OpsSystem
import Testing

/// crontab(5)'s five fields, and the times that they give.
@Suite struct CronExpressionTests {
    @Test(arguments: [
        ("0 3 * * *", "0 3 * * *"),
        ("*/15 0-6/2 1,15 jan-mar,DEC Mon-Fri", "*/15 0-6/2 1,15 1-3,12 1-5"),
        ("  5\t4 * *  7 ", "5 4 * * 7"),
        ("@daily", "0 0 * * *"),
        ("@Weekly", "0 0 * * 0"),
        ("0 0 31 2 mon", "0 0 31 2 1"),
    ])
    func reads(_ text: String, _ numbers: String) throws {
        #expect(try CronExpression(text).text == numbers)
    }

    @Test(arguments: [
        ("0 3 * *", "has 4 fields, not five"),
        ("0 0 3 * * *", "has 6 fields, not five"),
        ("60 3 * * *", "the minute is from 0 to 59, not 60"),
        ("0 24 * * *", "the hour is from 0 to 23, not 24"),
        ("0 0 0 * *", "the day of the month is from 1 to 31, not 0"),
        ("0 3 * * 8", "the day of the week is from 0 to 7, not 8"),
        ("0 3 * janu *", "did you mean 'jan'?"),
        ("0 3 * * mom", "did you mean 'mon'?"),
        ("0 22-2 * * *", "write 22-23,0-2"),
        ("0 5/3 * * *", "write 5-23/3"),
        ("*/0 * * * *", "the step '0' of the minute"),
        ("*/ * * * *", "the step '' of the minute"),
        ("1,,2 * * * *", "the minute '1,,2' has an empty item"),
        ("-5 * * * *", "'' is no minute"),
        ("+5 * * * *", "'+5' is no minute"),
        ("٣ * * * *", "'٣' is no minute"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,jun,9,11 *", "never comes"),
        ("@reboot", "names no times"),
        ("@dayly", "did you mean '@daily'?"),
        ("@daily 5", "names no times"),
        ("", "has 0 fields"),
        ("0 0 L * *", "'L' is no day of the month"),
    ])
    func refuses(_ text: String, _ problem: String) throws {
        let error = #expect(throws: OpsError.self) { try CronExpression(text) }
        #expect(error.map { "\($0)".contains(problem) } ?? false, "\(String(describing: error))")
    }

    /// The first of the times behind each start, in zones whose clocks are changed.
    @Test(arguments: [
        ("0 3 * * *", "UTC", "2026-11-21T02:59:59Z", ["2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z"]),
        ("0 3 * * *", "UTC", "2026-11-21T03:00:00Z", ["2026-11-22T03:00:00Z"]),
        ("30 4 1,15 * fri", "UTC", "2026-05-01T04:30:00Z", ["2026-05-08T04:30:00Z", "2026-05-15T04:30:00Z"]),
        // One of them begins with a star: both must match.
        ("0 0 */2 * 1", "UTC", "2026-11-01T00:00:00Z", ["2026-11-09T00:00:00Z", "2026-11-23T00:00:00Z"]),
        ("0 0 29 2 *", "UTC", "2026-11-21T00:00:00Z", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("0 0 * 2 7", "UTC", "2026-02-01T00:00:00Z", ["2026-02-08T00:00:00Z"]),
        // 29 March 2026: 02:00 to 03:00 is left out. 25 October: 02:00 to 03:00 comes twice.
        (
            "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        ),
        (
            "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        ),
        (
            "0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]
        ),
        (
            "*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
            ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]
        ),
        (
            "30 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z",
            ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]
        ),
        ("0 3 * * *", "America/New_York", "2026-07-01T12:00:00Z", ["2026-07-02T07:00:00Z"]),
        // Half an hour: 4 October 2026, 02:00 to 02:30 is left out.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", ["2026-10-03T15:30:00Z"]),
        // Midnight itself is left out.
        ("15 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", ["2026-09-06T04:00:00Z"]),
        // A whole day is: what its times were for comes when the next begins.
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-29T12:00:00Z", ["2011-12-30T10:00:00Z"]),
        ("0 0 * * *", "Asia/Kathmandu", "2026-11-21T00:00:00Z", ["2026-11-21T18:15:00Z"]),
    ])
    func gives(_ text: String, _ zone: String, _ start: String, _ times: [String]) throws {
        let rules = try #require(ZoneDatabase.rules(zone))
        let found = CronTimes(try CronExpression(text), zone: rules).next(
            times.count, after: try #require(Timestamp.parse(start)))
        #expect(found.map { Timestamp.iso8601(Double($0)) } == times)
    }

    @Test(arguments: [
        ("30 2 * * *", "Europe/Berlin", true), ("30 3 * * *", "Europe/Berlin", false),
        ("30 2 * * 1-5", "Europe/Berlin", false), ("30 2 * * *", "UTC", false),
        ("30 0 * * *", "America/Santiago", true),
    ])
    func saysWhatTheClockLeavesOut(_ text: String, _ zone: String, _ isLeftOut: Bool) throws {
        let times = CronTimes(try CronExpression(text), zone: try #require(ZoneDatabase.rules(zone)))
        let start = try #require(Timestamp.parse("2026-01-01T00:00:00Z"))
        #expect((times.firstLeftOut(after: start, days: 366) != nil) == isLeftOut)
    }
}
