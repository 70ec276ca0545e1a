import OpsCore
import Testing

@testable import OpsHTTP

@Suite struct RetryPolicyTests {
    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199), ("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_799),
    ])
    func dates(_ text: String, _ seconds: Int) { #expect(HTTPDate.seconds(text) == seconds) }

    @Test(arguments: [
        "", "x", "Sun, 06 Nov 1994 08:49:37", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
    ])
    func wrongDates(_ text: String) { #expect(HTTPDate.seconds(text) == nil) }

    @Test func retryAfter() {
        #expect(RetryPolicy.retryAfter("7", now: 0) == .seconds(7))
        #expect(RetryPolicy.retryAfter("-7", now: 0) == nil)
        #expect(RetryPolicy.retryAfter("Thu, 01 Jan 1970 00:00:09 GMT", now: 4) == .seconds(5))
        #expect(RetryPolicy.retryAfter("Thu, 01 Jan 1970 00:00:09 GMT", now: 40) == .zero)
    }

    @Test func waitsDoubleWithinBounds() {
        let policy = RetryPolicy(attempts: 99, delay: .seconds(1), longestWait: .seconds(5))
        for _ in 0..<50 {
            #expect((.milliseconds(500)...Duration.seconds(1)).contains(policy.wait(after: 1)))
            #expect((.seconds(1)...Duration.seconds(2)).contains(policy.wait(after: 2)))
            #expect(policy.wait(after: 90) <= .seconds(5))
        }
    }

    @Test(arguments: [
        (408, true), (425, true), (429, true), (500, true), (501, false), (503, true), (404, false), (412, false),
    ])
    func statuses(_ status: Int, _ expected: Bool) { #expect(RetryPolicy.standard.retries(status) == expected) }

    @Test func linearWaitsGrowByOneDelayEach() {
        let policy = RetryPolicy(attempts: 4, delay: .seconds(1), growth: .linear)
        for _ in 0..<50 {
            for attempt in 1...3 {
                let wait = policy.wait(after: attempt)
                #expect(wait >= .seconds(attempt) && wait <= .milliseconds(1500 * attempt))
            }
        }
    }
}
