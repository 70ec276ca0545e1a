import Glibc
import OpsCore
import OpsPlugin
import OpsSystem
import OpsYAML
import OrderedCollections

/// Loads what a recipe includes, and what that includes: each file once, however many ways lead to it.
struct IncludeLoader {
    /// Includes in includes: more than people write, and far from the end of the stack.
    static let depthLimit = 16
    /// Names that lead to a recipe, `a:b:` and `c:b:` being two: what doubles at each level ends here.
    static let placeLimit = 10_000

    /// The catalog, and the plugins that joined it.
    private(set) var found: FoundPlugins
    private let plugins: (any RecipePlugins)?
    let depth: RecipeDepth
    let remote: (any RemoteRecipes)?
    /// What was found wrong, in all files.
    private(set) var diagnostics: [Diagnostic] = []
    /// The texts of the files that were read.
    private(set) var sources: [SourceText] = []
    /// The recipes that are being loaded, each included by the one before it.
    private var open: [(identity: String, file: String)] = []
    /// What includes one that has too many has too many as well.
    private var hasReportedPlaces = false
    /// By identity, what has been loaded.
    private var known: [String: Known] = [:]

    private struct Known {
        /// Nil where errors were reported.
        var recipe: Recipe?
        /// How deep its own includes go, itself counted.
        var height = 1
        /// How many names lead to a recipe from it, itself counted.
        var places = 1
    }

    init(
        found: FoundPlugins, plugins: (any RecipePlugins)?, depth: RecipeDepth, remote: (any RemoteRecipes)? = nil
    ) {
        self.found = found
        self.plugins = plugins
        self.depth = depth
        self.remote = remote
    }

    /// Fills `included` of the recipe that a command was given, which stands at `path`.
    mutating func load(into recipe: inout Recipe, path: String) {
        recipe.identity = realPath(path) ?? path
        _ = follow(&recipe)
    }

    private mutating func follow(_ recipe: inout Recipe) -> Known {
        var result = Known()
        open.append((recipe.identity, recipe.file))
        defer { open.removeLast() }
        for (name, include) in recipe.include {
            guard let child = load(include, name, from: recipe) else { continue }
            result.height = max(result.height, child.height + 1)
            result.places += child.places
            // One that is known already may be deeper than the way to it leaves room for.
            guard open.count + result.height <= Self.depthLimit + 2 else {
                report("limit", "includes stand in each other more than \(Self.depthLimit) deep", include)
                break
            }
            guard result.places <= Self.placeLimit else {
                if !hasReportedPlaces {
                    report("limit", "more than \(Self.placeLimit) includes, those of included recipes counted", include)
                }
                hasReportedPlaces = true
                break
            }
            recipe.included[name] = child.recipe
        }
        return result
    }

    /// Where an include leads to.
    private struct Place {
        /// Absolute, and as messages name it.
        var path: String
        var file: String
        /// The path without links, and where it runs where that is elsewhere.
        var identity: String
        /// Where it runs, and where the files lie that came with it.
        var directory: String
        var folder: String
        /// Of a recipe of others.
        var tree: String?
    }

    private mutating func load(_ include: IncludeDeclaration, _ name: String, from recipe: Recipe) -> Known? {
        let place: Place
        do throws(OpsError) {
            place = try self.place(include, name, recipe)
        } catch {
            report(error.code.description, error.message, include, hint: error.hint)
            return nil
        }
        let identity = place.identity
        if let start = open.firstIndex(where: { $0.identity == identity }) {
            let circle = open[start...].map(\.file) + [open[start].file]
            report("cycle", "the recipes include each other: \(circle.joined(separator: " → "))", include)
            return nil
        }
        if let known = known[identity] { return known.recipe == nil ? nil : known }
        guard open.count <= Self.depthLimit else {
            report("limit", "includes stand in each other more than \(Self.depthLimit) deep", include)
            return nil
        }
        let loaded = read(place, include, name)
        known[identity] = loaded
        return loaded.recipe == nil ? nil : loaded
    }

    private func place(_ include: IncludeDeclaration, _ name: String, _ recipe: Recipe) throws(OpsError) -> Place {
        let scheme = RemoteReference.scheme(of: include.from)
        if let scheme { return try remotePlace(include, name, scheme, recipe) }
        let path = include.from.hasPrefix("/") ? include.from : recipe.folder + "/" + include.from
        let file = recipe.name(ofFile: include.from)
        guard let real = realPath(path) else {
            throw OpsError(
                errno == ENOENT ? .notFound : OpsError.Code("unreadable"),
                "include '\(name)': the recipe '\(file)' cannot be read: \(String(cString: strerror(errno)))",
                hint: errno == ENOENT ? Self.nearestFile(to: path, from: include.from) : nil)
        }
        guard let tree = recipe.tree else {
            let folder = Self.folder(of: path, real)
            return Place(path: path, file: file, identity: real, directory: folder, folder: folder)
        }
        guard let root = realPath(tree), real.hasPrefix(root + "/"), !include.from.hasPrefix("/") else {
            throw OpsError(
                .forbidden, "include '\(name)': '\(include.from)' is outside of what came with '\(recipe.file)'",
                hint: "a recipe of others includes files of its own, and references that are locked")
        }
        // Without `..`, and below the tree's own name.
        return Self.place(tree + real.dropFirst(root.count), in: tree, runningIn: recipe.directory, real)
    }

    private func remotePlace(
        _ include: IncludeDeclaration, _ name: String, _ scheme: String, _ recipe: Recipe
    ) throws(OpsError) -> Place {
        if let problem = RemoteReference.problem(scheme) {
            throw OpsError(
                OpsError.Code("unsupported-include"), "include '\(name)' \(problem.message)", hint: problem.hint)
        }
        guard let remote else {
            throw OpsError(
                OpsError.Code("unsupported-include"), "include '\(name)' is remote, and there is no lock to find it by")
        }
        do throws(OpsError) {
            let found = try remote.recipe(include.from)
            guard let real = realPath(found.file) else {
                throw OpsError(.notFound, "cannot be read: '\(found.file)' is gone")
            }
            return Self.place(found.file, in: found.tree, runningIn: recipe.directory, real)
        } catch {
            throw OpsError(error.code, "include '\(name)' \(error.message)", hint: error.hint)
        }
    }

    private static func place(_ path: String, in tree: String, runningIn directory: String, _ real: String) -> Place {
        Place(
            path: path, file: TreeNames.name(of: path), identity: "\(real) in \(directory)", directory: directory,
            folder: RecipeLoader.folder(of: real), tree: tree)
    }

    private mutating func read(_ place: Place, _ include: IncludeDeclaration, _ name: String) -> Known {
        let start = diagnostics.count
        var result = Known()
        do throws(DiagnosticsError) {
            let bytes = try RecipeLoader.read(place.path, as: place.file)
            let source = SourceText(file: place.file, bytes: bytes)
            sources.append(source)
            let decoded = RecipeLoader.decode(
                try YAML.parse(bytes, file: place.file), file: place.file, directory: place.directory,
                shipment: RecipeLoader.Shipment(
                    folder: place.folder, tree: place.tree,
                    origin: RemoteReference.scheme(of: include.from).map { _ in include.from }),
                source: source, depth: depth, plugins: plugins, &found)
            diagnostics += decoded.diagnostics
            guard var recipe = decoded.recipe else { return result }
            recipe.identity = place.identity
            if !recipe.include.isEmpty { result = follow(&recipe) }
            if depth > .outline {
                let isGood = diagnostics[start...].allSatisfy { $0.severity != .error }
                diagnostics += RecipeChecker.check(
                    recipe, catalog: found.catalog, lint: depth >= .linted && isGood, isIncluded: true)
            }
            result.recipe = recipe
        } catch {
            for var problem in error.diagnostics {
                if problem.range == nil {
                    problem.range = include.fromRange
                    problem.message = "include '\(name)': \(problem.message)"
                }
                diagnostics.append(problem)
            }
        }
        return result
    }

    private mutating func report(
        _ code: String, _ message: String, _ include: IncludeDeclaration, hint: String? = nil
    ) {
        diagnostics.append(Diagnostic(code: code, message, hint: hint, at: include.fromRange))
    }

    // MARK: files

    /// The folder in which the recipe runs: that of the file itself, as it was named where that is the same one.
    private static func folder(of path: String, _ identity: String) -> String {
        let named = RecipeLoader.folder(of: path)
        let own = RecipeLoader.folder(of: identity)
        return realPath(named) == own ? named : own
    }

    private static func nearestFile(to path: String, from: String) -> String? {
        let folder = RecipeLoader.folder(of: path)
        guard let name = from.split(separator: "/").last, let files = try? listFolder(folder) else { return nil }
        let recipes = files.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
        return nearestName(to: String(name), among: recipes).map { "did you mean '\(from.dropLast(name.count))\($0)'?" }
    }
}

/// References to recipes that are not files of this machine.
private enum RemoteReference {
    /// The scheme of a reference; nil for a file.
    static func scheme(of from: String) -> String? {
        guard let scheme = from.firstIndex(of: ":").map({ from[..<$0].lowercased() }),
            scheme.hasPrefix("git+") || from.firstRange(ofBytes: "://") != nil
        else { return nil }
        return scheme
    }

    /// What is wrong with a scheme, or nil.
    static func problem(_ scheme: String) -> (message: String, hint: String)? {
        if scheme.hasPrefix("git+") || scheme == "oci" { return nil }
        if scheme == "http" || scheme == "https" {
            return (
                "names a web page: what a server sends today it may change tomorrow",
                "take git+https://host/repository.git//path?ref=TAG, oci://host/repository:tag, or a file"
            )
        }
        return ("has an unknown scheme '\(scheme)'", "name a file, such as ./common.yaml")
    }
}
