import OpsCore
import OpsEngine
import OpsSystem

/// A clock that jumps to whatever is due next as soon as the loop has nothing else to do: hours pass in no time, and in
/// the same order each time.
final class VirtualClock: RunClock {
    private(set) var ticks: UInt64 = 0
    /// What the wall clock shows at the start; may be moved while a run goes on.
    var wallStart: Double = 1_795_651_200
    private var timers: [(due: UInt64, number: UInt64, body: @EventLoopActor () -> Void)] = []
    private var lastNumber: UInt64 = 0
    private var isWaiting = false

    nonisolated init() {}

    var now: Double { wallStart + Double(ticks) / 1e9 }

    @discardableResult
    func after(_ duration: Duration, _ body: @escaping @EventLoopActor () -> Void) -> UInt64 {
        lastNumber += 1
        timers.append((ticks + UInt64(max(0, duration.nanoseconds)), lastNumber, body))
        waitForIdleness()
        return lastNumber
    }

    func cancel(_ timer: UInt64) { timers.removeAll { $0.number == timer } }

    private func waitForIdleness() {
        guard !isWaiting, !timers.isEmpty else { return }
        isWaiting = true
        EventLoop.shared.whenIdle { [self] in
            isWaiting = false
            if let next = timers.indices.min(by: {
                (timers[$0].due, timers[$0].number) < (timers[$1].due, timers[$1].number)
            }) {
                let timer = timers.remove(at: next)
                ticks = timer.due
                timer.body()
            }
            waitForIdleness()
        }
    }
}
