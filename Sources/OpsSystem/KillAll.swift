import Glibc

extension ChildProcess {
    /// Sends SIGKILL to every child's process group and returns at once: for the end of a process that will not
    /// wait for clean-up.
    package static func killAll() {
        guard let threads = try? listFolder("/proc/self/task") else { return }
        for thread in threads {
            guard let bytes = try? readFile("/proc/self/task/\(thread)/children", limit: 1 << 20) else { continue }
            for word in String(decoding: bytes, as: UTF8.self).split(separator: " ") {
                guard let pid = pid_t(word) else { continue }
                kill(-pid, SIGKILL)
                kill(pid, SIGKILL)
            }
        }
    }
}
