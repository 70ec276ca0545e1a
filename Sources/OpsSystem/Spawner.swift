import Glibc
import Synchronization

/// Starts programs on a thread of its own: whoever starts one stands still until the system has loaded it (vfork(2)), and
/// the event loop has other children's ends to see to meanwhile.
final class Spawner: Sendable {
    static let shared = Spawner()

    private struct State {
        var requests: [@Sendable () -> Void] = []
        var hasThread = false
        var isStopped = false
    }

    private let state = Mutex(State())
    /// Held while a program is started.
    private let starting = Mutex(())
    /// Counts the requests.
    nonisolated(unsafe) private let waiting = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    private init() { sem_init(waiting, 0, 0) }

    /// Runs `start` on the thread, in the order of the calls; false where the system has no thread for it.
    func submit(_ start: @escaping @Sendable () -> Void) -> Bool {
        let mustStart = state.withLock { state in
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if mustStart {
            var isStarted = true
            startThread(failed: { _ in isStarted = false }) { self.run() }
            guard isStarted else {
                state.withLock { $0.hasThread = false }
                return false
            }
        }
        state.withLock { $0.requests.append(start) }
        sem_post(waiting)
        return true
    }

    private func run() {
        while true {
            // An interrupted wait found no request.
            guard sem_wait(waiting) == 0 else { continue }
            starting.withLock { _ in
                let start = state.withLock { $0.requests.isEmpty || $0.isStopped ? nil : $0.requests.removeFirst() }
                start?()
            }
        }
    }

    /// Starts nothing more; returns once nothing is being started.
    func stop() {
        state.withLock { $0.isStopped = true }
        starting.withLock { _ in }
    }
}
