import Synchronization

extension EventLoop {
    /// Waits on the loop's own timers (`Task.sleep` would start other threads).
    ///
    /// Throws: `CancellationError` at once when the task is cancelled.
    package func sleep(for duration: Duration) async throws {
        let sleeper = Sleeper()
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                perform { sleeper.start(duration, continuation) }
            }
        } onCancel: {
            perform { sleeper.cancel() }
        }
    }

    /// Runs it now where we stand on the loop, else submits it.
    package func perform(_ body: @escaping @Sendable @EventLoopActor () -> Void) {
        if isCurrent { Self.assumeIsolated(body) } else { submit { Self.assumeIsolated(body) } }
    }
}

/// One sleep; a cancellation may reach the loop before its start does.
private final class Sleeper: Sendable {
    @EventLoopActor private var continuation: CheckedContinuation<Void, any Error>?
    @EventLoopActor private var timer: UInt64?
    @EventLoopActor private var isCancelled = false

    init() {}

    @EventLoopActor
    func start(_ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
        if isCancelled { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        timer = EventLoop.shared.after(duration) { self.end(.success(())) }
    }

    @EventLoopActor
    func cancel() {
        isCancelled = true
        if let timer { EventLoop.shared.cancelTimer(timer) }
        end(.failure(CancellationError()))
    }

    @EventLoopActor
    private func end(_ result: Result<Void, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
    }
}
