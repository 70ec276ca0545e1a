import COpsSystem
import Glibc

extension FileLock {
    /// Sends a signal to the process that holds a lock, and to no other: nothing happens where that is not certain.
    package static func signalHolder(of path: String, _ signal: Int32) {
        guard let holder = holder(path) else { return }
        let process = ops_open_process(holder.pid)
        guard process >= 0 else { return }
        defer { close(process) }
        // The descriptor is of whoever has the number now: that it is the holder, only what is still so can prove.
        guard self.holder(path) == holder, holdsLock(holder.pid) else { return }
        _ = ops_signal_process(process, signal)
    }

    /// True where the process, or the engine whose guard it is, holds a lock of flock(2) (proc_locks(5)).
    private static func holdsLock(_ pid: Int32) -> Bool {
        guard let bytes = try? readFile("/proc/locks", limit: 1 << 24) else { return false }
        return bytes.split(separator: 0x0A).contains { line in
            // `1: FLOCK  ADVISORY  WRITE 4711 fd:01:131 0 EOF`
            let words = line.split(separator: 0x20)
            guard words.count > 4, words[1].elementsEqual("FLOCK".utf8),
                let owner = Int32(String(decoding: words[4], as: UTF8.self))
            else { return false }
            return owner == pid || ProcessTable.entry(owner)?.parent == pid
        }
    }
}
