import OpsCore
import Synchronization

/// At most so many requests a second, with bursts, as `VAULT_RATE_LIMIT` says.
final class VaultRateLimit: Sendable {
    struct Rate: Sendable, Hashable {
        /// Requests a second.
        var count: Double
        /// How many may go at once after a rest.
        var burst: Int

        /// Reads `10` or `10:20`; nil where it is neither.
        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count), let count = Double(parts[0]), count > 0, count <= 1_000_000 else {
                return nil
            }
            guard let burst = parts.count == 2 ? Int(parts[1]) : Int(count) else { return nil }
            self.count = count
            self.burst = max(burst, 1)
        }
    }

    private let interval: Double
    private let tolerance: Double
    private let clock: any VaultClock
    private let start: UInt64
    /// When the next request would be due at an even pace, in seconds since the start.
    private let due = Mutex<Double>(0)

    init(_ rate: Rate, _ clock: any VaultClock) {
        self.clock = clock
        start = clock.ticks
        interval = 1 / rate.count
        tolerance = interval * Double(rate.burst - 1)
    }

    /// How long the next request has to wait; it counts as sent (generic cell rate algorithm).
    func delay() -> Duration {
        let now = clock.elapsed(since: start).seconds
        return due.withLock { due in
            let wait = max(0, due - tolerance - now)
            due = max(due, now) + interval
            return .seconds(wait)
        }
    }
}
