import COpsSystem
import Glibc
import Synchronization

/// What this system can hold a child process to.
package enum SandboxSupport {
    /// The version of Landlock's interface; 0 is none.
    package static let landlock = Int(ops_landlock_abi())

    private static let namespaceFailed = Atomic(false)

    /// A child could not be given a network of its own: the others are not either.
    static func lacksNamespace() {
        if !namespaceFailed.exchange(true, ordering: .relaxed) { isNews.store(true, ordering: .relaxed) }
    }

    private static let isNews = Atomic(false)

    /// What a run has just found that it cannot hold; told once.
    package static func news() -> String? {
        guard isNews.exchange(false, ordering: .relaxed) else { return nil }
        return "the system allows no network namespace: 'net: none' stops "
            + (landlock >= 4 ? "TCP only" : "nothing here")
    }

    /// True where a child is likely to get a network of its own. What forbids it may show only when one is started.
    package static var hasNetworkNamespace: Bool {
        if namespaceFailed.load(ordering: .relaxed) { return false }
        return looksAble
    }

    private static let looksAble: Bool = {
        if ops_is_privileged() { return true }
        func number(_ file: String) -> Int? {
            guard let bytes = try? readFile(file, limit: 64) else { return nil }
            return Int(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
        }
        if number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 { return false }
        if number("/proc/sys/kernel/unprivileged_userns_clone") == 0 { return false }
        return (number("/proc/sys/user/max_user_namespaces") ?? 0) > 0
    }()

    /// What is asked for and cannot be held here, or only in part: one sentence each; empty where all is.
    package static func shortfalls(of layers: [Sandbox]) -> [String] {
        guard !layers.isEmpty else { return [] }
        let isOffline = layers.contains(where: \.isOffline)
        guard landlock > 0 else {
            return [
                "disclosure only: this system has no Landlock"
                    + (isOffline && hasNetworkNamespace ? "; no network is enforced" : ", nothing is enforced")
            ]
        }
        var result: [String] = []
        if isOffline, !hasNetworkNamespace {
            result.append(
                landlock >= 4
                    ? "no network: only TCP is stopped here, since the system allows no namespace"
                    : "no network is disclosure only: the system allows no namespace, and its Landlock knows no ports")
        } else if !isOffline, layers.contains(where: { $0.connect != nil }) {
            result.append(
                landlock >= 4
                    ? "servers are held to by TCP port, not by name; UDP is not held"
                    : "servers are disclosure only: Landlock of version \(landlock) knows no ports")
        }
        if landlock < 3, layers.contains(where: { $0.write != nil }) {
            result.append("Landlock of version \(landlock) does not stop the truncation of files")
        }
        if landlock < 6 { result.append("signals and abstract sockets are not held") }
        return result
    }
}
