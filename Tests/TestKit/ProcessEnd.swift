package import Glibc

/// True once the process is gone, or only waits for its parent to look.
package func isGone(_ pid: pid_t) throws -> Bool {
    let isGone = try waitUntil {
        if kill(pid, 0) != 0 { return true }
        let state = try run(["ps", "-o", "stat=", "-p", String(pid)]).text
        return state.isEmpty || state.hasPrefix("Z")
    }
    if !isGone { kill(pid, SIGKILL) }
    return isGone
}
