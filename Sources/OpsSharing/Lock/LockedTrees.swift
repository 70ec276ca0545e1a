import OpsCore
import OpsRegistry
import OpsSystem
import Synchronization

/// The trees that a lock names, on this machine: a project's own `.ops/vendor` first, then the cache. Each is read and
/// compared with its digest once in a process.
package final class LockedTrees: Sendable {
    package let vendor: TreeStore
    /// Nil where the environment names no folder for caches.
    package let cache: TreeStore?
    private let verified = Mutex<[Digest: String]>([:])

    /// - Parameter project: the folder of the recipe that the lock is of.
    package init(project: String, environment: [String: String]) {
        vendor = TreeStore.vendor(project: project)
        cache = try? TreeStore.cache(environment: environment)
    }

    /// The folder of a tree; nil where it is not on this machine. Messages call its files by the reference from then on.
    ///
    /// Throws: an `OpsError` (`mismatch`) where it is not what its digest says; nothing is taken in its place.
    func folder(of digest: Digest, in source: RemoteSource) throws(OpsError) -> String? {
        if let known = verified.withLock({ $0[digest] }) { return known }
        for store in [vendor, cache].compactMap(\.self) {
            do throws(OpsError) {
                guard try store.verified(digest) != nil else { continue }
            } catch {
                let isVendor = store.folder == vendor.folder
                let command = isVendor ? "ops lock vendor" : "ops lock"
                throw OpsError(error.code, error.message, hint: "'\(command)' puts back what was locked")
            }
            let path = store.path(of: digest)
            verified.withLock { $0[digest] = path }
            let (start, end) = source.ends
            TreeNames.add([path, realPath(path)].compactMap(\.self), start: start, end: end)
            return path
        }
        return nil
    }
}
