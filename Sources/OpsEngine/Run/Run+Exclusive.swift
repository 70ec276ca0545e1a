import OpsCore
import OpsRecipe
import OpsSystem

/// One `exclusive` name as this run has it.
struct Lease {
    /// The lock on this machine; nil while another run has it.
    var lock: FileLock?
    /// The tasks that run under it: one, but for those that a finished one's undo waits for.
    var holders: Set<Int> = []
    /// Finished tasks whose undos are still armed or run: they keep the lock, and let in only what disarms them.
    var pending: Set<Int> = []
    /// When this run began to wait for the lock.
    var waitingSince: UInt64?

    var isIdle: Bool { holders.isEmpty && pending.isEmpty }
}

extension Run {
    /// Before the first task: names that other runs hold, where this run would not wait for them.
    ///
    /// Throws: an `OpsError` (`busy`) that says who holds it since when.
    func checkLocks() throws {
        guard options.lockWait == .none else { return }
        var seen: Set<String> = []
        for (index, task) in plan.tasks.enumerated() where task.decision == .run && !isFinishedBefore(index) {
            guard let name = task.exclusive, seen.insert(name).inserted else { continue }
            guard let lock = try acquire(name, for: task.id) else { throw busy(name) }
            lock.release()
        }
    }

    /// True where the task may start as far as its `exclusive` name is concerned; its lease is taken then. Where another
    /// run has the lock, this run begins to wait for it, or the task fails.
    ///
    /// - Parameter pastPending: true lets it in beside undos that are armed under the name.
    func takeLease(_ index: Int, pastPending: Bool = false) -> Bool {
        guard let name = plan.tasks[index].exclusive else { return true }
        var lease = leases[name] ?? Lease()
        guard lease.holders.isEmpty, pastPending || lease.pending.allSatisfy({ isDisarmed(by: index, $0) }) else {
            return false
        }
        if lease.lock == nil {
            guard lease.waitingSince == nil else { return false }
            do {
                lease.lock = try acquire(name, for: plan.tasks[index].id)
            } catch {
                refuse(index, OpsError.text(of: error))
                return false
            }
            guard lease.lock != nil else {
                beginWaiting(for: name, index)
                return false
            }
        }
        lease.holders.insert(index)
        leases[name] = lease
        return true
    }

    /// The task is over: its lease goes on only for undos that are still armed.
    func endLease(_ index: Int) {
        guard !leases.isEmpty else { return }
        if let name = plan.tasks[index].exclusive, leases[name]?.holders.remove(index) != nil {
            leases[name]?.pending.insert(index)
        }
        // The task may have disarmed undos of others as well.
        releaseLeases()
    }

    /// The place among the ready tasks of one that may start although an armed undo holds its name: where nothing else
    /// goes on, tasks and undos would wait for each other for ever.
    func placeOfStuckTask() -> Int? {
        guard runningCount == 0, openRollBacks == 0, !leases.values.contains(where: { $0.waitingSince != nil }) else {
            return nil
        }
        return ready.firstIndex { takeLease($0, pastPending: true) }
    }

    /// Lets go of what no task and no undo needs any more.
    func releaseLeases() {
        for (name, lease) in leases where lease.lock != nil {
            let pending = lease.pending.filter { owner in
                undosUnderWay[owner, default: 0] > 0 || armedUndos.contains { $0.owner == owner }
            }
            leases[name]?.pending = pending
            guard pending.isEmpty, lease.holders.isEmpty else { continue }
            lease.lock?.release()
            leases[name] = nil
        }
    }

    /// True where the task is one that the armed undos of `owner` wait for, or stands before one.
    private func isDisarmed(by index: Int, _ owner: Int) -> Bool {
        armedUndos.allSatisfy { $0.owner != owner || $0.disarmers.contains { reaches(index, $0) } }
    }

    private func reaches(_ index: Int, _ target: Int) -> Bool {
        var open = [index]
        var seen: Set<Int> = []
        while let next = open.popLast() {
            if next == target { return true }
            // Needs stand in front: nothing behind the target leads to it.
            for dependent in states[next].dependents where dependent <= target && seen.insert(dependent).inserted {
                open.append(dependent)
            }
        }
        return false
    }

    func acquire(_ name: String, for task: TaskID) throws -> FileLock? {
        try FileLock.tryAcquire(
            lockPath(name),
            as: FileLock.Holder(run: id, task: task.description, since: Timestamp.iso8601(clock.now)),
            scope: name.hasPrefix("/") ? .shared : .user)
    }

    /// Names are the user's own; an absolute path is shared by all who can open it.
    private func lockPath(_ name: String) -> String {
        name.hasPrefix("/") ? name : "\(lockDirectory)/\(FileName.escaped(name)).lock"
    }

    func busy(_ name: String) -> OpsError {
        let holder = FileLock.holder(lockPath(name)).map { "\($0)" } ?? "another run"
        return OpsError(.busy, "'\(name)' is held by \(holder)", hint: "--wait DURATION waits for it")
    }

    private func refuse(_ index: Int, _ reason: String) {
        lacksLock = true
        finish(index, .failed, reason: secrets.registry.redact(reason), isSatisfied: false)
    }

    private func beginWaiting(for name: String, _ index: Int) {
        guard options.lockWait != .none else { return refuse(index, OpsError.text(of: busy(name))) }
        let holder = FileLock.holder(lockPath(name)).map { "\($0)" } ?? "another run"
        message(.notice, "\(plan.tasks[index].id) waits for '\(name)', held by \(holder)", step: nil)
        leases[name] = Lease(waitingSince: clock.ticks)
        poll(name, index, pause: .milliseconds(10), idleSince: runningCount == 0 ? clock.ticks : nil)
    }

    /// Tries again until the lock is free; another process's end is no event that we could wait for.
    private func poll(_ name: String, _ index: Int, pause: Duration, idleSince: UInt64?) {
        clock.after(pause) { [self] in
            if let idleSince, runningCount == 0 { waitedForLocks += clock.elapsed(since: idleSince) }
            guard let since = leases[name]?.waitingSince else { return }
            guard interruption == nil, stoppedBy == nil else {
                leases[name] = nil
                return startReady()
            }
            do {
                if let lock = try acquire(name, for: plan.tasks[index].id) {
                    leases[name] = Lease(lock: lock)
                    startReady()
                    // Whoever wanted it may have been skipped meanwhile.
                    return releaseLeases()
                }
                guard options.lockWait.covers(clock.elapsed(since: since)) else {
                    leases[name] = nil
                    lacksLock = true
                    let reason = OpsError.text(of: busy(name))
                    for waiting in ready where plan.tasks[waiting].exclusive == name {
                        ready.removeAll { $0 == waiting }
                        refuse(waiting, reason)
                    }
                    return startReady()
                }
            } catch {
                leases[name] = nil
                return startReady()
            }
            let idle = runningCount == 0 ? clock.ticks : nil
            poll(name, index, pause: min(pause * 2, .milliseconds(250)), idleSince: idle)
        }
    }
}
