import COpsSystem
import Glibc

/// A program that we started and all that comes of it: its process group, what left that for a group or session of its
/// own, and orphans, which become children of ours as we are their sub-reaper (prctl(2), PR_SET_CHILD_SUBREAPER).
///
/// A child of ours belongs to the tree whose session it is in, whose marker its environment has, or whose process was
/// its parent when we last looked. One that belongs to none, as `env -i setsid` makes it, is a stray: it goes to the
/// tree that ends while no other runs, else it is left to the end of the run.
@EventLoopActor
package final class ProcessTree {
    /// The first process; its group's id, and where it has a session, that one's.
    package nonisolated let id: Int32
    private let group: ProcessGroup?
    /// The entry `NAME=value` of the environment that only this tree has.
    private let marker: [UInt8]?
    /// Descendants seen under one of its processes.
    private var descendants: Set<Int32> = []
    private var isRunning = true
    /// Set once it was told to end; `told` are those outside the group who were.
    private var isTold = false
    private var told: Set<Int32> = []
    package private(set) var isDetached = false

    /// True in a process that starts children only here: then every child of it is one of a tree.
    static var ownsAllChildren = false
    /// Programs that are being started on another thread: children of ours that no tree is known for yet.
    static var startsUnderWay = 0
    private static var trees: [Int32: ProcessTree] = [:]
    /// Children outside their tree's group, but for strays.
    private static var owners: [Int32: ProcessTree] = [:]
    private static var strays: Set<Int32> = []
    private static var ownChildren = OwnChildren()

    init(_ id: Int32, marker: [UInt8]?) {
        self.id = id
        group = ProcessGroup(id)
        self.marker = marker
        Self.trees[id] = self
    }

    /// Of what no other tree has: strays, and what trees that are not detached left.
    private init() {
        id = -1
        group = nil
        marker = nil
        isRunning = false
        for pid in Self.strays { Self.owners[pid] = self }
        Self.strays = []
        for (pid, tree) in Self.owners where !tree.isDetached { Self.owners[pid] = self }
    }

    /// The end of a run: a tree of what is left but for detached trees; nil where that is nothing.
    package static func rest() -> ProcessTree? {
        guard ownsAllChildren else { return nil }
        survey()
        let tree = ProcessTree()
        return tree.outside.isEmpty ? nil : tree
    }

    /// The tree of that first process, once its program has ended and for as long as it is kept.
    package static func kept(_ id: Int32) -> ProcessTree? { trees[id] }

    /// Its program has ended and was reaped.
    func programEnded() { isRunning = false }

    /// Nothing more is expected of it.
    func forget() {
        isRunning = false
        guard Self.trees[id] === self else { return }
        Self.trees[id] = nil
        for (pid, tree) in Self.owners where tree === self {
            Self.owners[pid] = nil
            Self.strays.insert(pid)
        }
    }

    /// What is left of it outlives the run, the end of this process included.
    package func detach() {
        Self.survey()
        for pid in Self.strays { Self.owners[pid] = self }
        Self.strays = []
        isDetached = true
        Guard.spare(group: id, marker: marker, processes: outside)
    }

    // MARK: What belongs to it

    /// Children of ours that belong to it, outside its group.
    private var outside: [Int32] { Self.owners.compactMap { $0.value === self ? $0.key : nil } }

    /// True while there is a process of it, strays included where no other tree can be theirs. To be asked once its
    /// program was reaped, as that counts until then.
    package var isAlive: Bool {
        Self.survey()
        if !Self.strays.isEmpty, Self.ownsAllChildren, !Self.trees.values.contains(where: \.isRunning) {
            for pid in Self.strays { Self.owners[pid] = self }
            Self.strays = []
        }
        return group?.isAlive == true || !outside.isEmpty
    }

    /// Looks which children there are and whose. Cheap where all are known.
    private static func survey() {
        let children = ownChildren.list()
        if !owners.isEmpty || !strays.isEmpty {
            let present = Set(children)
            owners = owners.filter { present.contains($0.key) }
            strays.formIntersection(present)
        }
        // The program itself is reaped by who started it.
        for pid in children where trees[pid] == nil {
            guard let entry = ProcessTable.entry(pid) else { continue }
            if entry.isZombie {
                var status: Int32 = 0
                // One that ended as soon as it was started is its starter's to reap.
                if ownsAllChildren && startsUnderWay == 0 || owners[pid] != nil { _ = ops_reap(pid, &status) }
                owners[pid] = nil
                strays.remove(pid)
            } else if owners[pid] == nil, !strays.contains(pid), trees[entry.group] == nil {
                if let tree = owner(pid, entry) {
                    owners[pid] = tree
                } else if startsUnderWay == 0 {
                    strays.insert(pid)
                }
            }
        }
    }

    private static func owner(_ pid: Int32, _ entry: ProcessTable.Entry) -> ProcessTree? {
        if let tree = trees[entry.session] { return tree }
        if let tree = trees.values.first(where: { $0.descendants.contains(pid) }) { return tree }
        return trees.values.first { tree in
            tree.marker.map { ProcessTable.mark(pid, $0) == .own } ?? false
        }
    }

    /// Its processes now, by id, with their programs' names.
    package var members: [(id: Int32, name: String)] {
        Self.survey()
        var found: [Int32: String] = [:]
        var queue = outside
        for pid in Self.ownChildren.list() {
            if let entry = ProcessTable.entry(pid), entry.group == id { queue.append(pid) }
        }
        while let pid = queue.popLast() {
            guard found[pid] == nil, let entry = ProcessTable.entry(pid), !entry.isZombie else { continue }
            found[pid] = entry.name
            queue += ProcessTable.children(of: pid)
        }
        return found.map { (id: $0.key, name: $0.value) }.sorted { $0.id < $1.id }
    }

    // MARK: Its end

    /// SIGTERM to each of its processes, once; a stopped one goes on, as only then it hears of it.
    func terminate() {
        Self.survey()
        var roots = outside
        if !isTold, let group {
            group.send(SIGTERM)
            group.send(SIGCONT)
            roots += [id] + Self.ownChildren.list().filter { ProcessTable.entry($0)?.group == id }
        }
        isTold = true
        for pid in outside where told.insert(pid).inserted {
            // A child's id is its own until we reap it.
            Glibc.kill(pid, SIGTERM)
            Glibc.kill(pid, SIGCONT)
        }
        visit(under: roots) { pid, parent in
            // One whose parent ends at this moment becomes a child of ours, and hears of it as such.
            if !told.contains(pid), Self.send([SIGTERM, SIGCONT], to: pid, childOf: parent) { told.insert(pid) }
        }
    }

    /// SIGKILL to each of its processes.
    func kill() {
        Self.survey()
        // What is under them is theirs still when it becomes a child of ours.
        visit(under: [id] + outside) { _, _ in }
        group?.send(SIGKILL)
        for pid in outside { Glibc.kill(pid, SIGKILL) }
    }

    /// Remembers what is under some of its processes, and calls `body` with those outside the group; not with what
    /// another run, a part of this tree, has started: that run tells them.
    private func visit(under roots: [Int32], _ body: (_ pid: Int32, _ parent: Int32) -> Void) {
        var queue = roots.map { (pid: $0, isForeign: false) }
        var seen = Set(roots)
        while let (parent, parentIsForeign) = queue.popLast() {
            for pid in ProcessTable.children(of: parent) where seen.insert(pid).inserted {
                guard let entry = ProcessTable.entry(pid) else { continue }
                descendants.insert(pid)
                let isForeign = parentIsForeign || marker.map { ProcessTable.mark(pid, $0) == .foreign } ?? false
                queue.append((pid, isForeign))
                if !isForeign, entry.group != id { body(pid, parent) }
            }
        }
    }

    /// A grandchild's id may become another's at any time, but not while a descriptor of it is open.
    /// False where it is no child of that parent any more, and nothing was sent.
    private static func send(_ signals: [Int32], to pid: Int32, childOf parent: Int32) -> Bool {
        let descriptor = ops_open_process(pid)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard ProcessTable.entry(pid)?.parent == parent else { return false }
        for signal in signals { _ = ops_signal_process(descriptor, signal) }
        return true
    }

    /// SIGTERM, then SIGKILL to whoever is left after `grace`; returns once it is empty. Not cut short by
    /// cancellation.
    package func end(grace: Duration) async {
        if isAlive {
            await withCheckedContinuation { continuation in
                waitUntilEmpty(killAfter: grace) { continuation.resume() }
            }
        }
        forget()
    }

    /// Tells it to end and calls `done` once it is empty; SIGKILL follows after `grace`.
    ///
    /// Gives up 2 s after that: only a process the kernel cannot interrupt is left then, or another user's.
    func waitUntilEmpty(killAfter grace: Duration, _ done: @escaping @EventLoopActor () -> Void) {
        check(Clock.ticks(), grace, pause: .milliseconds(1), done)
    }

    private func check(
        _ start: UInt64, _ grace: Duration, pause: Duration, _ done: @escaping @EventLoopActor () -> Void
    ) {
        let elapsed = Clock.elapsed(since: start)
        guard isAlive, elapsed < grace + .seconds(2) else { return done() }
        let mustKill = elapsed >= grace
        // Again and again: what was under a process that has ended since hears of it only now.
        if mustKill { kill() } else if !isTold || !told.isSuperset(of: outside) { terminate() }
        let next = mustKill ? pause : min(pause, grace - elapsed)
        EventLoop.shared.after(next) { [self] in
            check(start, grace, pause: min(pause * 2, .milliseconds(20)), done)
        }
    }
}
