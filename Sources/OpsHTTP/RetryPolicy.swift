import OpsCore

/// When and how often a request is sent again.
///
/// Retried are connection errors, time limits, and the statuses 408, 425, 429 and 5xx except 501; never a
/// certificate that is not trusted. `Retry-After` (RFC 9110 §10.2.3) is waited for when it is at most
/// `longestWait`; the answer stands when it is longer.
package struct RetryPolicy: Sendable {
    /// How the wait grows from one attempt to the next.
    package enum Growth: Sendable, Hashable {
        /// Twice as long each time, of which up to half is taken off at random.
        case doubling
        /// As many times the delay as attempts were made, to which up to half is added at random.
        case linear
    }

    /// How often the request is sent at most; 1 is no retry.
    package var attempts: Int
    /// The wait before the second attempt, before chance changes it.
    package var delay: Duration
    package var longestWait: Duration
    package var growth: Growth
    /// Statuses to be retried beyond those of every policy.
    package var extraStatuses: Set<Int>

    package init(
        attempts: Int, delay: Duration = .milliseconds(500), longestWait: Duration = .seconds(30),
        growth: Growth = .doubling, extraStatuses: Set<Int> = []
    ) {
        self.attempts = attempts
        self.delay = delay
        self.longestWait = longestWait
        self.growth = growth
        self.extraStatuses = extraStatuses
    }

    package static let none = RetryPolicy(attempts: 1)
    package static let standard = RetryPolicy(attempts: 4)

    /// True where an answer of this status is worth another attempt.
    package func retries(_ status: Int) -> Bool {
        [408, 425, 429].contains(status) || (500..<600).contains(status) && status != 501
            || extraStatuses.contains(status)
    }

    /// True where a failure of this kind is worth another attempt.
    package func retries(_ error: any Error) -> Bool {
        guard let error = error as? OpsError else { return false }
        return error.code == .unavailable || error.code == .timeout
    }

    /// The wait before the attempt after number `attempt` (from 1).
    package func wait(after attempt: Int) -> Duration {
        if growth == .linear { return min(delay * attempt * Double.random(in: 1...1.5), longestWait) }
        let doubled = min(delay * (1 << min(attempt - 1, 16)), longestWait)
        return doubled * Double.random(in: 0.5...1)
    }

    /// What a `Retry-After` header asks for: seconds, or an HTTP date; nil where it is neither.
    package static func retryAfter(_ text: String, now: Int) -> Duration? {
        if let seconds = Int(text) { return seconds >= 0 ? .seconds(seconds) : nil }
        return HTTPDate.seconds(text).map { .seconds(max(0, $0 - now)) }
    }
}
