import Glibc
package import OpsCore
import OpsSystem

/// Where ops keeps its runs: `$OPS_STATE_DIR`, else `$XDG_STATE_HOME/ops`, else `~/.local/state/ops`.
package struct StateDirectory: Sendable {
    /// Absolute.
    package let path: String

    /// Throws: an `OpsError` (`invalid`) where no variable names a place, or `OPS_STATE_DIR` a relative one.
    package init(environment: [String: String]) throws(OpsError) {
        // A relative value is ignored, as the XDG base directory specification asks.
        func absolute(_ name: String) -> String? {
            environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        if let own = environment["OPS_STATE_DIR"], !own.isEmpty {
            // Our own variable, unlike those of XDG: to go elsewhere in silence would lose the runs.
            guard own.hasPrefix("/") else {
                throw OpsError(.invalid, "OPS_STATE_DIR is '\(own)', a relative path", hint: "it takes an absolute one")
            }
            path = own
        } else if let base = absolute("XDG_STATE_HOME") {
            path = base + "/ops"
        } else if let home = absolute("HOME") {
            path = home + "/.local/state/ops"
        } else {
            throw OpsError(
                .invalid, "there is no place for the state of runs: HOME is not set",
                hint: "set OPS_STATE_DIR to a folder that may be written")
        }
    }

    package var runs: String { path + "/runs" }

    /// Where the locks of `exclusive` names stand.
    package var locks: String { path + "/locks" }

    /// Where the debts of runs stand that are to be taken back (`SecretDebtLog`).
    var debts: String { path + "/debts" }

    /// The lock of all runs of a recipe file, by its real path. No `exclusive` name gives one that begins so.
    package func recipeLock(_ file: String) -> String { "\(locks)/%recipe-\(FileName.escaped(file)).lock" }

    /// A new identifier: sorts by time, is unique on this machine, as it ends in the process's number: two runs may start
    /// in one millisecond. `20261121-095530-417-1f3a`.
    package static func newRunID(now: Double) -> String {
        let stamp = Timestamp.iso8601(now).filter(\.isNumber)
        func padded(_ text: String, _ width: Int) -> String { String(repeating: "0", count: width - text.count) + text }
        let milliseconds = padded(String(Int(now * 1000) % 1000), 3)
        let process = String(Guard.processID, radix: 16)
        return "\(stamp.prefix(8))-\(stamp.dropFirst(8).prefix(6))-\(milliseconds)-\(process)"
    }

    /// Makes the folder of a new run and returns its path.
    ///
    /// Throws: an `OpsError` that says how to choose another place.
    package func makeRun(_ id: String) throws(OpsError) -> String {
        let folder = "\(runs)/\(id)"
        do {
            try makeFolders(runs, mode: 0o700)
            // Never another's, as a machine that shares this folder over a network might have.
            guard mkdir(folder, 0o700) == 0 else { throw OpsError.system("make the folder", folder) }
        } catch {
            throw OpsError(
                .system, "the state of the run cannot be kept in \(runs)",
                hint: "set OPS_STATE_DIR to a folder that may be written", cause: error)
        }
        return folder
    }

    /// Removes old runs: those before the newest `keep`, and those older than `age` seconds, but none that goes on.
    /// Failures are not worth a word: the next run tries again.
    package func prune(keep: Int = 100, age: Double = 30 * 86_400, now: Double) {
        guard let names = try? listFolder(runs) else { return }
        // The oldest first: identifiers sort by time, so that the first that stays is the last one asked about.
        for (position, name) in names.sorted().enumerated() {
            if names.count - position <= keep {
                guard let status = try? FileStatus("\(runs)/\(name)"), now - Double(status.modified) > age else {
                    return
                }
            }
            guard let lock = try? RunLock(name, runDirectory: "\(runs)/\(name)") else { continue }
            try? removeTree("\(runs)/\(name)")
            lock.release()
        }
    }
}
