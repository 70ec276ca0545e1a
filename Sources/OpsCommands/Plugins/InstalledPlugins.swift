import OpsCore
import OpsPlugin
import OpsPluginHost
import OpsRecipe
import OpsSharing
import OpsSystem
import OrderedCollections

/// The plugins of this machine that a recipe may use.
struct InstalledPlugins: RecipePlugins {
    /// The recipe that a command was given, as it was named; nil where there is none.
    var recipe: String?
    var context: CommandContext
    /// Gives the plugins of others that its lock names; nil takes none.
    var locked: LockedRecipes?

    private var plugins: ExternalPlugins {
        let path = recipe.map { $0.hasPrefix("/") ? $0 : context.directory + "/" + $0 }
        let project = path.map { parentFolder(of: $0) }
        return ExternalPlugins(
            search: PluginSearch(
                project: project, environment: context.environment, program: ExecutablePath.ofProcess,
                directory: context.directory),
            remoteFolder: locked.map(Self.remoteFolder) ?? ExternalPlugins.refuseRemote)
    }

    func add(_ need: PluginNeed, to found: inout FoundPlugins) {
        let plugins = plugins
        var findings = ExternalPlugins.Findings(catalog: found.catalog)
        findings.folders = found.folders
        plugins.add(Self.requests(of: need.recipe), to: &findings)
        plugins.add(named: need.names.sorted(), to: &findings)
        let schemes = need.schemes.subtracting(findings.catalog.providers.keys)
        if !schemes.isEmpty { plugins.add(schemes: schemes, to: &findings) }
        found.catalog = findings.catalog
        for name in need.names where !findings.given.contains(name) {
            let isThere =
                need.recipe.plugins[name] != nil || found.folders[name] != nil
                || !plugins.search.candidates(named: name).isEmpty
            if isThere { found.unusable.insert(name) }
        }
        for name in findings.given {
            guard let folder = findings.folders[name] else { continue }
            found.give(name, in: folder, to: need.recipe, isDeclared: need.recipe.plugins[name] != nil)
        }
        found.diagnostics += findings.diagnostics.filter { !found.diagnostics.contains($0) }
        found.sources += findings.plugins.map(\.source)
    }

    private static func remoteFolder(_ locked: LockedRecipes) -> ExternalPlugins.RemoteFolder {
        { request in
            do throws(OpsError) {
                return try locked.plugin(request.from)
            } catch {
                throw OpsError(
                    error.code, "the plugin '\(request.name)' \(error.message)", hint: error.hint, at: request.range)
            }
        }
    }

    /// - Parameter include: the name that the recipe is included by, where that is to be told.
    private static func requests(of recipe: Recipe, include: String? = nil) -> [ExternalPlugins.Request] {
        recipe.plugins.map { name, reference in
            ExternalPlugins.Request(
                name: name, from: reference.from, range: reference.range, directory: recipe.folder,
                tree: recipe.tree, place: include.map { .include($0) } ?? .recipe)
        }
    }

    /// The built-in plugins and all that can be found: those that the recipe names, where there is one that can be read,
    /// the project's, the user's and the installation's.
    ///
    /// Throws: an `OpsError` where `-C` names no folder.
    static func all(
        file: String? = nil, directory: String? = nil, context: CommandContext = .current()
    ) throws(OpsError) -> ExternalPlugins.Findings {
        let world = World(file: file, directory: directory, context: context)
        var findings = ExternalPlugins.Findings(catalog: try RecipeSession.builtIn())
        let recipe = try? world.recipe(findings.catalog)
        let plugins = world.installed.plugins
        if let recipe { plugins.add(requests(of: recipe), to: &findings) }
        plugins.addAll(to: &findings)
        return findings
    }

    /// What `all` finds and those that included recipes name, whose place is the include; where the recipe cannot be
    /// read, which hides what it and they name, that is told too.
    ///
    /// Throws: an `OpsError`.
    static func listed(
        file: String? = nil, directory: String? = nil, context: CommandContext
    ) throws(OpsError) -> ExternalPlugins.Findings {
        let world = World(file: file, directory: directory, context: context)
        var findings = ExternalPlugins.Findings(catalog: try RecipeSession.builtIn())
        let plugins = world.installed.plugins
        do throws(DiagnosticsError) {
            if let recipe = try world.recipe(findings.catalog) {
                plugins.add(requests(of: recipe), to: &findings)
                recipe.forEachIncluded { prefix, child, _ in
                    plugins.add(requests(of: child, include: String(prefix.dropLast())), to: &findings)
                }
            }
        } catch {
            findings.diagnostics += error.diagnostics
        }
        plugins.addAll(to: &findings)
        return findings
    }

    /// What a command that needs no recipe finds of one.
    private struct World {
        /// Of the recipe, where there is one.
        var installed: InstalledPlugins

        init(file: String?, directory: String?, context: CommandContext) {
            installed = InstalledPlugins(recipe: nil, context: context)
            guard let (path, context) = try? RecipeSession.locate(file: file, directory: directory, context: context)
            else { return }
            let locked = RecipeSession.locked(path, file: file, directory: directory, context)
            installed = InstalledPlugins(recipe: path, context: context, locked: locked)
        }

        /// Nil where there is none. Throws: a `DiagnosticsError` with all that is wrong.
        func recipe(_ catalog: PluginCatalog) throws(DiagnosticsError) -> Recipe? {
            guard let path = installed.recipe else { return nil }
            return try RecipeLoader.load(
                file: path, directory: installed.context.directory, catalog: catalog, plugins: installed,
                depth: .outline, remote: installed.locked
            ).recipe
        }
    }

    /// The same for commands that describe what there is: what is wrong with a plugin is told on standard error.
    static func described(
        file: String? = nil, directory: String? = nil, context: CommandContext = .current()
    ) throws(OpsError) -> PluginCatalog {
        let findings = try all(file: file, directory: directory, context: context)
        if !findings.diagnostics.isEmpty {
            let style = context.style(.auto, isTerminal: context.isErrorTerminal)
            Console.error(ErrorReport.text(of: findings.diagnostics, style: style, context: context))
        }
        return findings.catalog
    }
}
