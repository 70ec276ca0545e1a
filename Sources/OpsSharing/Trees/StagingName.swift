import Glibc
import OpsCore
import OpsRegistry
import OpsSystem

/// Names of folders that are being filled, `.new-PLACE-PID-NUMBER`, and of files beside them: whoever comes later sees
/// that their process is gone, and removes them.
enum StagingName {
    private static let start = ".new-"
    /// In seconds: what a process of another machine or container left is removed when it is older.
    private static let foreignAge = 86400.0

    static func new(_ serial: Int) -> String {
        "\(start)\(place)-\(getpid())-\(String(Clock.ticks() &+ UInt64(serial), radix: 36))"
    }

    /// Removes what processes that are gone have left in a folder.
    static func sweep(_ folder: String) {
        for name in (try? listFolder(folder)) ?? [] where name.hasPrefix(start) {
            let path = folder + "/" + name
            let words = name.dropFirst(start.count).split(separator: "-")
            if words.count == 3, words[0] == place, let pid = Int32(words[1]), pid > 0 {
                if kill(pid, 0) != 0, errno == ESRCH { try? removeTree(path) }
            } else if let status = FileStatus.find(path, followsLinks: false),
                Timestamp.now - Double(status.modified) > foreignAge
            {
                try? removeTree(path)
            }
        }
    }

    /// Where a process's number means that process: this start of this machine, and the container. The cache may lie
    /// on a disk that others share.
    private static let place: String = {
        let boot = (try? readFile("/proc/sys/kernel/random/boot_id", limit: 256)) ?? []
        let space = (try? readLink("/proc/self/ns/pid")) ?? ""
        return String(Digest.sha256(of: boot + Array(space.utf8)).hex.prefix(8))
    }()
}
