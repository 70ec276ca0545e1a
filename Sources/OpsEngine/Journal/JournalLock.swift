import Glibc

/// The lock that a run has on its journal while it lives: freed by the kernel however the process ends.
///
/// An open file description lock (fcntl(2)): it is asked about without being taken, so that `ops runs` never stands in
/// the way of a run. A file system without locks has none held.
enum JournalLock {
    /// Takes the lock for as long as the descriptor is open; false where another process has it.
    static func take(_ descriptor: Int32) -> Bool {
        var lock = whole()
        return fcntl(descriptor, setLock, &lock) == 0 || errno != EAGAIN && errno != EACCES
    }

    /// True where a process has the lock of the file.
    static func isHeld(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var lock = whole()
        return fcntl(descriptor, getLock, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
    }

    private static func whole() -> flock {
        flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    }

    /// F_OFD_GETLK and F_OFD_SETLK of <fcntl.h>.
    private static let getLock: Int32 = 36
    private static let setLock: Int32 = 37
}
