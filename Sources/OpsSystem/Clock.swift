import Glibc

/// The system's clocks.
package enum Clock {
    /// Nanoseconds that never go back, from an arbitrary start (CLOCK_MONOTONIC).
    package static func ticks() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The time since an earlier `ticks()`.
    package static func elapsed(since start: UInt64) -> Duration { .nanoseconds(Int64(ticks() &- start)) }

    /// Milliseconds since 1970, UTC (CLOCK_REALTIME).
    package static func milliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
