/// Where a key-value engine is mounted, and which of its two versions it is.
struct VaultMount: Sendable, Hashable {
    /// Without slashes at the ends: `secret`, `team/kv`.
    var path: String
    /// 1 or 2.
    var version: Int

    /// True where the secret's path lies below the mount: `secret` holds `secret/a`, not `secretv2/a`.
    func holds(_ secret: String) -> Bool { secret.hasPrefix(path + "/") }

    /// The path of a request about a secret: `secret/data/a` for `secret/a` in version 2.
    func request(_ kind: String, _ secret: String) -> String {
        let rest = secret.dropFirst(path.count + 1)
        return version == 2 ? "\(path)/\(kind)/\(rest)" : "\(path)/\(rest)"
    }
}
