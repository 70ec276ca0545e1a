import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

/// What the planner needs to tell which tasks are up to date; made when the first task asks.
final class FreshnessPlanning {
    var records: FreshnessRecords
    let programs: ProgramPaths
    private var definitions: [String: TaskDefinition] = [:]

    init(recipe: Recipe, state: String, searchPath: String) {
        let file = recipe.directory + "/" + (recipe.file.split(separator: "/").last.map(String.init) ?? "")
        records = FreshnessRecords(FreshnessLog(FreshnessLog.path(of: file, in: state)))
        programs = ProgramPaths(searchPath: searchPath)
    }

    /// - Parameter unit: the place of the recipe in the plan: one file may be two, with other secrets.
    func definition(of task: Task, in recipe: Recipe, unit: Int, _ catalog: PluginCatalog) -> TaskDefinition {
        let key = "\(unit)\0\(task.name)"
        if let known = definitions[key] { return known }
        let made = TaskDefinition(task, in: recipe, catalog: catalog, programs: programs)
        definitions[key] = made
        return made
    }
}

extension Planner {
    /// Decides whether the task is up to date; true where it is, and nothing of it needs to be planned further.
    ///
    /// - Parameter hasSteps: false before its steps are planned. What a task of plugin actions reads and writes is known
    ///   only then.
    mutating func decideFreshness(
        _ planned: inout PlannedTask, _ scope: Scope, _ settled: SettledPaths, hasSteps: Bool
    ) async -> Bool {
        let task = planned.definition
        guard !task.steps.isEmpty, let state = request.stateDirectory else { return false }
        let isDeclared = task.sources != nil || task.produces != nil
        let isOfPlugins = task.steps.allSatisfy { $0.action.name != "run" }
        let needsSteps = isOfPlugins && (task.sources == nil || task.produces == nil)
        guard isDeclared || isOfPlugins, needsSteps == hasSteps else { return false }
        do {
            guard let freshness = try await freshness(of: planned, scope, settled, state) else { return false }
            planned.freshness = freshness.planned
            guard planned.decision == .run else { return false }
            switch freshness.planned.state {
            case .stale, .forced: return false
            case .undecided(let text):
                planned.decision = .undecided(text)
                return false
            case .upToDate:
                planned.decision = .upToDate
                planned.outputs = freshness.outputs
                planned.steps = []
                return true
            }
        } catch {
            keep(error, at: task.sources?.first?.range ?? task.produces?.first?.range ?? task.nameRange)
            return false
        }
    }

    private mutating func freshness(
        of planned: PlannedTask, _ scope: Scope, _ settled: SettledPaths, _ state: String
    ) async throws -> (planned: PlannedFreshness, outputs: ValueMap)? {
        let tables =
            freshnessPlanning
            ?? FreshnessPlanning(
                recipe: root, state: state,
                searchPath: scope.environment["PATH"] ?? ExecutablePath.defaultSearchPath)
        freshnessPlanning = tables
        let task = planned.definition
        let definition = tables.definition(of: task, in: recipe, unit: planned.unit, catalog)
        let key = planned.id.description
        let directory = task.dir == nil ? recipe.directory : try folder([task.dir], scope)
        let values = try definition.values(in: scope)
        if planned.decision == .run, !request.isForced, definition.obstacle == nil, values.obstacle == nil,
            values.unknown == nil,
            let outputs = tables.records.log.provenOutputs(of: key, definition.digest, values.bytes, in: directory),
            // A proof by files that a task before may still write is none.
            isSettled(planned, key, directory, tables, settled)
        {
            let proven = PlannedFreshness(
                .upToDate, key: key, definition: definition, directory: directory, sources: nil, products: nil)
            return (proven, outputs)
        }
        guard let (sources, products) = try patterns(of: planned, scope, definition, values, in: directory)
        else { return nil }
        func result(_ state: PlannedFreshness.State, refreshed: FreshnessRecord? = nil) -> PlannedFreshness {
            PlannedFreshness(
                state, key: key, definition: definition, directory: directory, sources: sources, products: products,
                areSourcesDefaulted: task.sources == nil, areProductsDefaulted: task.produces == nil,
                refreshed: refreshed)
        }
        if let obstacle = definition.obstacle ?? values.obstacle { return (result(.stale(reason: obstacle)), [:]) }
        if request.isForced { return (result(.forced), [:]) }
        let open = (sources ?? []) + (products ?? [])
        let unsettled = open.first { !settled.isSettled(Self.root(of: $0, in: directory)) }
        let check = result(.upToDate).check(values.facts, tables.records.digests)
        if values.unknown != nil, tables.records.log.record(of: key) == nil {
            return (result(.stale(reason: FreshnessCheck.unrecorded)), [:])
        }
        if let unknown = values.unknown { return (result(.undecided("\(unknown) changes")), [:]) }
        switch try await check.verdict(tables.records.log, isSettled: unsettled == nil) {
        case .upToDate(let outputs, let refreshed): return (result(.upToDate, refreshed: refreshed), outputs)
        case .stale(let reason): return (result(.stale(reason: reason)), [:])
        case nil: return (result(.undecided("a task before it changes \(unsettled ?? "its files")")), [:])
        }
    }

    private func isSettled(
        _ planned: PlannedTask, _ key: String, _ directory: String, _ tables: FreshnessPlanning, _ settled: SettledPaths
    ) -> Bool {
        if settled.isEmpty { return true }
        guard let record = tables.records.log.record(of: key) else { return false }
        return ((record.sources ?? []) + (record.products ?? [])).allSatisfy {
            settled.isSettled($0.path.hasPrefix("/") ? $0.path : directory + "/" + $0.path)
        }
    }

    /// The patterns of `sources` and `produces`: the task's own, or in a task of plugin actions what these read and write.
    /// Nil where such a task does something else as well, or where that is not known when planned.
    private func patterns(
        of planned: PlannedTask, _ scope: Scope, _ definition: TaskDefinition, _ values: TaskDefinition.Values,
        in directory: String
    ) throws -> (sources: [String]?, products: [String]?)? {
        let task = planned.definition
        var sources = try task.sources?.map { try scope.text($0, "sources") }
        var products = try task.produces?.map { try scope.text($0, "produces") }
        guard definition.isOfPlugins, sources == nil || products == nil else { return (sources, products) }
        guard !definition.usesSteps, values.unknown == nil,
            let effects = Self.files(planned.steps, in: directory),
            sources != nil || products != nil || !effects.written.isEmpty
        else { return sources == nil && products == nil ? nil : (sources, products) }
        sources = sources ?? effects.read
        products = products ?? effects.written
        return (sources, products)
    }

    /// What steps read and write, from the task's folder where it is below that; nil where they also do something that leaves no file behind.
    private static func files(_ steps: [PlannedStep], in directory: String) -> (read: [String], written: [String])? {
        var files: (read: [String], written: [String]) = ([], [])
        for step in steps {
            guard step.decision == .run else { return nil }
            for effect in step.effects {
                var path = effect.target.hasPrefix("/") ? effect.target : step.directory + "/" + effect.target
                if path.hasPrefix(directory + "/") { path = String(path.dropFirst(directory.count + 1)) }
                switch effect.kind {
                case .read: files.read.append(path)
                case .write: files.written.append(Glob.literal(path))
                case .execute, .fetch, .request, .publish: return nil
                }
            }
        }
        // What one step writes and another reads is neither here nor there.
        files.read.removeAll { files.written.contains($0) }
        return files
    }

    /// The folder or file that a pattern cannot match outside of.
    static func root(of pattern: String, in directory: String) -> String {
        let folder = Glob.isPattern(pattern) ? Glob.folder(of: pattern) : pattern
        return plainPath(folder.hasPrefix("/") ? folder : directory + "/" + folder)
    }
}
