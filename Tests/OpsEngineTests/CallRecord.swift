import Synchronization

/// What the fake actions did, in order.
final class CallRecord: Sendable {
    /// One call: its name, and when it began and ended (virtual nanoseconds).
    struct Span: Sendable, Equatable {
        var name: String
        var start: UInt64
        var end: UInt64?
    }

    private let state = Mutex<(calls: [String], running: Int, most: Int)>(([], 0, 0))
    private let timed = Mutex<[Span]>([])

    /// The calls with their times, in the order in which they began.
    var spans: [Span] { timed.withLock { $0 } }

    func begin(_ name: String, at ticks: UInt64) -> Int {
        start(name)
        return timed.withLock {
            $0.append(Span(name: name, start: ticks))
            return $0.count - 1
        }
    }

    func end(_ span: Int, at ticks: UInt64) {
        end()
        timed.withLock { $0[span].end = ticks }
    }

    func start(_ name: String) {
        state.withLock {
            $0.calls.append(name)
            $0.running += 1
            $0.most = max($0.most, $0.running)
        }
    }

    func end() { state.withLock { $0.running -= 1 } }

    /// The names of the steps that started.
    var calls: [String] { state.withLock { $0.calls } }

    /// How many ran at once at most.
    var mostAtOnce: Int { state.withLock { $0.most } }
}
