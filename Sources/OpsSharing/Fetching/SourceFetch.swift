package import OpsCore
import OpsRecipe
import OpsRegistry
import OpsSystem
import OrderedCollections

/// Brings what a reference names into the cache: `resolve` asks what the name means now, `fetch` takes what a lock
/// says, whatever the name means now.
package struct SourceFetch: Sendable {
    private let environment: [String: String]
    private let directory: String
    package let cache: TreeStore

    private let rules: SignatureRules

    /// - Parameters:
    ///   - environment: names programs, caches, proxies and credentials.
    ///   - directory: where programs with relative names are looked for.
    ///   - rules: what signatures there must be.
    /// Throws: an `OpsError` where the environment names no folder for caches.
    package init(environment: [String: String], directory: String, rules: SignatureRules) throws(OpsError) {
        self.environment = environment
        self.directory = directory
        self.rules = rules
        cache = try TreeStore.cache(environment: environment)
    }

    /// The entry that a reference has from now on, with its signer; its trees are in the cache. Permissions are not
    /// filled in. Signatures are looked at before anything is unpacked.
    ///
    /// - Parameter pinned: the commit or digest that the reference stands for; nil asks what it means now.
    /// Throws: an `OpsError` that names no reference: `forbidden` where a signature is required and none counts.
    func resolve(
        _ source: RemoteSource, _ kind: LockEntry.Kind, at pinned: String? = nil
    ) async throws -> (entry: LockEntry, signature: SignatureFinding) {
        switch source.place {
        case .git(let url, let ref):
            let repository = try GitRepository(url: url, environment: environment, directory: directory)
            let commit: String
            if let pinned {
                commit = pinned
                try await repository.fetch(commit: commit, once: ref)
            } else {
                commit = try await repository.resolve(ref)
            }
            let signature = try await self.signature(commit, in: repository)
            var entry = LockEntry(
                kind: kind, source: source.description, requested: source.requested, resolved: commit, tree: nil)
            entry.tree = try await keep { try await repository.write(commit, to: $0) }
            entry.signer = signature.signer
            return (entry, signature)
        case .registry(let reference):
            let artifact = try artifact(kind, reference)
            let (digest, content) = try await artifact.content(try pinned.map { try Digest($0) })
            let signature = try await rules.check(digest, of: artifact.kind, at: reference, client: artifact.client)
            var entry = LockEntry(
                kind: kind, source: source.description, requested: source.requested, resolved: digest.description,
                tree: nil)
            entry.signer = signature.signer
            if let manifest = try await artifact.only(content) {
                entry.tree = try await keep { try await artifact.unpack(manifest, to: $0) }
            } else if case .platforms(let index) = content {
                entry.builds = try await builds(index, kind, of: artifact)
            }
            return (entry, signature)
        }
    }

    private func builds(
        _ index: ImageIndex, _ kind: LockEntry.Kind, of artifact: PublishedArtifact
    ) async throws -> OrderedDictionary<String, LockEntry.Build> {
        guard kind == .plugin, index.manifests.contains(where: { $0.platform != nil }) else {
            throw OpsError(.unsupported, "is an index of platforms, which only a plugin may be")
        }
        var builds: OrderedDictionary<String, LockEntry.Build> = [:]
        for entry in index.manifests {
            guard let platform = entry.platform, platform.isRunnable else { continue }
            let manifest = try await artifact.manifest(entry)
            builds[PlatformName.text(platform)] = LockEntry.Build(
                resolved: entry.digest, tree: try await keep { try await artifact.unpack(manifest, to: $0) })
        }
        return builds
    }

    private func signature(_ commit: String, in repository: GitRepository) async throws -> SignatureFinding {
        guard rules.mode != .off else { return SignatureFinding() }
        return try rules.check(try await repository.signed(commit))
    }

    private func artifact(
        _ kind: LockEntry.Kind, _ reference: ImageReference
    ) throws(OpsError) -> PublishedArtifact {
        PublishedArtifact(
            kind == .plugin ? .plugin : .recipe, at: reference,
            client: try RegistryClient(host: reference.host, environment: environment))
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
            let artifact = try artifact(entry.kind, reference)
            let resolved = try entry.builds.values.first { $0.tree == tree }?.resolved ?? Digest(entry.resolved)
            guard let manifest = try await artifact.only(try await artifact.content(resolved).content) else {
                throw OpsError(.mismatch, "\(resolved) is an index, not one tree")
            }
            found = try await keep { try await artifact.unpack(manifest, to: $0) }
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
