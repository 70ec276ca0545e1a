package import OpsCore
import OpsRegistry
import OpsSystem
import OrderedCollections

/// Brings what a reference names into the cache: `resolve` asks what the name means now, `fetch` takes what a lock
/// says, whatever the name means now.
package struct SourceFetch: Sendable {
    private let environment: [String: String]
    private let directory: String
    package let cache: TreeStore

    /// - Parameters:
    ///   - environment: names programs, caches, proxies and credentials.
    ///   - directory: where programs with relative names are looked for.
    /// Throws: an `OpsError` where the environment names no folder for caches.
    package init(environment: [String: String], directory: String) throws(OpsError) {
        self.environment = environment
        self.directory = directory
        cache = try TreeStore.cache(environment: environment)
    }

    /// The entry that a reference has from now on; its trees are in the cache. Permissions and signer are not filled in.
    ///
    /// Throws: an `OpsError` that names no reference.
    func resolve(_ source: RemoteSource, _ kind: LockEntry.Kind) async throws -> LockEntry {
        switch source.place {
        case .git(let url, let ref):
            let repository = try GitRepository(url: url, environment: environment, directory: directory)
            let commit = try await repository.resolve(ref)
            let tree = try await keep { try await repository.write(commit, to: $0) }
            return LockEntry(
                kind: kind, source: source.description, requested: source.requested, resolved: commit, tree: tree)
        case .registry(let reference):
            let registry = try RegistryFetch(reference, environment: environment)
            let (digest, artifact) = try await registry.artifact()
            var entry = LockEntry(
                kind: kind, source: source.description, requested: source.requested, resolved: digest.description,
                tree: nil)
            switch artifact {
            case .tree(let manifest): entry.tree = try await keep { try await registry.write(manifest, to: $0) }
            case .platforms(_, let manifests):
                guard kind == .plugin, !manifests.isEmpty else {
                    throw OpsError(.unsupported, "is an index of platforms, which only a plugin may be")
                }
                for (platform, descriptor) in manifests {
                    let manifest = try await registry.manifest(descriptor)
                    entry.builds[PlatformName.name(of: platform)] = LockEntry.Build(
                        resolved: descriptor.digest,
                        tree: try await keep { try await registry.write(manifest, to: $0) })
                }
            }
            return entry
        }
    }

    /// Fetches one tree of an entry.
    ///
    /// Throws: an `OpsError` (`mismatch`) where the commit or manifest has another tree than the lock says.
    func fetch(_ tree: Digest, of entry: LockEntry, _ source: RemoteSource) async throws {
        let found: Digest
        switch source.place {
        case .git(let url, let ref):
            let repository = try GitRepository(url: url, environment: environment, directory: directory)
            try await repository.fetch(commit: entry.resolved, once: ref)
            found = try await keep { try await repository.write(entry.resolved, to: $0) }
        case .registry(let reference):
            let registry = try RegistryFetch(reference, environment: environment)
            let resolved = try entry.builds.values.first { $0.tree == tree }?.resolved ?? Digest(entry.resolved)
            guard case .tree(let manifest) = try await registry.artifact(resolved).artifact else {
                throw OpsError(.mismatch, "\(resolved) is an index, not one tree")
            }
            found = try await keep { try await registry.write(manifest, to: $0) }
        }
        guard found == tree else {
            throw OpsError(.mismatch, "\(entry.resolved) has the tree \(found), not \(tree) as it was locked")
        }
    }

    /// The digest of the folder that `body` fills, which is in the cache from then on.
    private func keep(_ body: (String) async throws -> Void) async throws -> Digest {
        let staging = try cache.staging()
        do {
            try await body(staging)
            let cache = cache
            return try await onThread { _ in try cache.keep(staging).digest }
        } catch {
            try? removeTree(staging)
            throw error
        }
    }
}
