import COpsSystem
import Glibc

/// A child's process group: the child and what it started, but for what made a session of its own.
package struct ProcessGroup: Sendable, Hashable {
    /// The process id of its first member.
    package let id: Int32

    package init(_ id: Int32) { self.id = id }

    package func send(_ signal: Int32) { kill(-id, signal) }

    /// True while it has a member. To be asked after its first member was reaped, as that counts until then.
    package var isAlive: Bool {
        // Orphans of the group are our children, as we are their sub-reaper.
        ops_reap_group(id)
        return kill(-id, 0) == 0 || errno == EPERM
    }

    /// SIGTERM, then SIGKILL to whoever is left after `grace`; returns once the group is empty. Not cut short by
    /// cancellation.
    package func end(grace: Duration) async {
        guard isAlive else { return }
        send(SIGTERM)
        send(SIGCONT)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            EventLoop.shared.perform { waitUntilEmpty(killAfter: grace) { continuation.resume() } }
        }
    }

    /// Calls `done` once the group is empty; SIGKILL follows after `grace`.
    ///
    /// Gives up 2 s after that: only a process the kernel cannot interrupt is left then.
    @EventLoopActor
    func waitUntilEmpty(killAfter grace: Duration, _ done: @escaping @EventLoopActor () -> Void) {
        check(Clock.ticks(), grace, pause: .milliseconds(1), done)
    }

    @EventLoopActor
    private func check(
        _ start: UInt64, _ grace: Duration, pause: Duration,
        _ done: @escaping @EventLoopActor () -> Void
    ) {
        let elapsed = Clock.elapsed(since: start)
        guard isAlive, elapsed < grace + .seconds(2) else { return done() }
        let mustKill = elapsed >= grace
        if mustKill { send(SIGKILL) }
        let next = mustKill ? pause : min(pause, grace - elapsed)
        EventLoop.shared.after(next) {
            check(start, grace, pause: min(pause * 2, .milliseconds(20)), done)
        }
    }
}
