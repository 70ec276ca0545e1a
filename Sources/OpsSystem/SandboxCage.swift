import COpsSystem
import Glibc
import Synchronization

/// The kernel's side of some sandboxes while a child is started: a descriptor each.
struct SandboxCage: ~Copyable {
    private var rulesets: [Int32] = []
    private let leavesNetwork: Bool
    /// An error number; 0 is none. What cannot be held is not started.
    private(set) var error: Int32 = 0

    init(_ sandboxes: [Sandbox]) {
        leavesNetwork = sandboxes.contains(where: \.isOffline)
        guard SandboxSupport.landlock > 0 else { return }
        for sandbox in sandboxes {
            let ruleset = Rulesets.descriptor(of: sandbox)
            guard ruleset >= 0 else {
                error = -ruleset
                return
            }
            rulesets.append(ruleset)
        }
    }

    deinit { for ruleset in rulesets { close(ruleset) } }

    func withPointer<Result>(leavesNetwork: Bool, _ body: (UnsafePointer<ops_cage>) -> Result) -> Result {
        rulesets.withUnsafeBufferPointer { buffer in
            var cage = ops_cage()
            cage.rulesets = buffer.baseAddress
            cage.count = Int32(buffer.count)
            cage.leaves_network = self.leavesNetwork && leavesNetwork && SandboxSupport.hasNetworkNamespace
            ops_prepare_cage(&cage)
            return body(&cage)
        }
    }
}

/// Rulesets are made once and kept: to make one takes longer than to enter it.
private enum Rulesets {
    /// The most that are kept: those with a folder of one step alone would be kept for nothing.
    private static let limit = 64

    private struct Entry {
        var descriptor: Int32
        /// Which files its paths led to: another folder by the same name needs other rules.
        var stamps: [Stamp?]
    }

    private struct Stamp: Equatable {
        var device: UInt64
        var inode: UInt64
    }

    private static let known = Mutex<[Sandbox: Entry]>([:])

    /// A descriptor that is the caller's to close, or a negative error number.
    static func descriptor(of sandbox: Sandbox) -> Int32 {
        known.withLock { known in
            let stamps = stamps(of: sandbox)
            if let entry = known[sandbox], entry.stamps == stamps { return copy(entry.descriptor) }
            let ruleset = make(sandbox)
            guard ruleset >= 0 else { return ruleset }
            if known.count >= limit {
                for entry in known.values { close(entry.descriptor) }
                known.removeAll()
            }
            if let old = known.updateValue(Entry(descriptor: ruleset, stamps: stamps), forKey: sandbox) {
                close(old.descriptor)
            }
            return copy(ruleset)
        }
    }

    private static func copy(_ descriptor: Int32) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        return copy < 0 ? -errno : copy
    }

    private static func stamps(of sandbox: Sandbox) -> [Stamp?] {
        let named = [sandbox.read, sandbox.write, sandbox.execute].flatMap { $0 ?? [] }
        let paths = named + sandbox.own + sandbox.ownFiles + sandbox.shipped
        return paths.map { FileStatus.find($0).map { Stamp(device: $0.device, inode: $0.inode) } }
    }

    // MARK: making one

    private static func rights(_ values: Int...) -> UInt64 { values.reduce(0) { $0 | UInt64($1) } }

    private static let reading = rights(OPS_LANDLOCK_READ_FILE, OPS_LANDLOCK_READ_DIR)
    private static let executing = rights(OPS_LANDLOCK_EXECUTE)
    private static let moving: UInt64 = SandboxSupport.landlock >= 2 ? rights(OPS_LANDLOCK_REFER) : 0
    private static let writing: UInt64 = {
        var all = rights(OPS_LANDLOCK_WRITE_FILE, OPS_LANDLOCK_CHANGE_FOLDER)
        if SandboxSupport.landlock >= 3 { all |= rights(OPS_LANDLOCK_TRUNCATE) }
        if SandboxSupport.landlock >= 5 { all |= rights(OPS_LANDLOCK_IOCTL_DEV) }
        return all
    }()

    private static func make(_ sandbox: Sandbox) -> Int32 {
        var files: UInt64 = 0
        if sandbox.read != nil { files |= reading }
        if sandbox.write != nil { files |= writing }
        if sandbox.execute != nil { files |= executing }
        // Moving between folders is forbidden but by a rule, wherever another layer holds files.
        files |= moving
        var network: UInt64 = 0
        if SandboxSupport.landlock >= 4 {
            if sandbox.isOffline || sandbox.connect != nil { network |= UInt64(OPS_LANDLOCK_CONNECT_TCP) }
            if sandbox.isOffline || sandbox.bind != nil { network |= UInt64(OPS_LANDLOCK_BIND_TCP) }
        }
        let scopes: UInt64 = SandboxSupport.landlock >= 6 ? UInt64(OPS_LANDLOCK_ALL_SCOPES) : 0
        // The kernel makes no ruleset that holds nothing.
        if files | network | scopes == 0 { files = executing }
        let ruleset = ops_landlock_ruleset(files, network, scopes)
        guard ruleset >= 0 else { return ruleset }
        for rule in rules(sandbox, files) where rule.access != 0 {
            let error = ops_landlock_allow_path(ruleset, rule.path, rule.access)
            // What is not there, or out of our own reach, is not given.
            guard [0, -ENOENT, -ENOTDIR, -EACCES, -ELOOP].contains(error) else {
                close(ruleset)
                return error
            }
        }
        for (right, ports) in [
            (OPS_LANDLOCK_CONNECT_TCP, sandbox.connect), (OPS_LANDLOCK_BIND_TCP, sandbox.bind),
        ] where network & UInt64(right) != 0 && !sandbox.isOffline {
            for port in ports ?? [] {
                let error = ops_landlock_allow_port(ruleset, UInt64(right), port)
                guard error == 0 else {
                    close(ruleset)
                    return error
                }
            }
        }
        return ruleset
    }

    /// The paths with the rights that they give, of those that are held at all.
    private static func rules(_ sandbox: Sandbox, _ held: UInt64) -> [(path: String, access: UInt64)] {
        let all = reading | writing | executing | moving
        var rules: [(path: String, access: UInt64)] = []
        if sandbox.write == nil { rules.append(("/", moving)) }
        if sandbox.execute == nil { rules.append(("/", executing)) }
        rules += Sandbox.programs.map { ($0, reading | executing) }
        rules += Sandbox.facts.map { ($0, reading) }
        rules += Sandbox.devices.map { ($0, reading | writing) }
        rules += (sandbox.read ?? []).map { ($0, reading) }
        rules += (sandbox.write ?? []).map { ($0, reading | writing | moving) }
        rules += (sandbox.execute ?? []).map { ($0, reading | executing) }
        rules += sandbox.own.map { ($0, all) }
        rules += sandbox.ownFiles.map { ($0, reading) }
        rules += sandbox.shipped.map { ($0, reading | executing) }
        return rules.map { ($0.path, $0.access & held) }
    }
}
