import OpsCore
import OpsSystem

/// Work that is given up when its time is over or its caller is cancelled: it is cancelled then, and not waited for.
@EventLoopActor
final class Bounded<Result: Sendable> {
    enum End: Sendable { case done(Result), timedOut, cancelled }

    private var continuation: CheckedContinuation<End, Never>?
    private var end: End?

    private init() {}

    static func run(
        for limit: Duration, on clock: any RunClock, _ body: @escaping @Sendable () async -> Result
    ) async -> End {
        let bounded = Bounded()
        let work = SwiftTask(executorPreference: EventLoop.shared) {
            let result = await body()
            await bounded.finish(.done(result))
        }
        let timer = clock.after(limit) {
            work.cancel()
            bounded.finish(.timedOut)
        }
        defer { clock.cancel(timer) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { bounded.wait($0) }
        } onCancel: {
            work.cancel()
            onLoop { bounded.finish(.cancelled) }
        }
    }

    private func wait(_ continuation: CheckedContinuation<End, Never>) {
        if let end { return continuation.resume(returning: end) }
        self.continuation = continuation
    }

    private func finish(_ end: End) {
        guard self.end == nil else { return }
        self.end = end
        continuation?.resume(returning: end)
        continuation = nil
    }
}
