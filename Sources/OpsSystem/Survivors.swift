import COpsSystem
import Glibc

/// What may outlive a run (`detach: true`), and the end of all that may not.
struct Survivors {
    /// By session or process group.
    var groups: Set<Int32> = []
    /// By an entry `NAME=value` of the environment.
    var markers: [[UInt8]] = []
    /// By process id: of what has neither.
    var processes: Set<Int32> = []

    private func contains(_ pid: Int32, _ entry: ProcessTable.Entry) -> Bool {
        if processes.contains(pid) || groups.contains(entry.session) || groups.contains(entry.group) { return true }
        return markers.contains { ProcessTable.mark(pid, $0) == .own }
    }

    /// Kills all children of this process but the survivors, and what these leave to us as their sub-reaper, until
    /// none is left. Blocks; gives up after two seconds, when only what the kernel cannot end is left.
    func killOthers() {
        let start = Clock.ticks()
        var pause: UInt32 = 100
        // The kernel's list may lack one while another of it ends: only twice nothing is nothing.
        var cleanPasses = 0
        while cleanPasses < 2, ops_has_children(), Clock.elapsed(since: start) < .seconds(2) {
            cleanPasses += 1
            for pid in ProcessTable.children(of: getpid()) {
                guard let entry = ProcessTable.entry(pid) else { continue }
                if !entry.isZombie {
                    if contains(pid, entry) { continue }
                    // A whole group at once: one by one, a loop that starts others is hardly caught.
                    if entry.group == pid { kill(-pid, SIGKILL) }
                    kill(pid, SIGKILL)
                }
                cleanPasses = 0
                var status: Int32 = 0
                _ = ops_reap(pid, &status)
            }
            guard cleanPasses == 0 else { continue }
            usleep(pause)
            pause = min(pause * 2, 1_000)
        }
    }
}
