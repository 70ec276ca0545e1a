import OpsCore
import OpsRegistry
import OpsSystem
import OrderedCollections

/// Copies the trees that a lock names into the project's `.ops/vendor`.
package struct Vendoring {
    private let trees: LockedTrees
    private let fetcher: SourceFetch

    package init(_ trees: LockedTrees, fetcher: SourceFetch) {
        self.trees = trees
        self.fetcher = fetcher
    }

    /// Puts in what is missing or damaged, of all platforms, and removes what no lock names.
    ///
    /// - Parameter others: the locks of other recipes in the same folder.
    /// Returns: how many trees the lock names. Throws: an `OpsError`.
    package func copy(_ lock: LockFile, others: [LockFile] = []) async throws -> Int {
        var wanted: OrderedSet<Digest> = []
        for entry in lock.entries {
            for tree in entry.trees where wanted.append(tree).inserted {
                if (try? trees.vendor.verified(tree)) != nil { continue }
                do {
                    try await copy(tree, of: entry)
                } catch let error as OpsError {
                    throw OpsError(
                        error.code, "'\(entry.source)' cannot be vendored: \(error.message)", hint: error.hint,
                        cause: error.cause)
                }
            }
        }
        let folder = trees.vendor.folder
        guard FileStatus.find(folder) != nil else { return wanted.count }
        let names = Set(wanted.map(\.hex) + others.flatMap { $0.entries.flatMap { $0.trees.map(\.hex) } })
        for name in try listFolder(folder) where !names.contains(name) { try removeTree(folder + "/" + name) }
        return wanted.count
    }

    private func copy(_ tree: Digest, of entry: LockEntry) async throws {
        let cache = fetcher.cache
        // A damaged one is fetched again.
        if (try? cache.verified(tree)) == nil {
            try await fetcher.fetch(tree, of: entry, try RemoteSource(entry.source))
        }
        let vendor = trees.vendor
        try await onThread { _ in
            guard let files = try cache.verified(tree)?.files else {
                throw OpsError(.notFound, "the tree \(tree) is gone from the cache")
            }
            let staging = try vendor.staging()
            do {
                try cache.copy(tree, files, to: staging)
                guard try vendor.keep(staging).digest == tree else {
                    throw OpsError(.mismatch, "the tree \(tree) changed while it was copied")
                }
            } catch {
                try? removeTree(staging)
                throw error
            }
        }
    }
}
