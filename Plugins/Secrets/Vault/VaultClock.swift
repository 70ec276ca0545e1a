import OpsSystem

/// What renewals and the rate limit go by: the system's time and chance, or in tests ones moved by hand.
protocol VaultClock: Sendable {
    /// Nanoseconds that never go back, from an arbitrary start.
    var ticks: UInt64 { get }
    /// Throws: `CancellationError` at once when the task is cancelled.
    func sleep(for duration: Duration) async throws
    /// A factor by which a wait is longer or shorter, so that what began together does not go on together.
    func spread(_ range: ClosedRange<Double>) -> Double
}

extension VaultClock {
    /// The time since an earlier `ticks`.
    func elapsed(since start: UInt64) -> Duration { .nanoseconds(Int64(ticks &- start)) }
}

struct SystemVaultClock: VaultClock {
    var ticks: UInt64 { Clock.ticks() }

    func sleep(for duration: Duration) async throws { try await EventLoop.shared.sleep(for: duration) }

    func spread(_ range: ClosedRange<Double>) -> Double { .random(in: range) }
}
