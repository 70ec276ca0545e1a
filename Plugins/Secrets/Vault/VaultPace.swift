/// How long waits are, and by which clock; tests have their own.
struct VaultPace: Sendable {
    /// Before a request is sent again: as the official client, 1 to 1.5 s for each attempt made.
    var retryDelay = Duration.seconds(1)
    /// Before a renewal that failed is tried again; it doubles with each failure.
    var backOff = Duration.seconds(10)
    var longestBackOff = Duration.seconds(300)
    /// The least between two renewals.
    var leastRenewal = Duration.seconds(1)
    var clock: any VaultClock = SystemVaultClock()
}
