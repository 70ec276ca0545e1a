import Glibc
package import OpsCore
import Synchronization

/// A lease on a name, between processes: flock(2) on a file, which the kernel frees when its holder dies.
///
/// The file says who holds it, as one line of JSON. It stays when the lock is released: only an unlink could let two
/// processes hold the locks of two files of one name. Two locks of one process exclude each other as well.
package final class FileLock: Sendable {
    /// Who holds a lock, for messages.
    package struct Holder: Sendable, Hashable {
        package var pid: Int32
        package var run: String
        package var task: String
        /// ISO 8601, UTC.
        package var since: String

        package init(
            run: String, task: String = "", pid: Int32 = Guard.processID,
            since: String = Timestamp.iso8601(Timestamp.now)
        ) {
            self.pid = pid
            self.run = run
            self.task = task
            self.since = since
        }
    }

    /// Whose the file is.
    package enum Scope: Sendable {
        /// One user's: its folder is made where it is missing, for that user alone.
        case user
        /// All users': whoever makes it lets everybody lock it; its folder must exist.
        case shared
    }

    package let path: String
    private let descriptor: Mutex<Int32>
    /// False where the content is somebody else's: a file we may only read, or no record of ours.
    private let isRecorded: Bool

    private init(path: String, descriptor: Int32, isRecorded: Bool) {
        self.path = path
        self.descriptor = Mutex(descriptor)
        self.isRecorded = isRecorded
    }

    deinit { release() }

    /// The lock, or nil where another holds it.
    ///
    /// Throws: an `OpsError` with the path where it is no file, or cannot be opened or locked.
    package static func tryAcquire(
        _ path: String, as holder: Holder, scope: Scope = .user
    ) throws(OpsError) -> FileLock? {
        while true {
            let (descriptor, mayWrite) = try opened(path, scope)
            var status = stat()
            guard fstat(descriptor, &status) == 0, FileStatus(status).kind == .file else {
                close(descriptor)
                throw OpsError(.invalid, "cannot lock '\(path)': it is not a file")
            }
            guard locked(descriptor) else {
                let number = errno
                close(descriptor)
                if number == EWOULDBLOCK { return nil }
                throw .system("lock", path, number)
            }
            // Whoever cleans up folders may have unlinked it since it was opened: then the name is another's to lock.
            let named = FileStatus.find(path, followsLinks: false)
            guard named?.inode == UInt64(status.st_ino), named?.device == UInt64(status.st_dev) else {
                close(descriptor)
                continue
            }
            let isRecorded = mayWrite && isOurs(descriptor)
            let lock = FileLock(path: path, descriptor: descriptor, isRecorded: isRecorded)
            if isRecorded { lock.record(holder) }
            return lock
        }
    }

    /// The lock, as soon as it is free: asked for again and again, at most four times a second, on the loop's timers.
    ///
    /// - Parameter waiting: is called once, before the first wait, with who holds it, where that is known.
    /// Throws: an `OpsError` as `tryAcquire`; `CancellationError`.
    package static func acquire(
        _ path: String, as holder: Holder, scope: Scope = .user, waiting: @Sendable (Holder?) -> Void = { _ in }
    ) async throws -> FileLock {
        var pause = Duration.milliseconds(2)
        var isFirst = true
        while true {
            try Task.checkCancellation()
            var holder = holder
            if !isFirst { holder.since = Timestamp.iso8601(Timestamp.now) }
            if let lock = try tryAcquire(path, as: holder, scope: scope) { return lock }
            if isFirst { waiting(self.holder(path)) }
            isFirst = false
            try await EventLoop.shared.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(250))
        }
    }

    /// Frees it. Calling it again does nothing; a lock that goes out of use is freed too.
    package func release() {
        let descriptor = self.descriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        guard descriptor >= 0 else { return }
        if isRecorded { _ = ftruncate(descriptor, 0) }
        // Not by closing alone, here as elsewhere: a child between fork and exec has the descriptor as well.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Who holds the lock of a file, where its record says so and that process lives.
    package static func holder(_ path: String) -> Holder? {
        guard let bytes = try? readFile(path, limit: recordLimit), let holder = Holder(record: bytes),
            kill(holder.pid, 0) == 0 || errno == EPERM
        else { return nil }
        return holder
    }

    /// True where a living process holds the lock. A file that nobody recorded himself in is not touched.
    package static func isHeld(_ path: String) -> Bool {
        guard holder(path) != nil else { return false }
        // The number of the holder's process may be another's by now.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        flock(descriptor, LOCK_UN)
        return false
    }

    // MARK: The file

    /// Opened for writing, else for reading, which is enough to lock it; made where it is missing.
    private static func opened(_ path: String, _ scope: Scope) throws(OpsError) -> (Int32, mayWrite: Bool) {
        // A link is not followed: in a folder of everybody's it could name a file that is not to be written to.
        let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        var hasMadeFolder = false
        while true {
            // O_CREAT only where it is missing: in a sticky folder it is refused for another user's file
            // (proc_sys_fs(5), protected_regular).
            var descriptor = open(path, O_RDWR | flags)
            if descriptor >= 0 { return (descriptor, true) }
            switch errno {
            case EACCES, EPERM, EROFS:
                let number = errno
                descriptor = open(path, O_RDONLY | flags)
                if descriptor >= 0 { return (descriptor, false) }
                if errno == ENOENT { continue }
                throw .system("lock", path, number)
            case ENOENT: break
            case ELOOP: throw OpsError(.invalid, "cannot lock '\(path)': it is a link")
            case EISDIR: throw OpsError(.invalid, "cannot lock '\(path)': it is a folder")
            default: throw .system("lock", path)
            }
            descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | flags, scope == .user ? 0o600 : 0o666)
            if descriptor >= 0 {
                // Whatever the umask, which is the whole process's.
                if scope == .shared { fchmod(descriptor, 0o666) }
                return (descriptor, true)
            }
            switch errno {
            case EEXIST: continue
            case ENOENT where scope == .user && !hasMadeFolder:
                try makeFolders(parentFolder(of: path), mode: 0o700)
                hasMadeFolder = true
            default: throw .system("lock", path)
            }
        }
    }

    private static func locked(_ descriptor: Int32) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 { if errno != EINTR { return false } }
        return true
    }

    // MARK: The record

    private static let recordLimit = 4096
    private static let recordStart = Array(#"{"pid":"#.utf8)

    /// True where the file is empty or holds a record: anything else is not ours to overwrite.
    private static func isOurs(_ descriptor: Int32) -> Bool {
        var start = [UInt8](repeating: 0, count: recordStart.count)
        let count = pread(descriptor, &start, start.count, 0)
        return count == 0 || start == recordStart
    }

    /// A full disk costs the message who holds it, not the lock.
    private func record(_ holder: Holder) {
        let text = holder.record
        descriptor.withLock { descriptor in
            let isWhole = pwrite(descriptor, text, text.count, 0) == text.count
            _ = ftruncate(descriptor, isWhole ? off_t(text.count) : 0)
        }
    }
}

extension FileLock.Holder {
    fileprivate var record: [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("pid", Int(pid))
            $0.member("run", run)
            $0.member("task", task)
            $0.member("since", since)
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Nil where it is no record: a file of somebody else's, or one that is being written.
    fileprivate init?(record: [UInt8]) {
        guard let value = try? JSONReader.value(record), let pid = value["pid"]?.integerValue, pid > 0,
            let pid = Int32(exactly: pid), let run = value["run"]?.stringValue,
            let task = value["task"]?.stringValue, let since = value["since"]?.stringValue
        else { return nil }
        self.init(run: run, task: task, pid: pid, since: since)
    }
}

extension FileLock.Holder: CustomStringConvertible {
    /// `deploy of the run 20261121-… (process 4711) since 2026-11-21T09:55:30Z`.
    package var description: String {
        let name = task.isEmpty ? "the run \(run)" : "\(task) of the run \(run)"
        return "\(name) (process \(pid)) since \(since)"
    }
}
