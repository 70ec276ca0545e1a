import OpsCore
import OpsRecipe
import OpsSystem
import OpsYAML
import OrderedCollections

/// Reads what a tree of others holds for the recipe or plugin that is named in it: the recipe with the files of the
/// tree that it includes, each once, and the manifests of plugins that lie in it.
struct TreeOutline {
    /// As deep as includes may stand in each other, and as many names as may lead to a recipe (ops-recipe(5),
    /// "Limits"): what has more is never loaded.
    private static let depthLimit = 16
    private static let placeLimit = 10_000

    /// Without links.
    private let root: String
    private var outline = RecipeOutline()
    /// By the path without links of a recipe's file, those that it includes, as often as it does.
    private var children: [String: [String]] = [:]

    /// The outline of an entry; an empty one where its tree is not on this machine.
    ///
    /// Throws: an `OpsError` or `DiagnosticsError` where it cannot be read, or past a limit.
    static func read(_ entry: LockEntry, _ source: RemoteSource, _ trees: LockedTrees) throws -> RecipeOutline {
        // A plugin without a build for this machine is read from another's: its manifest is the same.
        guard let digest = entry.ownTree ?? entry.builds.values.first?.tree,
            let tree = try trees.folder(of: digest, in: source)
        else { return RecipeOutline() }
        if entry.kind == .plugin {
            let path = (source.path.isEmpty ? tree : tree + "/" + source.path) + "/plugin.yaml"
            let name = TreeNames.name(of: path)
            guard FileStatus.find(path)?.kind == .file else {
                throw OpsError(.notFound, "there is no '\(name)'", hint: "name the folder of the plugin behind //")
            }
            let node = try YAML.parse(try readFile(path, limit: 1 << 20), file: name)
            var outline = RecipeOutline(node)
            outline.keep(manifest: node.value, at: "plugin.yaml", lessActions: true)
            return outline
        }
        var reader = TreeOutline(root: realPath(tree) ?? tree)
        return try reader.read(try LockedRecipes.recipeFile(source, in: tree))
    }

    private init(root: String) { self.root = root }

    private mutating func read(_ path: String) throws -> RecipeOutline {
        let first = realPath(path) ?? path
        var waiting = [(path: first, prefix: "")]
        var seen: Set<String> = [first]
        var next = 0
        var count = 0
        while next < waiting.count {
            let (path, prefix) = waiting[next]
            next += 1
            let node = try YAML.parse(
                try readFile(path, limit: YAMLLimits.default.bytes + 1), file: TreeNames.name(of: path))
            var own = RecipeOutline(node)
            own.keep(recipe: node.value, at: String(path.dropFirst(root.count + 1)), isIncluded: !prefix.isEmpty)
            addPlugins(node, of: path, to: &own)
            if prefix.isEmpty { outline = own } else { outline.include(own, under: prefix) }
            for include in RecipeOutline.references(node, "include") where !RemoteSource.isRemote(include.from) {
                guard let file = file(include.from, besides: path) else { continue }
                count += 1
                guard count <= Self.placeLimit else { throw Self.tooMany }
                children[path, default: []].append(file)
                if seen.insert(file).inserted { waiting.append((file, "\(prefix)\(include.name):")) }
            }
        }
        try countPlaces(from: first)
        return outline
    }

    /// A file of the tree that a recipe of it names, without links; nil for one that is not there or outside, which
    /// whoever loads the recipe reports.
    private func file(_ name: String, besides path: String) -> String? {
        guard let real = realPath(parentFolder(of: path) + "/" + name), real.hasPrefix(root + "/") else { return nil }
        return real
    }

    private func addPlugins(_ node: Node, of path: String, to outline: inout RecipeOutline) {
        for plugin in RecipeOutline.references(node, "plugins") where !RemoteSource.isRemote(plugin.from) {
            guard let file = file(plugin.from + "/plugin.yaml", besides: path),
                let bytes = try? readFile(file, limit: 1 << 20), let manifest = try? YAML.parse(bytes, file: file)
            else { continue }
            outline.shipped[plugin.name] = RecipeOutline(manifest).permissions
            outline.keep(manifest: manifest.value, at: String(file.dropFirst(root.count + 1)))
        }
    }

    /// Throws: an `OpsError` where more names lead to a recipe than may. Level for level, so that what doubles at each
    /// costs no more than what does not.
    private func countPlaces(from first: String) throws(OpsError) {
        var level = [first: 1]
        var count = 1
        for _ in 0..<Self.depthLimit where !level.isEmpty {
            var next: [String: Int] = [:]
            for (path, times) in level {
                for child in children[path] ?? [] {
                    next[child, default: 0] += times
                    count += times
                    guard count <= Self.placeLimit else { throw Self.tooMany }
                }
            }
            level = next
        }
    }

    private static let tooMany = OpsError(
        .invalid, "it has more than \(placeLimit) includes, those of included recipes counted")
}
