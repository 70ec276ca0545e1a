import Glibc
import OpsCore
package import OpsRegistry
import OpsSystem
import OrderedCollections

/// Gets a recipe or a plugin from a registry into a folder that appears whole, or not at all.
package struct ArtifactPull: Sendable {
    private let artifact: PublishedArtifact

    package init(_ artifact: PublishedArtifact) { self.artifact = artifact }

    /// What a registry has under the reference.
    package struct Found: Sendable {
        /// Of what the reference names: what a signature is of, and what a lock file holds.
        package var digest: Digest
        package var manifest: ArtifactManifest
    }

    /// Asks what the reference names. Of an index that is the manifest of the platform, or the only one without a
    /// platform.
    ///
    /// Throws: an `OpsError`: `notFound`, also for a missing platform, with those there are; `unsupported` for what
    /// is no such artifact; `mismatch` where it is not what its digest says.
    package func find(for platform: Platform) async throws -> Found {
        let (digest, content) = try await artifact.content()
        switch content {
        case .one(let manifest): return Found(digest: digest, manifest: manifest)
        case .platforms(let index):
            guard let entry = index.manifest(for: platform) else {
                let (noun, reference) = (artifact.kind.noun, artifact.reference)
                throw OpsError(
                    .notFound, "the \(noun) oci://\(reference) has nothing for \(PlatformName.text(platform))",
                    hint: "it has \(index.platforms.map { PlatformName.text($0) }.joined(separator: ", "))")
            }
            return Found(digest: digest, manifest: try await artifact.manifest(entry))
        }
    }

    /// Downloads and unpacks it.
    ///
    /// - Parameters:
    ///   - target: absolute; is not there, or is an empty folder.
    ///   - check: looks at the unpacked folder before it takes its name.
    /// Returns: how many files and links it holds.
    /// Throws: an `OpsError`: `forbidden` for what no tree of others may hold and past a
    /// limit, `mismatch` for content that is not what its digest says, `invalid` where the target is in use. Nothing
    /// is left behind then.
    package func unpack(
        _ found: Found, to target: String, check: @escaping @Sendable (String) throws -> Void = { _ in }
    ) async throws -> Int {
        try Self.checkTarget(target)
        let parent = parentFolder(of: target)
        try makeFolders(parent)
        let name = target.split(separator: "/").last ?? ""
        let staging =
            "\(parent)/.\(name.prefix(60)).ops-pull-\(String(UInt64(getpid()) << 20 ^ Clock.ticks(), radix: 36))"
        defer { try? removeTree(staging) }
        try await artifact.unpack(found.manifest, to: staging)
        let (limits, place) = (artifact.limits, "oci://\(artifact.reference)")
        return try await onThread { _ in
            let count = try Self.count(staging, limits, place)
            try check(staging)
            // Takes the place of an empty folder too; one that was filled meanwhile stays.
            guard rename(staging, target) == 0 else { throw OpsError.system("make the folder", target) }
            syncFolder(parent)
            return count
        }
    }

    private static func count(_ folder: String, _ limits: TreeLimits, _ place: String) throws(OpsError) -> Int {
        do throws(OpsError) {
            return try TreeDigest(of: folder, limits: limits).files.count
        } catch {
            throw OpsError(error.code, "'\(place)' cannot be unpacked: \(error.message)")
        }
    }

    private static func checkTarget(_ target: String) throws(OpsError) {
        guard let status = FileStatus.find(target, followsLinks: false) else { return }
        guard status.kind == .folder else {
            throw OpsError(.invalid, "cannot unpack to '\(target)': something that is no folder has its name")
        }
        guard try listFolder(target).isEmpty else {
            throw OpsError(
                .invalid, "cannot unpack to '\(target)': the folder is not empty", hint: "name a new folder")
        }
    }
}
