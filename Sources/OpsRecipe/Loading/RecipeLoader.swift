import Glibc
package import OpsCore
package import OpsPlugin
import OpsSystem
import OpsYAML
import OrderedCollections

/// A recipe that is free of errors.
package struct LoadedRecipe: Sendable {
    package var recipe: Recipe
    package var warnings: [Diagnostic]
    package var source: SourceText
    /// The text of each file that it includes, directly or not, once each.
    package var includedSources: [SourceText] = []
    /// With the plugins that it needs and that were found.
    package var catalog: PluginCatalog
    /// The manifests of those plugins.
    package var manifests: [SourceText] = []

    /// The text of each file that it was read from, its own first.
    package var sources: [SourceText] { [source] + includedSources + manifests }
}

/// How much of a recipe a command needs: a large one takes the longer the deeper it is read.
package enum RecipeDepth: Int, Comparable {
    /// The text, the recipe's own keys, and of tasks what a list of them shows: `description` and `needs`.
    case outline
    /// All of it, with every error.
    case checked
    /// With the warnings of `ops lint` too.
    case linted
    /// With those of `ops lint --strict`.
    case strict

    package static func < (left: RecipeDepth, right: RecipeDepth) -> Bool { left.rawValue < right.rawValue }
}

/// Reads recipe files.
package enum RecipeLoader {
    /// The recipe in a file, decoded and checked.
    ///
    /// - Parameters:
    ///   - file: as the user named it: messages name it so.
    ///   - directory: the folder that `file` is relative to, absolute; the recipe's own folder is found from both.
    ///   - depth: how much of it is read and checked.
    ///   - policy: what it must agree with.
    ///   - remote: gives the recipes of others that it includes; nil refuses them.
    ///
    /// Throws: a `DiagnosticsError` with all errors and warnings in reading order; `RecipeLoader.source` reads the text
    /// to show with them.
    package static func load(
        file: String, directory: String, catalog: PluginCatalog, plugins: (any RecipePlugins)? = nil,
        depth: RecipeDepth = .linted, policy: Policy = Policy(), remote: (any RemoteRecipes)? = nil
    ) throws(DiagnosticsError) -> LoadedRecipe {
        let path = file.hasPrefix("/") ? file : directory + "/" + file
        let bytes = try read(path, as: file)
        // About what the tree of nodes, the model and a plan of it take; a small one has room in what there is.
        if bytes.count > 1 << 16 { ProcessMemory.expect(bytes.count * 64) }
        return try load(
            bytes, file: file, directory: folder(of: path), catalog: catalog, plugins: plugins, depth: depth,
            policy: policy, remote: remote)
    }

    /// The recipe in a text.
    package static func load(
        _ bytes: [UInt8], file: String, directory: String, catalog: PluginCatalog,
        plugins: (any RecipePlugins)? = nil, depth: RecipeDepth = .linted, policy: Policy = Policy(),
        remote: (any RemoteRecipes)? = nil
    ) throws(DiagnosticsError) -> LoadedRecipe {
        let source = SourceText(file: file, bytes: bytes)
        let node = try YAML.parse(bytes, file: file)
        var found = FoundPlugins(catalog: catalog)
        let decoded = decode(
            node, file: file, directory: directory, source: source, depth: depth, plugins: plugins, &found)
        guard var recipe = decoded.recipe else { throw DiagnosticsError(decoded.diagnostics) }
        var diagnostics = decoded.diagnostics
        var includedSources: [SourceText] = []
        if !recipe.include.isEmpty {
            var loader = IncludeLoader(found: found, plugins: plugins, depth: depth, remote: remote)
            loader.load(into: &recipe, path: "\(directory)/\(file.split(separator: "/").last ?? "")")
            diagnostics += loader.diagnostics
            includedSources = loader.sources
            found = loader.found
        }
        if depth > .outline {
            let lint = depth >= .linted && decoded.diagnostics.isEmpty
            diagnostics += RecipeChecker.check(recipe, catalog: found.catalog, lint: lint)
            diagnostics += policy.check(recipe)
            if depth == .strict { diagnostics += StrictLint.warnings(recipe) }
        }
        diagnostics += found.diagnostics
        diagnostics.sort(by: Diagnostic.inReadingOrder)
        guard !diagnostics.contains(where: { $0.severity == .error }) else { throw DiagnosticsError(diagnostics) }
        return LoadedRecipe(
            recipe: recipe, warnings: diagnostics, source: source, includedSources: includedSources,
            catalog: found.catalog,
            manifests: found.sources)
    }

    /// Where the files lie that came with an included recipe: see `Recipe`.
    struct Shipment {
        var folder: String
        var tree: String?
        var origin: String?
    }

    /// Decodes one file with the plugins that it needs.
    static func decode(
        _ node: Node, file: String, directory: String, shipment: Shipment? = nil, source: SourceText,
        depth: RecipeDepth, plugins: (any RecipePlugins)?, _ found: inout FoundPlugins
    ) -> DecodedRecipe {
        let isOutline = depth == .outline
        func decode(_ catalog: PluginCatalog) -> DecodedRecipe {
            var decoded = RecipeDecoder.decodeKnowingNeeds(
                node, file: file, directory: directory, catalog: catalog, source: source, isOutline: isOutline)
            // Before its plugins are looked for: they may lie beside it, and not outside of its tree.
            if let shipment {
                decoded.recipe?.folder = shipment.folder
                decoded.recipe?.tree = shipment.tree
                decoded.recipe?.origin = shipment.origin
            }
            return decoded
        }
        guard let plugins else { return decode(found.catalog) }
        return plugins.decode(into: &found, tree: shipment?.tree, isOutline: isOutline, decode)
    }

    /// The text of a file for messages; nil where it cannot be read.
    package static func source(_ file: String, directory: String) -> SourceText? {
        let named = TreeNames.path(of: file)
        let path = named.hasPrefix("/") ? named : directory + "/" + named
        return (try? read(path, as: file)).map { SourceText(file: file, bytes: $0) }
    }

    /// The folder of a file, absolute.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return plainPath(String(path[..<slash]))
    }

    static func read(_ path: String, as file: String) throws(DiagnosticsError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(file) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(file) }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw DiagnosticsError([
                Diagnostic(code: "not-found", "'\(file)' is a folder, not a recipe", hint: "name the file in it")
            ])
        }
        var bytes: [UInt8] = []
        let limit = YAMLLimits.default.bytes
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        // One byte past the limit is enough for the parser to say so.
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, mayReadAgain(descriptor) { continue }
            guard count >= 0 else { throw unreadable(file) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    private static func unreadable(_ file: String) -> DiagnosticsError {
        let reason = String(cString: strerror(errno))
        return DiagnosticsError([
            Diagnostic(
                code: errno == ENOENT ? "not-found" : "unreadable", "the recipe '\(file)' cannot be read: \(reason)")
        ])
    }
}
