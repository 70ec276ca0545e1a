import Logging
package import OpsCore
package import OpsPlugin
package import OpsRecipe
import OpsSystem
import OrderedCollections

/// What to plan.
package struct PlanRequest: Sendable {
    package var tasks: [String]
    /// The inputs' values, bound and checked.
    package var inputs: ValueMap
    /// Arguments after `--`: they reach the one requested task.
    package var arguments: [String]
    /// The environment that ops was started with.
    package var environment: [String: String]
    /// Variables that are ops's own (options' twins): removed from every step's environment.
    package var ownVariables: Set<String>
    /// True where read-only requests are allowed.
    package var isOnline: Bool
    /// True where a run follows, which asks for `git.dirty` as well.
    package var isRun: Bool
    /// By the name of a requested task, the values of its own inputs.
    package var taskInputs: [String: ValueMap]
    /// Where the records of earlier runs are kept; nil where there is no such place.
    package var stateDirectory: String?
    /// True where tasks run although they are up to date.
    package var isForced: Bool
    /// Facts that are not asked again: an interrupted run may have changed them itself.
    package var recordedGit: ValueMap
    /// What the recipe must agree with.
    package var policy: Policy
    /// True where recipes without permissions are held to their own folders.
    package var isSandboxed: Bool

    package init(
        tasks: [String], inputs: ValueMap, taskInputs: [String: ValueMap] = [:], arguments: [String] = [],
        environment: [String: String], ownVariables: Set<String> = [], isOnline: Bool = false, isRun: Bool = false,
        stateDirectory: String? = nil, isForced: Bool = false, recordedGit: ValueMap = [:],
        policy: Policy = Policy(), isSandboxed: Bool = false
    ) {
        self.tasks = tasks
        self.inputs = inputs
        self.taskInputs = taskInputs
        self.arguments = arguments
        self.environment = environment
        self.ownVariables = ownVariables
        self.isOnline = isOnline
        self.isRun = isRun
        self.stateDirectory = stateDirectory
        self.isForced = isForced
        self.recordedGit = recordedGit
        self.policy = policy
        self.isSandboxed = isSandboxed
    }
}

/// Turns a recipe and a request into a plan. Starts no process (but git where an expression names `git.…`),
/// opens no socket and writes no file.
package struct Planner {
    /// The recipe that was asked for.
    let root: Recipe
    let catalog: PluginCatalog
    let request: PlanRequest
    /// The recipe whose tasks are being planned, and its place in `units`.
    private(set) var recipe: Recipe
    private(set) var unit = 0
    var diagnostics: [Diagnostic] = []
    /// Made when the first task asks whether it is up to date.
    var freshnessPlanning: FreshnessPlanning?

    var units: [PlanUnit] = []
    var drafts: [UnitDraft] = []
    /// What the tasks of each unit see.
    var scopes: [Scope] = []
    /// By folder.
    var askedFacts: [String: ValueMap] = [:]
    var secretOrigins: OrderedDictionary<String, SecretOrigin> = [:]
    var secrets: [String: PlannedSecret] = [:]
    var secretValues: [String: Value] = [:]
    var nodes: [TaskNode] = []
    var nodePlaces: [TaskNode.Key: Int] = [:]
    /// The nodes of the requested tasks.
    var requested: [Int] = []

    package init(recipe: Recipe, catalog: PluginCatalog, request: PlanRequest) {
        root = recipe
        self.recipe = recipe
        self.catalog = catalog
        self.request = request
    }

    /// The plan, or a `DiagnosticsError` with everything that is wrong with what was selected.
    package mutating func plan() async throws -> Plan {
        let names = try TaskGraph(recipe: root, requested: request.tasks).order
        try await makeUnits(for: names)
        try stopAtErrors()
        for unit in units.indices {
            enter(unit)
            scopes.append(baseScope(of: units[unit]))
        }
        let order = try expand()

        var tasks: [PlannedTask] = []
        var instances: [[Int]] = Array(repeating: [], count: nodes.count)
        var settled = SettledPaths(project: root.directory)
        for node in order {
            enter(nodes[node].unit)
            let planned = await plan(node, tasks: tasks, instances: instances, settled: &settled)
            instances[node] = Array(tasks.count..<tasks.count + planned.count)
            tasks += planned
        }
        enter(0)
        let scope = scopes[0]
        let onFailure = await planAll(root.onFailure, part: .onFailure, task: nil, scope: scope, settled: &settled)
        let finally = await planAll(root.finally, part: .finally, task: nil, scope: scope, settled: &settled)
        warnOfMissingDisarmers(tasks)
        let heartbeat = plannedHeartbeat(scope)
        try stopAtErrors()
        return Plan(
            units: units, requested: request.tasks, arguments: request.arguments, secrets: plannedSecrets, tasks: tasks,
            onFailure: onFailure, finally: finally, timeout: root.timeout, heartbeat: heartbeat, warnings: diagnostics,
            freshness: freshnessPlanning?.records)
    }

    private func stopAtErrors() throws {
        guard diagnostics.contains(where: { $0.severity == .error }) else { return }
        throw DiagnosticsError(diagnostics.sorted(by: Diagnostic.inReadingOrder))
    }

    /// Goes on with the tasks of another unit.
    private mutating func enter(_ unit: Int) {
        guard unit != self.unit else { return }
        self.unit = unit
        recipe = units[unit].recipe
    }

    private mutating func baseScope(of unit: PlanUnit) -> Scope {
        var scope = Scope(
            inputs: unit.inputs, vars: unit.recipe.vars, git: unit.git, host: Scope.hostFacts,
            recipeDirectory: unit.recipe.folder, secrets: secretValues, environment: unit.environment.variables)
        scope.secretNames = unit.secretNames
        scope.withheld = unit.environment.withheld
        collect { try scope.extend(with: unit.recipe.env) }
        return scope
    }

    /// Runs `body`, keeping what it throws as diagnostics; nil where it threw.
    mutating func collect<Result>(_ body: () throws -> Result) -> Result? {
        do { return try body() } catch { keep(error) }
        return nil
    }

    mutating func keep(_ error: any Error, at range: SourceRange? = nil) {
        switch error {
        case let error as DiagnosticsError:
            // The same fault is met once for each instance of a matrix.
            for diagnostic in error.diagnostics where !diagnostics.contains(diagnostic) {
                diagnostics.append(diagnostic)
            }
        case let error as OpsError:
            let diagnostic = Diagnostic(
                code: error.code.description, error.message, hint: error.hint, at: error.location ?? range)
            if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
        default: diagnostics.append(Diagnostic(code: "plan", OpsError.text(of: error), at: range))
        }
    }
}
