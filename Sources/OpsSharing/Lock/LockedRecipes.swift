package import OpsCore
package import OpsRecipe
import OpsRegistry
import OpsSystem
import OrderedCollections
import Synchronization

/// What a recipe includes from others, by its lock. The lock is read when the first reference is asked for.
package final class LockedRecipes: RemoteRecipes {
    private let lockPath: String
    private let lockName: String
    private let command: String
    private let policy: Policy
    private let trees: LockedTrees
    /// By reference, once the lock was read.
    private let lock = Mutex<[LockEntry.Kind: [String: LockEntry]]?>(nil)

    /// - Parameters:
    ///   - recipe: the recipe that a command was given, absolute.
    ///   - name: as messages name it.
    ///   - command: the words that lock it, for hints: `ops lock`.
    ///   - policy: what it does not allow is not given, though it is locked.
    package init(
        recipe: String, name: String, environment: [String: String], command: String, policy: Policy = Policy()
    ) {
        self.policy = policy
        lockPath = LockFile.path(ofRecipe: recipe)
        lockName = LockFile.path(ofRecipe: name)
        self.command = command
        trees = LockedTrees(project: parentFolder(of: recipe), environment: environment)
    }

    package func recipe(_ reference: String) throws(OpsError) -> RemoteRecipe {
        let (source, tree) = try found(.include, reference)
        return RemoteRecipe(file: try Self.recipeFile(source, in: tree), tree: tree)
    }

    /// The folder of a plugin that a reference names, which holds its `plugin.yaml`.
    ///
    /// Throws: as `recipe`.
    package func plugin(_ reference: String) throws(OpsError) -> String {
        let (source, tree) = try found(.plugin, reference)
        return source.path.isEmpty ? tree : tree + "/" + source.path
    }

    private func found(
        _ kind: LockEntry.Kind, _ reference: String
    ) throws(OpsError) -> (source: RemoteSource, tree: String) {
        let source = try RemoteSource(reference)
        guard let entry = try entry(kind, reference) else {
            throw OpsError(.notFound, "is not in \(lockName)", hint: "run '\(command)': it asks before it trusts")
        }
        if let refusal = source.refusal(by: policy) ?? policy.refusal(ofLocked: entry) {
            throw OpsError(refusal.code, refusal.message, hint: refusal.hint)
        }
        guard let digest = entry.ownTree else {
            throw OpsError(
                .notFound, "has nothing for \(PlatformName.text(PlatformName.host))",
                hint: "it has \(entry.builds.keys.sorted().joined(separator: ", "))")
        }
        do throws(OpsError) {
            guard let folder = try trees.folder(of: digest, in: source) else {
                throw OpsError(
                    .notFound, "is not on this machine",
                    hint: "run '\(command)': it fetches what \(lockName) names, and nothing else")
            }
            return (source, folder)
        } catch {
            guard error.code == .mismatch else { throw error }
            throw OpsError(.mismatch, "is not what \(lockName) says: \(error.message)", hint: error.hint)
        }
    }

    private func entry(_ kind: LockEntry.Kind, _ reference: String) throws(OpsError) -> LockEntry? {
        do throws(DiagnosticsError) {
            let known = lock.withLock { $0 }
            if let known { return known[kind]?[reference] }
            var entries: [LockEntry.Kind: [String: LockEntry]] = [:]
            for entry in try LockFile.read(lockPath, name: lockName)?.entries ?? [] {
                entries[entry.kind, default: [:]][entry.source] = entry
            }
            let read = entries
            lock.withLock { $0 = read }
            return read[kind]?[reference]
        } catch {
            let first = error.diagnostics.first
            let place = first?.range.map { "\($0): " } ?? ""
            throw OpsError(
                .invalid, "cannot be found by \(lockName): \(place)\(first?.message ?? "it is wrong")",
                hint: first?.hint)
        }
    }

    /// The recipe that a reference names in its tree: a file, or the one of a folder.
    ///
    /// Throws: an `OpsError` (`notFound`) where there is none.
    static func recipeFile(_ source: RemoteSource, in tree: String) throws(OpsError) -> String {
        let path = source.path.isEmpty ? tree : tree + "/" + source.path
        let shown = source.path.isEmpty ? "its tree" : "'\(source.path)'"
        switch FileStatus.find(path)?.kind {
        case .file: return path
        case .folder:
            for name in RecipeLocator.names where FileStatus.find(path + "/" + name)?.kind == .file {
                return path + "/" + name
            }
            throw OpsError(
                .notFound, "has no recipe in \(shown)",
                hint: "name the file behind //: there is no \(RecipeLocator.names.joined(separator: ", ")) in it")
        default:
            let names = (try? TreeDigest(of: tree))?.files.map(\.path) ?? []
            let near = nearestName(to: source.path, among: names)
            throw OpsError(.notFound, "has no \(shown) in its tree", hint: near.map { "did you mean '\($0)'?" })
        }
    }
}

extension LockFile {
    /// The locks of all recipes in a folder.
    ///
    /// Throws: an `OpsError`, or a `DiagnosticsError` with what is wrong in one.
    package static func all(in folder: String) throws -> [LockFile] {
        try listFolder(folder).filter { $0 == "ops.lock" || $0.hasSuffix(".ops.lock") }.compactMap { name in
            try read(folder + "/" + name, name: name)
        }
    }

    /// Beside the recipe: `ops.lock`, or `NAME.ops.lock` for a recipe that has a name of its own.
    package static func path(ofRecipe path: String) -> String {
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let file = path[start...]
        guard !RecipeLocator.names.contains(String(file)) else { return path[..<start] + "ops.lock" }
        let stem = file.lastIndex(of: ".").map { file[..<$0] } ?? file
        return path[..<start] + "\(stem).ops.lock"
    }
}
