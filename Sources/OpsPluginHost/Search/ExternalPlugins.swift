package import OpsCore
package import OpsPlugin
import OpsSystem
import OrderedCollections

/// The plugins of one command that are programs of their own.
package struct ExternalPlugins: Sendable {
    /// What was found, and what is wrong with it.
    package struct Findings: Sendable {
        package var catalog: PluginCatalog
        /// In the order in which they joined the catalog.
        package var plugins: [FoundPlugin] = []
        /// By name, where those lie that joined it, without links; also for recipes before this one.
        package var folders: [String: String] = [:]
        /// By name, who names those that a recipe names.
        package var naming: [String: [PluginPlace]] = [:]
        /// What the recipe has of them.
        package var given: Set<String> = []
        /// The folders of those that another of their name hides.
        package var hidden: [(name: String, place: PluginPlace, path: String)] = []
        package var diagnostics: [Diagnostic] = []
        /// The folders in which all plugins were looked for, as messages name them.
        package var searched: [String] = []

        package init(catalog: PluginCatalog) { self.catalog = catalog }
    }

    /// An entry of a recipe's `plugins`.
    package struct Request: Sendable {
        package var name: String
        /// The folder, or a reference to a plugin elsewhere.
        package var from: String
        package var range: SourceRange
        /// The folder that a relative path starts at, absolute.
        package var directory: String
        /// The folder that a recipe of others may not leave; nil for a file of this machine.
        package var tree: String?
        /// Who names it.
        package var place: PluginPlace

        package init(
            name: String, from: String, range: SourceRange, directory: String, tree: String? = nil,
            place: PluginPlace = .recipe
        ) {
            self.name = name
            self.from = from
            self.range = range
            self.directory = directory
            self.tree = tree
            self.place = place
        }
    }

    /// Gives the verified folder of a plugin that a recipe names by a remote reference.
    package typealias RemoteFolder = @Sendable (_ request: Request) throws -> String

    package var search: PluginSearch
    private let remoteFolder: RemoteFolder

    package init(search: PluginSearch, remoteFolder: @escaping RemoteFolder = Self.refuseRemote) {
        self.search = search
        self.remoteFolder = remoteFolder
    }

    /// Without a lock nothing remote is taken.
    package static let refuseRemote: RemoteFolder = { request in
        throw OpsError(
            .invalid, "the plugin '\(request.name)' is remote, and no lock names what it is",
            hint: "'ops lock' adds it to ops.lock", at: request.range)
    }

    /// Adds the plugins that a recipe names.
    package func add(_ requests: [Request], to findings: inout Findings) {
        for request in requests {
            do {
                let folder = try folder(of: request)
                if let earlier = findings.folders[request.name] {
                    guard earlier == realPath(folder) else {
                        throw conflict(request.name, earlier, folder, at: request.range)
                    }
                    findings.given.insert(request.name)
                    findings.naming[request.name, default: []].append(request.place)
                    continue
                }
                noteShadowed(request.name, by: folder, at: request.range, &findings)
                try join(read(folder, for: request), at: request.range, &findings)
                findings.naming[request.name] = [request.place]
            } catch {
                keep(error, at: request.range, &findings)
            }
        }
    }

    private func folder(of request: Request) throws -> String {
        if request.from.hasPrefix("git+") || request.from.contains("://") { return try remoteFolder(request) }
        let path = request.from.hasPrefix("/") ? request.from : request.directory + "/" + request.from
        guard let folder = realPath(path) else {
            throw OpsError(
                .notFound, "the plugin '\(request.name)' is not in \(request.from): there is no such folder",
                hint: "it is relative to the recipe's folder", at: request.range)
        }
        if let tree = request.tree, let root = realPath(tree), !folder.hasPrefix(root + "/") {
            throw OpsError(
                .forbidden, "the plugin '\(request.name)' is outside of what came with the recipe",
                hint: "a recipe of others names plugins of its own tree, and references that are locked",
                at: request.range)
        }
        return folder
    }

    private func read(_ folder: String, for request: Request) throws -> FoundPlugin {
        let plugin = try search.read(folder, in: request.place)
        guard plugin.manifest.name == request.name else {
            throw OpsError(
                .invalid, "'plugins' names '\(request.name)', but the plugin there is '\(plugin.manifest.name)'",
                at: request.range)
        }
        return plugin
    }

    /// Adds the plugins of these names that are found, the first of each name.
    package func add(named names: some Sequence<String>, to findings: inout Findings) {
        for name in names where !findings.given.contains(name) {
            let first = search.candidates(named: name).first
            if let earlier = findings.folders[name] {
                guard let first else { keep(ofAnother(name), at: nil, &findings); continue }
                guard earlier == realPath(first.path) else {
                    keep(conflict(name, earlier, first.path, at: nil), at: nil, &findings)
                    continue
                }
                findings.given.insert(name)
                continue
            }
            guard let first, !findings.catalog.plugins.contains(where: { $0.name == name }) else { continue }
            noteShadowed(name, by: first.path, at: nil, &findings)
            do { try join(search.read(first.path, in: first.place), at: nil, &findings) } catch {
                keep(error, at: nil, &findings)
            }
        }
    }

    /// Adds every plugin that is found. One that takes the name of a built-in plugin is told of and not added.
    package func addAll(to findings: inout Findings) {
        let names = search.names()
        findings.searched = search.folders.map { search.shown($0.path) }
        let builtIn = names.filter { name in
            findings.catalog.plugins.contains { $0.name == name }
                && !findings.plugins.contains { $0.manifest.name == name }
        }
        for name in builtIn {
            guard let first = search.candidates(named: name).first else { continue }
            keep(builtInName(name, first.path), at: nil, &findings)
        }
        add(named: names, to: &findings)
    }

    /// Adds the plugins that have one of these schemes: every manifest is read.
    package func add(schemes: Set<String>, to findings: inout Findings) {
        var all = Findings(catalog: findings.catalog)
        addAll(to: &all)
        for plugin in all.plugins
        where findings.folders[plugin.manifest.name] == nil && !schemes.isDisjoint(with: plugin.manifest.schemes) {
            do { try join(plugin, at: nil, &findings) } catch { keep(error, at: nil, &findings) }
        }
    }

    // MARK: Joining

    private func join(_ plugin: FoundPlugin, at range: SourceRange?, _ findings: inout Findings) throws {
        let manifest = plugin.manifest
        guard !findings.catalog.plugins.contains(where: { $0.name == manifest.name }) else {
            throw builtInName(manifest.name, plugin.folder)
        }
        do throws(OpsError) {
            findings.catalog = try PluginCatalog(findings.catalog.plugins + [Plugin(plugin)])
        } catch {
            throw OpsError(error.code, "the plugin '\(manifest.name)': \(error.message)", hint: error.hint, at: range)
        }
        findings.plugins.append(plugin)
        findings.folders[manifest.name] = realPath(plugin.folder) ?? plugin.folder
        findings.given.insert(manifest.name)
    }

    /// Two recipes of a run mean different plugins by one name.
    private func conflict(_ name: String, _ one: String, _ other: String, at range: SourceRange?) -> OpsError {
        OpsError(
            .invalid,
            "the plugin '\(name)' is two: in \(search.shown(one)) for one recipe, in \(search.shown(other)) for another",
            hint: "a run has one plugin of a name: take the same in both", at: range)
    }

    private func ofAnother(_ name: String) -> OpsError {
        OpsError(
            .invalid, "the plugin '\(name)' is named by another recipe of the run only, which is of others",
            hint: "name it under 'plugins' of the recipe that uses it too")
    }

    private func builtInName(_ name: String, _ folder: String) -> OpsError {
        OpsError(
            .invalid, "the plugin in \(search.shown(folder)) has the name of the built-in plugin '\(name)'",
            hint: "rename it: a built-in plugin cannot be replaced")
    }

    private func noteShadowed(_ name: String, by used: String, at range: SourceRange?, _ findings: inout Findings) {
        for other in search.candidates(named: name) where realPath(other.path) != realPath(used) {
            findings.hidden.append((name, other.place, other.path))
            findings.diagnostics.append(search.shadowing(name, used, other.path, at: range))
        }
    }

    private func keep(_ error: any Error, at range: SourceRange?, _ findings: inout Findings) {
        switch error {
        case let error as DiagnosticsError:
            findings.diagnostics += error.diagnostics.map { diagnostic in
                var diagnostic = diagnostic
                diagnostic.range = diagnostic.range ?? range
                return diagnostic
            }
        case let error as OpsError:
            findings.diagnostics.append(
                Diagnostic(code: error.code.description, error.message, hint: error.hint, at: error.location ?? range))
        default: findings.diagnostics.append(Diagnostic(code: "plugin", OpsError.text(of: error), at: range))
        }
    }
}

extension Plugin {
    /// A found plugin as the engine sees any other.
    init(_ plugin: FoundPlugin) {
        self.init(
            name: plugin.manifest.name, summary: plugin.manifest.summary,
            actions: plugin.manifest.actions.map { ExternalAction(plugin, $0) },
            secretProviders: plugin.manifest.schemes.map { ExternalProvider(plugin, scheme: $0) })
    }
}
