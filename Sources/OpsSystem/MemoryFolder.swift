import COpsSystem
import Glibc

/// Folders whose files are kept in memory and on no disk (tmpfs(5)); what the system swaps out is not in our hands.
package enum MemoryFolder {
    /// Makes a folder for its owner only; nil where the machine has no place in memory that may be written.
    ///
    /// It stands in `XDG_RUNTIME_DIR` where that is the user's own and private (XDG base directory specification), else
    /// in `/dev/shm`.
    package static func make(named name: String, environment: [String: String]) -> String? {
        var places = ["/dev/shm"]
        if let own = environment["XDG_RUNTIME_DIR"], own.hasPrefix("/"), isPrivate(own) { places.insert(own, at: 0) }
        for place in places where isInMemory(place) {
            // A name that somebody else took in a shared folder is not ours.
            for suffix in ["", "-1", "-2", "-3"] {
                let path = "\(place)/\(name)\(suffix)"
                if mkdir(path, 0o700) == 0 { return path }
                guard errno == EEXIST else { break }
            }
        }
        return nil
    }

    private static func isPrivate(_ path: String) -> Bool {
        guard let status = FileStatus.find(path), status.kind == .folder else { return false }
        return status.owner == geteuid() && status.mode & 0o077 == 0
    }

    /// Whether a folder is on tmpfs or ramfs.
    package static func isInMemory(_ path: String) -> Bool { ops_is_in_memory(path) }
}
