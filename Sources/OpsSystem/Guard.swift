import COpsSystem
import Glibc

/// A small process that outlives a run by force, and which a run does not outlive.
///
/// `start` forks: the parent, whose process id users know, becomes the guard, and the child goes on as the engine. Each
/// notices the other's death at once, SIGKILL included, and then ends every process of the run, as the orphans of the
/// engine become children of the guard (prctl(2), PR_SET_CHILD_SUBREAPER) and cannot get away. The guard hands signals
/// on, stops and goes on with the engine, and ends as it ended.
package enum Guard {
    /// What the two must know of each other. Nil where there is no guard.
    nonisolated(unsafe) private static var engine: (link: Int32, guardID: pid_t)?
    nonisolated(unsafe) private static var survivors = Survivors()
    nonisolated(unsafe) private static var folders: [String] = []

    /// To be called as the first act of main, before there is a second thread. Returns in the engine only; without a
    /// guard where the system allows no more processes.
    package static func start() {
        var link: Int32 = -1
        var signals: Int32 = -1
        let pid = ops_fork_guarded(&link, &signals)
        if pid > 0 { GuardProcess(engine: pid, link: link, signals: signals).run() }
        if pid == 0 { engine = (link, getppid()) }
    }

    /// The process id that a user knows this run by.
    package static var processID: Int32 { engine?.guardID ?? getpid() }

    /// The guard; 0 where there is none.
    static var parentID: pid_t { engine?.guardID ?? 0 }

    /// Watches for the guard's end on the event loop. To be called once, in the engine.
    @EventLoopActor
    package static func watch() {
        ProcessTree.ownsAllChildren = true
        guard let engine else { return }
        ops_relay_continue(engine.guardID)
        try? EventLoop.shared.watch(engine.link, for: .readable) { _ in
            // It never writes: this is its end.
            endNow(exitStatus: 137)
        }
        check()
    }

    /// Ends this process where its guard is gone: asked before the first step, as the loop hears of it only when it waits.
    @EventLoopActor
    package static func check() {
        guard let engine else { return }
        var source = pollfd(fd: engine.link, events: Int16(POLLIN), revents: 0)
        if poll(&source, 1, 0) > 0 { endNow(exitStatus: 137) }
    }

    /// Ends this process with all that it started, but for what is detached, and without clean-up.
    @EventLoopActor
    package static func endNow(exitStatus: Int32) -> Never {
        Spawner.shared.stop()
        survivors.killOthers()
        for folder in folders { try? removeTree(folder) }
        _exit(exitStatus)
    }

    /// A private folder to be removed when this run is killed.
    @EventLoopActor
    package static func willRemove(_ folder: String) {
        folders.append(folder)
        tell(.folder, Array(folder.utf8))
    }

    /// What outlives the run.
    @EventLoopActor
    static func spare(group: Int32, marker: [UInt8]?, processes: [Int32]) {
        survivors.groups.insert(group)
        tell(.group, Array(String(group).utf8))
        if let marker {
            survivors.markers.append(marker)
            tell(.marker, marker)
        }
        for process in processes where survivors.processes.insert(process).inserted {
            tell(.process, Array(String(process).utf8))
        }
    }

    /// What a message to the guard is about: its first byte.
    enum Subject: UInt8 { case folder, group, marker, process }

    private static func tell(_ subject: Subject, _ content: [UInt8]) {
        guard let engine else { return }
        let message = [subject.rawValue] + content
        // A guard that died is noticed where we watch for it.
        _ = send(engine.link, message, message.count, Int32(MSG_NOSIGNAL))
    }
}
