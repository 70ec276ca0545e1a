import OpsCore
package import OpsSystem

/// The time of a run: the system's, or in tests one that jumps to whatever is due next.
@EventLoopActor
package protocol RunClock: AnyObject, Sendable {
    /// Nanoseconds that never go back, from an arbitrary start.
    var ticks: UInt64 { get }
    /// Seconds since 1970; may go back.
    var now: Double { get }
    /// Calls `body` on the loop once the time has passed; gives a number to cancel it by.
    @discardableResult
    func after(_ duration: Duration, _ body: @escaping @EventLoopActor () -> Void) -> UInt64
    func cancel(_ timer: UInt64)
}

extension RunClock {
    /// The time since an earlier `ticks`.
    func elapsed(since start: UInt64) -> Duration { .nanoseconds(Int64(ticks &- start)) }

    /// Throws: `CancellationError` at once when the task is cancelled.
    package func sleep(for duration: Duration) async throws {
        let sleeper = ClockSleeper(self)
        try await withTaskCancellationHandler {
            try SwiftTask.checkCancellation()
            try await withCheckedThrowingContinuation { sleeper.start(duration, $0) }
        } onCancel: {
            onLoop { sleeper.cancel() }
        }
    }
}

/// One sleep; a cancellation may reach the loop before its start does.
@EventLoopActor
private final class ClockSleeper {
    private let clock: any RunClock
    private var continuation: CheckedContinuation<Void, any Error>?
    private var timer: UInt64?
    private var isCancelled = false

    init(_ clock: any RunClock) { self.clock = clock }

    func start(_ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
        if isCancelled { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        timer = clock.after(duration) { self.end(.success(())) }
    }

    func cancel() {
        isCancelled = true
        if let timer { clock.cancel(timer) }
        end(.failure(CancellationError()))
    }

    private func end(_ result: Result<Void, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
    }
}

/// The system's clocks and the event loop's timers.
package final class SystemRunClock: RunClock {
    package nonisolated init() {}

    package var ticks: UInt64 { Clock.ticks() }
    package var now: Double { Timestamp.now }

    package func after(_ duration: Duration, _ body: @escaping @EventLoopActor () -> Void) -> UInt64 {
        EventLoop.shared.after(duration, body)
    }

    package func cancel(_ timer: UInt64) { EventLoop.shared.cancelTimer(timer) }
}
