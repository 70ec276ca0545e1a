import COpsSystem
import Glibc
package import OpsCore
import Synchronization

/// The one event loop: scheduler, child processes, timers and signals share a single thread over epoll.
///
/// Tasks run on it by `executorPreference: EventLoop.shared` and by actors that name it as their executor; what
/// runs on it must never block. The thread is the main one where `runOnMainThread` was called first (no second
/// thread is started then), else one of its own, started by the first use.
package final class EventLoop: TaskExecutor, SerialExecutor {
    package static let shared = EventLoop()

    private enum Work {
        case job(UnownedJob)
        case body(@Sendable () -> Void)
    }

    private struct Queue {
        var work: [Work] = []
        var hasThread = false
        /// True while the loop waits, or is about to: then new work must wake it.
        var isWaiting = false
    }

    private struct Handler {
        var generation: UInt32
        var body: @EventLoopActor (Readiness) -> Void
    }

    private let queue = Mutex(Queue())
    private let thread = Atomic<UInt>(0)
    private let poll: Int32
    private let waker: Int32
    // Touched on the loop's thread only.
    nonisolated(unsafe) private var timers = TimerQueue()
    /// By descriptor.
    nonisolated(unsafe) private var handlers: [Handler?] = []
    nonisolated(unsafe) private var generation: UInt32 = 0
    nonisolated(unsafe) private var spare: [Work] = []
    nonisolated(unsafe) private var idleBodies: [@EventLoopActor () -> Void] = []

    private init() {
        poll = ops_poll_create()
        waker = ops_wake_create()
        // A child that ends early must cost its writer an EPIPE, not us our life.
        signal(SIGPIPE, SIG_IGN)
        _ = ops_poll_add(poll, waker, UInt32(OPS_READABLE), .max)
    }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    package func checkIsolated() {
        precondition(isCurrent, "not on the event loop's thread")
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// True on the loop's own thread.
    package var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Runs work on the loop, from any thread, in the order it was given.
    package func submit(_ work: @escaping @Sendable () -> Void) { add(.body(work)) }

    private func add(_ work: Work) {
        let (mustWake, mustStart) = queue.withLock { queue in
            queue.work.append(work)
            let mustStart = !queue.hasThread
            queue.hasThread = true
            let mustWake = queue.isWaiting
            queue.isWaiting = false
            return (mustWake, mustStart)
        }
        if mustWake { ops_wake(waker) }
        if mustStart { startOwnThread() }
    }

    private func startOwnThread() {
        startThread(failed: { error in
            // Without a thread nothing can ever run; there is nobody left to tell.
            let text = Array("ops: \(error)\n".utf8)
            _ = write(2, text, text.count)
            _exit(1)
        }) { self.run(until: { false }) }
    }

    // MARK: Running

    /// Makes the calling thread the loop and runs `body` on it; returns what it returns, an exit status.
    ///
    /// To be called once, by the main thread, before anything else uses the loop; later calls run `body` on the
    /// loop's own thread.
    package func runOnMainThread(_ body: @escaping @Sendable () async -> Int32) -> Int32 {
        let result = MainResult()
        let isMine = queue.withLock { queue in
            let isMine = !queue.hasThread
            queue.hasThread = true
            return isMine
        }
        Task.detached(executorPreference: self) {
            result.finish(await body())
            self.submit {}
        }
        if isMine { run(until: { result.isFinished }) }
        return result.wait()
    }

    private func run(until isFinished: () -> Bool) {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        var events = [ops_event](repeating: ops_event(), count: 64)
        var rounds = 0
        while !isFinished() {
            var batch = spare
            let hasWork = queue.withLock { queue in
                if queue.work.isEmpty {
                    queue.isWaiting = true
                    return false
                }
                swap(&queue.work, &batch)
                return true
            }
            for item in batch {
                switch item {
                case .job(let job):
                    job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
                case .body(let body): body()
                }
            }
            batch.removeAll(keepingCapacity: true)
            spare = batch
            // Asked here as well, so that a finished program does not wait for an event.
            if isFinished() { break }
            // A chain of jobs is run to its end, but for ever it does not keep events waiting.
            if hasWork, rounds < 16 {
                rounds += 1
                continue
            }
            rounds = 0
            let mayWait = !hasWork && idleBodies.isEmpty
            let count = ops_poll_wait(poll, &events, 64, mayWait ? timers.millisecondsLeft() : 0)
            queue.withLock { $0.isWaiting = false }
            for index in 0..<max(0, Int(count)) { deliver(events[index]) }
            if !timers.isEmpty {
                let now = Clock.ticks()
                // A timer's body may add and remove timers.
                while let body = timers.takeDue(now) { body() }
            }
            if !hasWork, count == 0, !idleBodies.isEmpty, queue.withLock({ $0.work.isEmpty }) {
                Self.assumeIsolated(idleBodies.removeFirst())
            }
        }
    }

    private func deliver(_ event: ops_event) {
        if event.key == .max {
            ops_wake_clear(waker)
            return
        }
        let descriptor = Int(event.key & 0xFFFF_FFFF)
        // A descriptor closed and reused within one batch has another generation.
        guard descriptor < handlers.count, let handler = handlers[descriptor],
            UInt64(handler.generation) == event.key >> 32
        else { return }
        Self.assumeIsolated { handler.body(Readiness(rawValue: event.events)) }
    }

    // MARK: On the loop's thread

    /// Runs what is isolated to the loop, from synchronous code that stands on its thread.
    package static func assumeIsolated<T>(_ body: @EventLoopActor () throws -> T) rethrows -> T {
        shared.checkIsolated()
        // As the standard library's MainActor.assumeIsolated does: isolation is no part of the representation.
        return try withoutActuallyEscaping(body) { body in
            try unsafeBitCast(body, to: (() throws -> T).self)()
        }
    }

    /// Calls `handler` on the loop each time the descriptor is ready, until `closeWatched`.
    ///
    /// Throws: an `OpsError` where the system cannot watch it (a regular file).
    @EventLoopActor
    package func watch(
        _ descriptor: Int32, for readiness: Readiness, _ handler: @escaping @EventLoopActor (Readiness) -> Void
    ) throws(OpsError) {
        generation &+= 1
        if generation == .max { generation = 1 }
        let key = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        let status = ops_poll_add(poll, descriptor, readiness.rawValue, key)
        guard status == 0 else { throw OpsError(.system, "cannot watch a descriptor: \(OpsError.errorText(-status))") }
        while handlers.count <= Int(descriptor) { handlers.append(nil) }
        handlers[Int(descriptor)] = Handler(generation: generation, body: handler)
    }

    /// Ends the watch of a descriptor, which stays open.
    @EventLoopActor
    package func unwatch(_ descriptor: Int32) {
        forget(descriptor)
        ops_poll_remove(poll, descriptor)
    }

    /// Ends the watch and closes the descriptor.
    ///
    /// Closing alone takes it off the kernel's list only where no child between fork and exec has it (epoll(7), question
    /// 6): until then the loop would be woken for nothing again and again.
    @EventLoopActor
    package func closeWatched(_ descriptor: Int32) {
        forget(descriptor)
        ops_poll_remove(poll, descriptor)
        close(descriptor)
    }

    @EventLoopActor
    private func forget(_ descriptor: Int32) {
        if handlers.indices.contains(Int(descriptor)) { handlers[Int(descriptor)] = nil }
    }

    /// Calls `body` on the loop once the time has passed; gives a number to cancel it by.
    @EventLoopActor
    @discardableResult
    package func after(_ duration: Duration, _ body: @escaping @EventLoopActor () -> Void) -> UInt64 {
        timers.add(after: duration) { EventLoop.assumeIsolated(body) }
    }

    /// Calls `body` on the loop once there is nothing else to do: for a clock that jumps to what is due next.
    @EventLoopActor
    package func whenIdle(_ body: @escaping @EventLoopActor () -> Void) { idleBodies.append(body) }

    @EventLoopActor
    package func cancelTimer(_ number: UInt64) { timers.remove(number) }
}

/// What a watched descriptor is ready for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: UInt32(OPS_READABLE))
    package static let writable = Readiness(rawValue: UInt32(OPS_WRITABLE))
    package static let error = Readiness(rawValue: UInt32(OPS_ERROR))
    package static let hangUp = Readiness(rawValue: UInt32(OPS_HANGUP))
}

/// Isolation to the thread of `EventLoop.shared`.
@globalActor
package actor EventLoopActor {
    package static let shared = EventLoopActor()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { EventLoop.shared.asUnownedSerialExecutor() }
}

/// The exit status that the body of `runOnMainThread` ends with.
private final class MainResult: Sendable {
    private let status = Mutex<Int32?>(nil)

    var isFinished: Bool { status.withLock { $0 != nil } }

    func finish(_ code: Int32) { status.withLock { $0 = code } }

    func wait() -> Int32 {
        while true {
            if let code = status.withLock({ $0 }) { return code }
            usleep(500)
        }
    }
}
