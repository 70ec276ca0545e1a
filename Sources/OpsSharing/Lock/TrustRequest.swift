package import OpsCore
import OpsRegistry

/// What is asked before a recipe or plugin of others gets into a lock.
package struct TrustRequest: Sendable {
    /// The name it is included by, behind those of the recipes on the way: `common`, `common:base`.
    package var name: String
    package var entry: LockEntry
    /// Of the recipe or plugin in its tree.
    package var path: String
    /// What it may do, a line for each kind of thing, in the words of others: to be shown `plain`.
    package var lines: [String]
    /// What is different from what was trusted before, in the words of others; nil where nothing was. Empty where only
    /// files changed that are neither recipes nor manifests.
    package var changes: [String]?

    /// Whoever gives this digest has read what was shown: it is of the content, and of what in it is used as what.
    package var digest: String {
        Digest.sha256(of: Array("\(entry.kind.rawValue) \(path)\n\(entry.contentDigest)\n".utf8)).description
    }
}

/// What came of locking.
package struct LockOutcome: Sendable {
    /// Why a tree that is locked was fetched.
    package enum FetchReason: Sendable { case missing, damaged }

    /// As it is to be written.
    package var lock: LockFile
    package var added: [(name: String, entry: LockEntry)] = []
    /// Moved to another commit, manifest or tree.
    package var changed: [(name: String, from: LockEntry, to: LockEntry, changes: [String])] = []
    /// Locked as before, and not whole on this machine until now.
    package var fetched: [(name: String, entry: LockEntry, reason: FetchReason)] = []
    /// In the lock that was there, and named nowhere any more.
    package var removed: [LockEntry] = []
    /// Not trusted: nothing of them is in the lock.
    package var refused: [TrustRequest] = []
    /// What is wrong, with its place.
    package var problems: [Diagnostic] = []
}
