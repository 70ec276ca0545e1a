import COpsSystem
import Glibc

/// A child's process group: the child and what it started, but for what left it (see `ProcessTree`).
struct ProcessGroup: Sendable {
    /// The process id of its first member.
    let id: Int32

    init(_ id: Int32) { self.id = id }

    func send(_ signal: Int32) { kill(-id, signal) }

    private var hasMember: Bool { kill(-id, 0) == 0 || errno == EPERM }

    /// True while it has a member. To be asked after its first member was reaped, as that counts until then.
    var isAlive: Bool {
        guard hasMember else { return false }
        // Orphans of the group are our children, as we are their sub-reaper; one that is not reaped counts.
        ops_reap_group(id)
        return hasMember
    }
}
