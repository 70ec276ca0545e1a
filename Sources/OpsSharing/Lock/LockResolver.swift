import OpsCore
package import OpsRecipe
import OpsRegistry
import OpsSystem
import OpsYAML
import OrderedCollections

/// Follows a recipe's includes and plugins, those of included recipes too, and says what its lock is to hold.
package struct LockResolver {
    package enum Mode: Sendable {
        /// Keeps what is locked and adds what is missing.
        case add
        /// Asks again what these names mean; all where there are none.
        case update([String])
        /// Asks for no name: what is missing is a problem.
        case check
    }

    /// Remote references in one lock: more than people write, and an end to what includes itself by ever new names.
    static let limit = 1000

    private let mode: Mode
    private let old: LockFile
    private let fetcher: SourceFetch
    private let trees: LockedTrees
    private let policy: Policy
    private let trust: (TrustRequest) async throws -> Bool
    private var outcome: LockOutcome
    /// What was resolved or refused already, and the recipes that were followed.
    private var known: Set<String> = []
    private var followed: Set<String> = []
    private var wanted: Set<String>
    private var asked: [AskedPlace: (entry: LockEntry, signature: SignatureFinding)] = [:]

    private struct AskedPlace: Hashable {
        var kind: LockEntry.Kind
        var place: RemoteSource.Place
    }

    /// - Parameters:
    ///   - policy: where nothing may be fetched from is an error.
    ///   - trust: is asked before anything new gets into the lock, and before what it includes is fetched.
    package init(
        _ mode: Mode, old: LockFile, fetcher: SourceFetch, trees: LockedTrees, policy: Policy,
        trust: @escaping (TrustRequest) async throws -> Bool
    ) {
        self.mode = mode
        self.old = old
        self.fetcher = fetcher
        self.trees = trees
        self.policy = policy
        self.trust = trust
        outcome = LockOutcome(lock: LockFile())
        if case .update(let names) = mode { wanted = Set(names) } else { wanted = [] }
    }

    /// Follows the recipe in a file.
    ///
    /// Throws: an `OpsError` or `DiagnosticsError` where that recipe itself cannot be read; an `OpsError` where a name
    /// to be updated is none.
    package consuming func resolve(_ path: String, name: String) async throws -> LockOutcome {
        let node = try YAML.parse(try readFile(path, limit: YAMLLimits.default.bytes + 1), file: name)
        followed.insert(realPath(path) ?? path)
        await follow(node, LockPlace(folder: parentFolder(of: path), file: name, tree: nil, chain: ""))
        if let name = wanted.sorted().first {
            throw OpsError(
                .invalid, "nothing of others is named '\(name)'", hint: "give the name of an include or plugin, or none"
            )
        }
        outcome.removed = old.entries.filter { !known.contains(Self.key($0.kind, $0.source)) }
        outcome.problems.sort(by: Diagnostic.inReadingOrder)
        return outcome
    }

    private mutating func follow(_ node: Node, _ place: LockPlace) async {
        for plugin in RecipeOutline.references(node, "plugins") where RemoteSource.isRemote(plugin.from) {
            _ = await remote(.plugin, plugin, place)
        }
        for include in RecipeOutline.references(node, "include") {
            if RemoteSource.isRemote(include.from) {
                guard let (source, tree) = await remote(.include, include, place) else { continue }
                do throws(OpsError) {
                    let path = try LockedRecipes.recipeFile(source, in: tree)
                    await follow(path, file: TreeNames.name(of: path), tree: tree, include, place)
                } catch {
                    report("include '\(include.name)' \(error.message)", include.range, hint: error.hint)
                }
            } else {
                let path = include.from.hasPrefix("/") ? include.from : place.folder + "/" + include.from
                if let refusal = place.refusal(of: path) {
                    report("include '\(include.name)' \(refusal)", include.range)
                } else {
                    await follow(path, file: place.name(of: include.from), tree: place.tree, include, place)
                }
            }
        }
    }

    private mutating func follow(
        _ path: String, file: String, tree: String?, _ include: RecipeOutline.Reference, _ place: LockPlace
    ) async {
        guard followed.insert(realPath(path) ?? path).inserted else { return }
        do {
            let bytes = try readFile(path, limit: YAMLLimits.default.bytes + 1)
            let node = try YAML.parse(bytes, file: file)
            await follow(
                node,
                LockPlace(
                    folder: parentFolder(of: realPath(path) ?? path), file: file, tree: tree,
                    chain: "\(place.chain)\(include.name):"))
        } catch let error as DiagnosticsError {
            outcome.problems += error.diagnostics
        } catch {
            report("include '\(include.name)': \(OpsError.text(of: error))", include.range)
        }
    }

    // MARK: References

    /// The tree of a reference, locked; nil where it is not to be had, which is reported.
    private mutating func remote(
        _ kind: LockEntry.Kind, _ reference: RecipeOutline.Reference, _ place: LockPlace
    ) async -> (source: RemoteSource, tree: String)? {
        let name = place.chain + reference.name
        do {
            let source = try RemoteSource(reference.from)
            if let refusal = source.refusal(by: policy) { throw refusal }
            let isNew = known.insert(Self.key(kind, reference.from)).inserted
            if isNew {
                guard known.count <= Self.limit else {
                    throw OpsError(.invalid, "is one too many: a lock holds \(Self.limit) references at most")
                }
                guard try await lock(kind, source, name) else { return nil }
            }
            guard let entry = outcome.lock[kind, reference.from], let digest = entry.ownTree,
                let tree = try trees.folder(of: digest, in: source)
            else { return nil }
            return (source, tree)
        } catch let error as DiagnosticsError
            where !error.diagnostics.contains(where: { $0.range == nil }) && !error.diagnostics.isEmpty
        {
            outcome.problems += error.diagnostics
            return nil
        } catch {
            let word = kind == .include ? "include" : "plugin"
            var hint = (error as? OpsError)?.hint
            var text = (error as? OpsError)?.message ?? OpsError.text(of: error)
            if let cause = (error as? OpsError)?.cause { text += ": \(OpsError.text(of: cause))" }
            if (error as? OpsError)?.code == .notFound, hint == nil { hint = "check the reference" }
            report("\(word) '\(name)' is not to be had: \(text)", reference.range, hint: hint)
            return nil
        }
    }

    /// Puts the entry of a reference into the lock; false where it is missing or not trusted.
    private mutating func lock(_ kind: LockEntry.Kind, _ source: RemoteSource, _ name: String) async throws -> Bool {
        let known = old[kind, source.description]
        if let known, !isUpdated(name, source) {
            if let how = try await fetch(known, source) { outcome.fetched.append((name, known, how)) }
            outcome.lock.set(try await signed(known, source))
            if case .check = mode { try check(known, source) }
            return true
        }
        if case .check = mode { throw OpsError(.notFound, "it is not in the lock", hint: "run 'ops lock'") }
        var (entry, signature) = try await resolve(source, kind)
        try PluginBuilds.check(entry, source, trees)
        let outline = try self.outline(entry, source)
        entry.permissions = outline.permissions
        if let known, known.contentDigest == entry.contentDigest {
            outcome.lock.set(entry)
            if known != entry { outcome.changed.append((name, known, entry, [])) }
            return true
        }
        var request = TrustRequest(name: name, entry: entry, path: source.path, lines: outline.lines + signature.lines)
        if let known { request.changes = try? await changes(since: known, to: outline, source) }
        guard try await trust(request) else {
            outcome.refused.append(request)
            if let known { outcome.lock.set(known) }
            return false
        }
        outcome.lock.set(entry)
        if let known {
            outcome.changed.append((name, known, entry, request.changes ?? []))
        } else {
            outcome.added.append((name, entry))
        }
        return true
    }

    /// What a reference means now; asked once for all that differ in the path only, so that they are of one commit.
    private mutating func resolve(
        _ source: RemoteSource, _ kind: LockEntry.Kind
    ) async throws -> (entry: LockEntry, signature: SignatureFinding) {
        let key = AskedPlace(kind: kind, place: source.place)
        var found: (entry: LockEntry, signature: SignatureFinding)
        if let known = asked[key] { found = known } else { found = try await fetcher.resolve(source, kind) }
        asked[key] = found
        found.entry.source = source.description
        return found
    }

    /// What is locked, with its signer. Where the policy requires one, what lacks it is compared with its place again,
    /// and all is when the lock is checked.
    ///
    /// Throws: an `OpsError`: `forbidden` where no signature counts, `mismatch` where the lock says what is not so.
    private func signed(_ entry: LockEntry, _ source: RemoteSource) async throws -> LockEntry {
        guard policy.signatures == .require else { return entry }
        let isCheck = if case .check = mode { true } else { false }
        let refusal = policy.refusal(ofLocked: entry)
        guard isCheck || refusal != nil else { return entry }
        let found = try await fetcher.resolve(source, entry.kind, at: entry.resolved).entry
        guard found.tree == entry.tree, found.builds == entry.builds else {
            throw OpsError(
                .mismatch, "the lock says another tree than \(entry.resolved) has", hint: "run 'ops lock update'")
        }
        if isCheck, refusal != nil {
            throw OpsError(.mismatch, "the lock names no signer that counts", hint: "run 'ops lock'")
        }
        var entry = entry
        entry.signer = found.signer
        return entry
    }

    private mutating func isUpdated(_ name: String, _ source: RemoteSource) -> Bool {
        guard case .update(let names) = mode else { return false }
        guard !names.isEmpty else { return true }
        let isNamed = names.contains(name) || names.contains(source.description)
        if isNamed {
            wanted.remove(name)
            wanted.remove(source.description)
        }
        return isNamed
    }

    /// Makes sure that what is locked is on this machine, whole. A damaged tree of the cache is fetched again; one that
    /// was vendored is not touched.
    ///
    /// Returns: why it was fetched; nil where it was not.
    private func fetch(_ entry: LockEntry, _ source: RemoteSource) async throws -> LockOutcome.FetchReason? {
        guard let digest = entry.ownTree else { return nil }
        var reason = LockOutcome.FetchReason.missing
        do throws(OpsError) {
            if try trees.folder(of: digest, in: source) != nil { return nil }
        } catch {
            guard !trees.vendor.contains(digest) else { throw error }
            reason = .damaged
        }
        try await fetcher.fetch(digest, of: entry, source)
        return reason
    }

    private func check(_ entry: LockEntry, _ source: RemoteSource) throws {
        let declared = try outline(entry, source).permissions
        guard
            Dictionary(uniqueKeysWithValues: declared.map { ($0.key, $0.value) })
                == Dictionary(uniqueKeysWithValues: entry.permissions.map { ($0.key, $0.value) })
        else {
            throw OpsError(
                .mismatch, "the lock says other permissions than it declares", hint: "run 'ops lock update'")
        }
    }

    private func outline(_ entry: LockEntry, _ source: RemoteSource) throws -> RecipeOutline {
        try TreeOutline.read(entry, source, trees)
    }

    private func changes(
        since entry: LockEntry, to outline: RecipeOutline, _ source: RemoteSource
    ) async throws -> [String] {
        _ = try await fetch(entry, source)
        return try self.outline(entry, source).changes(to: outline)
    }

    private static func key(_ kind: LockEntry.Kind, _ source: String) -> String { "\(kind.rawValue) \(source)" }

    private mutating func report(_ message: String, _ range: SourceRange, hint: String? = nil) {
        outcome.problems.append(Diagnostic(code: "not-locked", message, hint: hint, at: range))
    }
}
