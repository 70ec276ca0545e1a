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

    init(found: FoundPlugins, plugins: (any RecipePlugins)?, depth: RecipeDepth) {
        self.found = found
        self.plugins = plugins
        self.depth = depth
    }

    /// Fills `included` of the recipe that a command was given, which stands at `path`.
    mutating func load(into recipe: inout Recipe, path: String) {
        recipe.identity = Self.identity(of: path) ?? path
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

    private mutating func load(_ include: IncludeDeclaration, _ name: String, from recipe: Recipe) -> Known? {
        if let problem = RemoteReference.problem(of: include.from) {
            report("unsupported-include", "include '\(name)' \(problem.message)", include, hint: problem.hint)
            return nil
        }
        let path = include.from.hasPrefix("/") ? include.from : recipe.directory + "/" + include.from
        let file = recipe.name(ofFile: include.from)
        guard let identity = Self.identity(of: path) else {
            let code = errno == ENOENT ? "not-found" : "unreadable"
            report(
                code, "include '\(name)': the recipe '\(file)' cannot be read: \(String(cString: strerror(errno)))",
                include, hint: errno == ENOENT ? Self.nearestFile(to: path, from: include.from) : nil)
            return nil
        }
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
        let loaded = read(path, file, identity, include, name)
        known[identity] = loaded
        return loaded.recipe == nil ? nil : loaded
    }

    private mutating func read(
        _ path: String, _ file: String, _ identity: String, _ include: IncludeDeclaration, _ name: String
    ) -> Known {
        let start = diagnostics.count
        var result = Known()
        do throws(DiagnosticsError) {
            let bytes = try RecipeLoader.read(path, as: file)
            let source = SourceText(file: file, bytes: bytes)
            sources.append(source)
            let decoded = RecipeLoader.decode(
                try YAML.parse(bytes, file: file), file: file, directory: Self.folder(of: path, identity),
                source: source, depth: depth, plugins: plugins, &found)
            diagnostics += decoded.diagnostics
            guard var recipe = decoded.recipe else { return result }
            recipe.identity = identity
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

    /// The path without links, or nil with `errno` set.
    private static func identity(of path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The folder in which the recipe runs: that of the file itself, as it was named where that is the same one.
    private static func folder(of path: String, _ identity: String) -> String {
        let named = RecipeLoader.folder(of: path)
        let own = RecipeLoader.folder(of: identity)
        return self.identity(of: named) == own ? named : own
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
    /// What is wrong with a reference, or nil for a file.
    static func problem(of from: String) -> (message: String, hint: String?)? {
        guard let scheme = from.firstRange(of: ":").map({ from[..<$0.lowerBound].lowercased() }),
            scheme.hasPrefix("git+") || from.contains("://")
        else { return nil }
        if scheme.hasPrefix("git+") || scheme == "oci" {
            return (
                "is remote: this version includes files only, not \(scheme)://…",
                "get the recipe into this repository and name its file"
            )
        }
        if scheme == "http" || scheme == "https" {
            return (
                "names a web page: what a server sends today it may change tomorrow",
                "get the recipe into this repository and name its file"
            )
        }
        return ("has an unknown scheme '\(scheme)'", "name a file, such as ./common.yaml")
    }
}
