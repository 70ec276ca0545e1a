import COpsSystem
import Glibc
package import OpsCore
import Synchronization

/// A file that appears under its name whole, or not at all.
///
/// Until `commit` the bytes are in a file without a name (O_TMPFILE) in the same folder, which vanishes with the
/// process; where the file system has none, under a hidden name (`.NAME.ops-…`, made with O_EXCL), which stays only
/// when the process is killed. `commit` syncs the file, names it and syncs the folder. What is never committed is
/// removed. Not shared between tasks.
package struct AtomicFile: ~Copyable {
    /// The name that `commit` gives it.
    package let path: String
    /// Open for writing (and reading) until `commit` or `abort`.
    package let descriptor: Int32
    /// Nil where the file has no name.
    private var temporary: String?

    private static let serial = Atomic<UInt64>(0)

    /// Makes the file, and the folders above it.
    ///
    /// - Parameters:
    ///   - path: the final name; what has it is replaced by `commit`.
    ///   - mode: permission bits before the process's umask.
    ///   - mayBeUnnamed: false for the hidden name in any case.
    /// Throws: an `OpsError` with the path.
    package init(_ path: String, mode: UInt32 = 0o666, mayBeUnnamed: Bool = true) throws(OpsError) {
        self.path = path
        switch FileStatus.find(path)?.kind {
        case .folder: throw OpsError(.invalid, "cannot write '\(path)': it is a folder")
        // To replace /dev/null would break the whole machine.
        case .other: throw OpsError(.invalid, "cannot write '\(path)': it is a device, a pipe or a socket, not a file")
        case .file, .link, nil: break
        }
        guard !path.isEmpty, !path.hasSuffix("/") else {
            throw OpsError(.invalid, "cannot write '\(path)': it names no file")
        }
        let folder = parentFolder(of: path)
        if mayBeUnnamed {
            var descriptor = ops_open_unnamed(folder, mode)
            if descriptor == -ENOENT {
                try makeFolders(folder)
                descriptor = ops_open_unnamed(folder, mode)
            }
            if descriptor >= 0 {
                self.descriptor = descriptor
                temporary = nil
                return
            }
        }
        var made: Int32 = -1
        temporary = try Self.firstFree(for: path) { candidate throws(OpsError) in
            made = open(candidate, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            if made < 0, errno == ENOENT {
                try makeFolders(folder)
                made = open(candidate, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            }
            return made >= 0 ? 0 : errno
        }
        descriptor = made
    }

    deinit {
        close(descriptor)
        if let temporary { unlink(temporary) }
    }

    /// The hidden name beside `path` for which `make` gives 0; it is asked again for EEXIST.
    private static func firstFree(
        for path: String, _ make: (String) throws(OpsError) -> Int32
    ) throws(OpsError) -> String {
        let name = path.split(separator: "/").last ?? ""
        for _ in 0..<64 {
            // A leftover of a killed run never blocks: the name is new each time.
            let serial = Self.serial.wrappingAdd(1, ordering: .relaxed).newValue
            let suffix = String(UInt64(getpid()) << 20 ^ serial, radix: 36) + String(Clock.ticks() % 46656, radix: 36)
            let candidate = "\(parentFolder(of: path))/.\(name.prefix(60)).ops-\(suffix)"
            let number = try make(candidate)
            if number == 0 { return candidate }
            guard number == EEXIST else { throw .system("write", path, number) }
        }
        throw OpsError(.system, "cannot write '\(path)': no free temporary name beside it")
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(OpsError) {
        try writeAll(bytes, to: descriptor, path: path)
    }

    package func write(_ bytes: [UInt8]) throws(OpsError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(OpsError) in try write(UnsafeRawBufferPointer(buffer)) }
    }

    /// Makes it appear, synced to the disk, in the place of what has its name.
    ///
    /// - Parameter mode: the exact permission bits, whatever the umask; nil leaves those it was made with.
    /// Throws: an `OpsError`; then nothing has changed under the name.
    package consuming func commit(mode: UInt32? = nil) throws(OpsError) {
        if let mode, fchmod(descriptor, mode) != 0 { throw .system("write", path) }
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .system("write", path) }
        try appear()
        syncFolder(parentFolder(of: path))
    }

    private mutating func appear() throws(OpsError) {
        if temporary == nil {
            let number = -ops_link_unnamed(descriptor, path)
            if number == 0 { return }
            // linkat(2) replaces nothing: what has the name is replaced by a rename.
            guard number == EEXIST else { throw .system("write", path, number) }
            let file = descriptor
            temporary = try Self.firstFree(for: path) { -ops_link_unnamed(file, $0) }
        }
        if let temporary, rename(temporary, path) != 0 { throw .system("write", path) }
        temporary = nil
    }

    /// Removes what was written; the name keeps what it had.
    package consuming func abort() {}
}

/// Writes a whole file under its name at once; see `AtomicFile`. `mode` is exact; nil is `0o666` less the umask.
package func writeAtomically(_ bytes: [UInt8], to path: String, mode: UInt32? = nil) throws(OpsError) {
    let file = try AtomicFile(path, mode: mode.map { $0 & 0o700 } ?? 0o666)
    try file.write(bytes)
    try file.commit(mode: mode)
}

/// Makes renames in a folder last through a power cut, where its file system can.
package func syncFolder(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}

/// Puts a file's bytes on the disk (fsync(2)); false where that failed.
package func syncFile(_ descriptor: Int32) -> Bool { fsync(descriptor) == 0 }
