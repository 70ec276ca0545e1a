import Glibc
package import OpsCore
import OpsSystem

/// The lock that a run holds while it lives, in its folder: it tells a run that goes on from one that died, and keeps a
/// second process from going on with it.
package struct RunLock: Sendable {
    private let lock: FileLock

    /// Throws: an `OpsError` (`busy`) where the run goes on in another process; (`system`) where it cannot be locked.
    package init(_ run: String, runDirectory: String) throws(OpsError) {
        let path = Self.path(runDirectory)
        let holder = FileLock.Holder(run: run)
        // Who asks whether it is held has it for a moment, longer on a busy machine.
        for attempt in 0..<10 {
            if let lock = try FileLock.tryAcquire(path, as: holder) {
                self.lock = lock
                return
            }
            usleep(1_000 << min(attempt, 6))
        }
        let other = FileLock.holder(path).map { ", in the process \($0.pid) since \($0.since)" } ?? ""
        throw OpsError(.busy, "the run \(run) still goes on\(other)")
    }

    package func release() { lock.release() }

    static func isHeld(runDirectory: String) -> Bool { FileLock.isHeld(path(runDirectory)) }

    private static func path(_ runDirectory: String) -> String { runDirectory + "/lock" }
}
