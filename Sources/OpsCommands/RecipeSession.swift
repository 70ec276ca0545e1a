import ArchivePlugin
import ContainerPlugin
import HTTPPlugin
import NotifyPlugin
import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import OpsSharing
import OpsSystem
import OpsYAML
import OrderedCollections
import SecretsPlugin
import ShellPlugin

/// A loaded recipe with all that a command needs to plan it.
struct RecipeSession {
    let context: CommandContext
    var catalog: PluginCatalog
    let loaded: LoadedRecipe
    /// What the machine and the project allow.
    let policy: Policy
    /// Where ops works: the caller's folder, or that of `-C`.
    let directory: String

    var recipe: Recipe { loaded.recipe }

    /// The built-in plugins. The one place that knows them.
    static func builtIn() throws(OpsError) -> PluginCatalog {
        try PluginCatalog([
            ShellPlugin.plugin, ArchivePlugin.plugin, ContainerPlugin.plugin, HTTPPlugin.plugin, NotifyPlugin.plugin,
            SecretsPlugin.plugin,
        ])
    }

    /// Finds and loads the recipe. Throws: an `OpsError`, or a `DiagnosticsError` with all that is wrong.
    init(file: String?, directory: String?, context: CommandContext, depth: RecipeDepth = .checked) throws {
        let (path, context) = try Self.locate(file: file, directory: directory, context: context)
        self.context = context
        self.directory = context.directory
        policy = try Self.policy(for: path, context, depth)
        let locked = Self.locked(path, file: file, directory: directory, context, policy)
        loaded = try RecipeLoader.load(
            file: path, directory: context.directory, catalog: try Self.builtIn(),
            plugins: InstalledPlugins(recipe: path, context: context, locked: locked), depth: depth, policy: policy,
            remote: locked)
        catalog = loaded.catalog
    }

    /// What the recipe includes from others, as far as a policy allows it.
    static func locked(
        _ path: String, file: String?, directory: String?, _ context: CommandContext, _ policy: Policy = Policy()
    ) -> LockedRecipes {
        LockedRecipes(
            recipe: path.hasPrefix("/") ? path : context.directory + "/" + path, name: path,
            environment: context.environment, command: LockSession.command(file: file, directory: directory),
            policy: policy)
    }

    /// A list of tasks asks no policy: nothing is run. Throws: a `DiagnosticsError` with all that is wrong in one.
    private static func policy(
        for path: String, _ context: CommandContext, _ depth: RecipeDepth
    ) throws(DiagnosticsError) -> Policy {
        guard depth > .outline else { return Policy() }
        let file = path.hasPrefix("/") ? path : context.directory + "/" + path
        return try PolicyLoader.load(
            for: RecipeLoader.folder(of: file), directory: context.directory, environment: context.environment)
    }

    /// The recipe's path as messages name it, and the context with the folder that `-C` names.
    ///
    /// Throws: an `OpsError` where there is no such folder or no recipe.
    static func locate(
        file: String?, directory: String?, context: CommandContext
    ) throws(OpsError) -> (path: String, context: CommandContext) {
        var context = context
        let named = context.value(directory, twin: RunOption.directory.twin)
        if let named {
            context.directory = named.hasPrefix("/") ? named : context.directory + "/" + named
            guard FileStatus.find(context.directory)?.kind == .folder else {
                throw OpsError(.invalid, "there is no folder \(named)", hint: "-C takes an existing folder")
            }
        }
        guard !context.directory.isEmpty else {
            throw OpsError(
                .notFound, "the folder that ops was called in is gone", hint: "go to a folder that exists, or use -C")
        }
        if let file = context.value(file, twin: RunOption.file.twin) { return (file, context) }
        guard let found = try RecipeLocator.find(from: context.directory) else {
            throw OpsError(
                .invalid, "there is no recipe here: no ops.yaml, ops.yml or .ops.yaml in \(context.directory) or above",
                hint: "'ops init' writes one; -f names another")
        }
        let isBelow = found.hasPrefix(context.directory + "/")
        return (isBelow ? String(found.dropFirst(context.directory.count + 1)) : found, context)
    }

    /// The tasks and inputs among the words of a command line: a word with `=` is an input.
    static func split(_ words: [String]) -> (tasks: [String], inputs: [(key: String, value: String)]) {
        var tasks: [String] = []
        var inputs: [(key: String, value: String)] = []
        for word in words {
            if let equals = word.firstIndex(of: "=") {
                inputs.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
            } else {
                tasks.append(word)
            }
        }
        return (tasks, inputs)
    }

    /// Binds inputs and plans. `recordedGit` are facts of an earlier part of the run, taken as they were.
    ///
    /// Throws: a `DiagnosticsError` with all that is wrong.
    func plan(_ request: RecordedRequest, recordedGit: ValueMap = [:]) async throws -> Plan {
        let (tasks, arguments) = (request.tasks, request.arguments)
        if !arguments.isEmpty, tasks.count != 1 {
            throw OpsError(.usage, "arguments behind -- need exactly one task", hint: "name one task")
        }
        // An unknown task is a better first message than its missing inputs.
        if let unknown = tasks.first(where: { !recipe.hasTask($0) }) {
            throw UnknownName.task(unknown, in: recipe, catalog: catalog)
        }
        let bound = try bind(request)
        var planner = Planner(
            recipe: recipe, catalog: catalog,
            request: PlanRequest(
                tasks: tasks, inputs: bound.recipe, taskInputs: bound.tasks, arguments: arguments,
                environment: context.environment,
                ownVariables: Set(RunOption.allCases.map(\.twin) + SecretsPlugin.ownVariables),
                isOnline: request.isOnline, isRun: request.isRun,
                stateDirectory: try? StateDirectory(environment: context.environment).path,
                isForced: request.isForced, recordedGit: recordedGit, policy: policy,
                isSandboxed: request.isSandboxed))
        return try await planner.plan()
    }

    /// Gives the recipe's inputs and those of the named tasks their values. Throws: a `DiagnosticsError` with all that
    /// is wrong.
    private func bind(_ request: RecordedRequest) throws -> (recipe: ValueMap, tasks: [String: ValueMap]) {
        let (tasks, inputs, file) = (request.tasks, request.inputs, request.inputsFileValues)
        let own = tasks.map { (name: $0, place: recipe.place(of: $0)) }.filter {
            $0.place?.task.inputs.isEmpty == false
        }
        guard !recipe.inputs.isEmpty || !own.isEmpty || !inputs.isEmpty || file != nil else { return ([:], [:]) }
        var used: Set<String> = []
        if let order = try? TaskSelection.reached(by: tasks, in: recipe) { used = recipe.usedInputs(by: order) }
        let given = GivenInputs(
            commandLine: inputs, file: file, environment: request.environment(context.environment),
            callerDirectory: directory,
            otherNames: OrderedSet(own.flatMap { $0.place.map { Array($0.task.inputs.keys) } ?? [] }))
        var result: (recipe: ValueMap, tasks: [String: ValueMap]) = ([:], [:])
        var problems: [Diagnostic] = []
        func collect(_ body: () throws(DiagnosticsError) -> ValueMap) -> ValueMap {
            do { return try body() } catch {
                problems += error.diagnostics.filter { !problems.contains($0) }
                return [:]
            }
        }
        result.recipe = collect { () throws(DiagnosticsError) in
            try InputBinder.bind(recipe.inputs, used: used, given)
        }.filter { used.contains($0.key) }
        for (name, place) in own {
            guard let place else { continue }
            var given = given
            given.otherNames.formUnion(recipe.inputs.keys)
            result.tasks[name] = collect { () throws(DiagnosticsError) in
                try InputBinder.bind(place.task.inputs, used: place.recipe.ownInputs(usedBy: place.task), given)
            }
        }
        guard problems.isEmpty else { throw DiagnosticsError(problems) }
        return result
    }
}

/// `--inputs FILE`.
enum InputsFile {
    /// Throws: an `OpsError` or `DiagnosticsError` where it cannot be read or is not a map.
    static func read(_ name: String, directory: String) throws -> ValueMap {
        let path = name.hasPrefix("/") ? name : directory + "/" + name
        let node = try YAML.parse(try readFile(path, limit: 8 << 20), file: name)
        guard case .map(let values) = value(of: node) else {
            throw OpsError(
                .invalid, "\(name) does not hold a map of inputs", hint: "write name: value lines", at: node.range)
        }
        return values
    }

    private static func value(of node: Node) -> Value {
        switch node.content {
        case .scalar(let scalar): return scalar.value
        case .sequence(let items): return .list(items.map(value))
        case .mapping(let entries):
            var map: ValueMap = [:]
            for entry in entries { map[entry.key] = value(of: entry.value) }
            return .map(map)
        }
    }
}
