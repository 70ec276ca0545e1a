/// What a child process and all that it starts are held to by the kernel: Landlock (landlock(7)) and, for no network at
/// all, a namespace. What is nil is not limited; `SandboxSupport` says what this system can hold.
package struct Sandbox: Sendable, Hashable {
    /// Files and folders with all below them, absolute. What is not there is left out.
    package var read: [String]?
    /// May be read as well.
    package var write: [String]?
    /// May be read as well. What the system brings may always be read and executed.
    package var execute: [String]?
    /// TCP ports, of any host.
    package var connect: [UInt16]?
    /// TCP ports to listen on.
    package var bind: [UInt16]?
    /// No network at all.
    package var isOffline = false
    /// Folders for it alone: read, written and executed.
    package var own: [String] = []
    /// Files for it alone: read.
    package var ownFiles: [String] = []
    /// Folders that are read and executed, whatever else.
    package var shipped: [String] = []

    package init() {}

    /// Where the system keeps programs and what they need.
    static let programs = [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store",
    ]

    /// What about any program reads: loader, names, certificates, time zones, and facts of the kernel. Of other
    /// processes the kernel shows a caged one no more than their names and arguments.
    static let facts = [
        "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/ssl", "/etc/pki",
        "/etc/ca-certificates", "/etc/ca-certificates.conf", "/etc/crypto-policies", "/etc/gnutls", "/etc/resolv.conf",
        "/etc/hosts", "/etc/hostname", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/protocols",
        "/etc/services", "/etc/ethertypes", "/etc/passwd", "/etc/group", "/etc/localtime", "/etc/timezone",
        "/etc/os-release", "/etc/debian_version", "/etc/lsb-release", "/etc/alternatives", "/etc/locale.alias",
        "/etc/locale.conf", "/etc/default/locale", "/etc/inputrc", "/etc/terminfo", "/etc/mime.types", "/etc/magic",
        "/etc/gitconfig", "/etc/perl", "/etc/python3", "/proc", "/sys/fs/cgroup", "/sys/devices/system",
        "/sys/kernel/mm/transparent_hugepage",
    ]

    static let devices = [
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts",
    ]
}

extension Sandbox {
    /// True for what may always be read and executed.
    package static func isSystem(_ path: String) -> Bool { programs.contains { path.isWithin($0) } }

    /// True where a text is one that programs write when the kernel has stopped them.
    package static func isDenial(_ text: String) -> Bool {
        let signs = [
            "ermission denied", "peration not permitted", "etwork is unreachable", "emporary failure in name", "EACCES",
            "ENETUNREACH", "EAI_AGAIN",
        ]
        return signs.contains { text.contains($0) }
    }

    /// Makes the folders to be written that are not there, so that a rule can name them. One that leads out of another
    /// layer by a link is not made.
    package static func makeFolders(of layers: [Sandbox]) {
        for path in layers.flatMap({ $0.write ?? [] }) where FileStatus.find(path) == nil {
            let real = resolvedPath(path)
            let isGranted = layers.allSatisfy { layer in
                layer.write?.contains { real.isWithin(resolvedPath($0)) } ?? true
            }
            if isGranted { try? OpsSystem.makeFolders(real, mode: 0o777) }
        }
    }
}
