import Glibc
package import OpsCore
import Synchronization

/// A file that appears under its name whole, or not at all.
///
/// The bytes go to a hidden name in the same folder (`.NAME.ops-…`), made with O_EXCL; `commit` syncs it, renames
/// it and syncs the folder. What is never committed is removed. Not shared between tasks.
package struct AtomicFile: ~Copyable {
    /// The name that `commit` gives it.
    package let path: String
    /// Open for writing (and reading) until `commit` or `abort`.
    package let descriptor: Int32
    private let temporary: String

    private static let serial = Atomic<UInt64>(0)

    /// Makes the hidden file, and the folders above it.
    ///
    /// - Parameters:
    ///   - path: the final name; what has it is replaced by `commit`.
    ///   - mode: permission bits before the process's umask.
    /// Throws: an `OpsError` with the path.
    package init(_ path: String, mode: UInt32 = 0o666) throws(OpsError) {
        self.path = path
        switch FileStatus.find(path)?.kind {
        case .folder: throw OpsError(.invalid, "cannot write '\(path)': it is a folder")
        // To replace /dev/null would break the whole machine.
        case .other: throw OpsError(.invalid, "cannot write '\(path)': it is a device, a pipe or a socket, not a file")
        case .file, .link, nil: break
        }
        let folder = parentFolder(of: path)
        let name =
            path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
        guard !name.isEmpty else { throw OpsError(.invalid, "cannot write '\(path)': it names no file") }
        for _ in 0..<64 {
            // A leftover of a killed run never blocks: the name is new each time.
            let serial = Self.serial.wrappingAdd(1, ordering: .relaxed).newValue
            let suffix = String(UInt64(getpid()) << 20 ^ serial, radix: 36) + String(Clock.ticks() % 46656, radix: 36)
            let candidate = "\(folder)/.\(name.prefix(60)).ops-\(suffix)"
            var descriptor = open(candidate, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            if descriptor < 0, errno == ENOENT {
                try makeFolders(folder)
                descriptor = open(candidate, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            }
            if descriptor >= 0 {
                self.descriptor = descriptor
                temporary = candidate
                return
            }
            guard errno == EEXIST else { throw .system("write", path) }
        }
        throw OpsError(.system, "cannot write '\(path)': no free temporary name in '\(folder)'")
    }

    deinit {
        close(descriptor)
        unlink(temporary)
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
        guard rename(temporary, path) == 0 else { throw .system("write", path) }
        syncFolder(parentFolder(of: path))
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
