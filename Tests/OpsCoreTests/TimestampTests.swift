import OpsCore
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"), (-62_135_596_800, "0001-01-01T00:00:00Z"),
    ])
    func iso8601(_ seconds: Int, _ expected: String) { #expect(Timestamp.iso8601(Double(seconds)) == expected) }

    @Test func datesAndDaysAgree() {
        for days in stride(from: -800_000, to: 3_000_000, by: 997) {
            let date = CalendarDate(daysSince1970: days)
            #expect(date.daysSince1970 == days && (1...12).contains(date.month) && (1...31).contains(date.day))
        }
        #expect(CalendarDate(year: 2000, month: 2, day: 29).daysSince1970 == 11016)
    }
}
