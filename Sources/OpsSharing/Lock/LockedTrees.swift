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
    private let known = Mutex(Known())

    private struct Known {
        /// The folders of trees that were compared.
        var verified: [Digest: String] = [:]
        /// The paths of stores without links.
        var stores: [String: String] = [:]
    }

    /// - Parameter project: the folder of the recipe that the lock is of.
    package init(project: String, environment: [String: String]) {
        vendor = TreeStore.vendor(project: project)
        cache = try? TreeStore.cache(environment: environment)
    }

    /// The folder of a tree; nil where it is not on this machine. Messages call its files by the reference from then
    /// on.
    ///
    /// Throws: an `OpsError` (`mismatch`) where it is not what its digest says; nothing is taken in its place.
    func folder(of digest: Digest, in source: RemoteSource) throws(OpsError) -> String? {
        if let folder = known.withLock({ $0.verified[digest] }) { return folder }
        for store in [vendor, cache].compactMap(\.self) {
            do throws(OpsError) {
                guard try store.verified(digest) != nil else { continue }
            } catch {
                let isVendor = store.folder == vendor.folder
                let command = isVendor ? "ops lock vendor" : "ops lock"
                throw OpsError(error.code, error.message, hint: "'\(command)' puts back what was locked")
            }
            let path = store.path(of: digest)
            let real = known.withLock { known in
                known.verified[digest] = path
                // A tree is no link itself.
                let real = known.stores[store.folder] ?? realPath(store.folder) ?? store.folder
                known.stores[store.folder] = real
                return real
            }
            let (start, end) = source.ends
            TreeNames.add([path, real + "/" + digest.hex], start: start, end: end)
            return path
        }
        return nil
    }
}
