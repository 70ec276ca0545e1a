import OpsSystem

extension Glob {
    /// The part of a pattern in front of its first segment with wildcards; a plain path is its own.
    static func folder(of pattern: String) -> String {
        let parts = pattern.split(separator: "/", omittingEmptySubsequences: false)
        let plain = parts.prefix { !Glob.isPattern(String($0)) }
        if plain.count == parts.count { return pattern }
        let folder = plain.joined(separator: "/")
        return folder.isEmpty ? (pattern.hasPrefix("/") ? "/" : ".") : folder
    }
}
