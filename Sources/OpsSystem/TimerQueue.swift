import Glibc

/// Pending timers, soonest first. Belongs to the event loop's thread.
struct TimerQueue {
    private struct Entry {
        /// In `Clock.ticks`.
        var due: UInt64
        var number: UInt64
        var body: () -> Void
    }

    /// Soonest last, so that it is taken off cheaply.
    private var entries: [Entry] = []
    private var lastNumber: UInt64 = 0

    mutating func add(after duration: Duration, _ body: @escaping () -> Void) -> UInt64 {
        lastNumber += 1
        // A century is for ever: no overflow.
        let wait =
            UInt64(max(0, min(duration, .seconds(3_000_000_000)).components.seconds)) * 1_000_000_000
            + UInt64(max(0, duration.components.attoseconds / 1_000_000_000))
        let due = Clock.ticks() + wait
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            // Of those due at the same time the first added fires first.
            if entries[middle].due > due { low = middle + 1 } else { high = middle }
        }
        entries.insert(Entry(due: due, number: lastNumber, body: body), at: low)
        return lastNumber
    }

    mutating func remove(_ number: UInt64) { entries.removeAll { $0.number == number } }

    /// Until the next one is due, rounded up; -1 where there is none.
    func millisecondsLeft() -> Int32 {
        guard let next = entries.last else { return -1 }
        let now = Clock.ticks()
        if next.due <= now { return 0 }
        return Int32(clamping: (next.due - now + 999_999) / 1_000_000)
    }

    /// Takes off one that is due.
    mutating func takeDue(_ now: UInt64) -> (() -> Void)? {
        guard let next = entries.last, next.due <= now else { return nil }
        entries.removeLast()
        return next.body
    }

    var isEmpty: Bool { entries.isEmpty }
}
