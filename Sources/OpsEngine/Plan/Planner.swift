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
    /// Facts that are not asked again: an interrupted run may have changed them itself.
    package var recordedGit: ValueMap

    package init(
        tasks: [String], inputs: ValueMap, arguments: [String] = [], environment: [String: String],
        ownVariables: Set<String> = [], isOnline: Bool = false, isRun: Bool = false, recordedGit: ValueMap = [:]
    ) {
        self.tasks = tasks
        self.inputs = inputs
        self.arguments = arguments
        self.environment = environment
        self.ownVariables = ownVariables
        self.isOnline = isOnline
        self.isRun = isRun
        self.recordedGit = recordedGit
    }
}

/// Turns a recipe and a request into a plan. Starts no process (but git where an expression names `git.…`),
/// opens no socket and writes no file.
package struct Planner {
    let recipe: Recipe
    let catalog: PluginCatalog
    let request: PlanRequest
    var diagnostics: [Diagnostic] = []

    package init(recipe: Recipe, catalog: PluginCatalog, request: PlanRequest) {
        self.recipe = recipe
        self.catalog = catalog
        self.request = request
    }

    /// The plan, or a `DiagnosticsError` with everything that is wrong with what was selected.
    package mutating func plan() async throws -> Plan {
        let graph = try TaskGraph(recipe: recipe, requested: request.tasks)
        refuseWhatIsNotRunYet(graph.order)
        let use = nameUse(of: graph.order)
        let base = try baseEnvironment()
        let git = try await GitFacts.ask(
            use.git, in: recipe.directory, environment: request.environment,
            asksDirty: request.isOnline || request.isRun, recorded: request.recordedGit)
        let secrets = plannedSecrets(use.secrets)
        var scope = Scope(
            inputs: request.inputs, vars: recipe.vars, git: git, host: Scope.hostFacts,
            recipeDirectory: recipe.directory, secrets: Self.values(of: secrets), environment: base.variables)
        let env = recipe.env
        collect { try scope.extend(with: env) }

        var tasks: [PlannedTask] = []
        var instances: [String: [Int]] = [:]
        var settled = SettledPaths(project: recipe.directory)
        for name in graph.order {
            guard let task = recipe.tasks[name] else { continue }
            let planned = await plan(task, scope: scope, tasks: tasks, instances: instances, settled: &settled)
            instances[name] = Array(tasks.count..<tasks.count + planned.count)
            tasks += planned
        }
        let onFailure = await planAll(recipe.onFailure, part: .onFailure, task: nil, scope: scope, settled: &settled)
        let finally = await planAll(recipe.finally, part: .finally, task: nil, scope: scope, settled: &settled)
        warnOfMissingDisarmers(tasks)
        let errors = diagnostics.filter { $0.severity == .error }
        guard errors.isEmpty else { throw DiagnosticsError(diagnostics.sorted(by: Diagnostic.inReadingOrder)) }
        return Plan(
            units: [PlanUnit(recipe: recipe, prefix: "", inputs: request.inputs, git: git, environment: base)],
            requested: request.tasks, arguments: request.arguments, secrets: secrets, tasks: tasks,
            onFailure: onFailure, finally: finally, timeout: recipe.timeout, warnings: diagnostics)
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

    private mutating func refuseWhatIsNotRunYet(_ order: [String]) {
        var found = recipe.notRunYet
        for name in order {
            guard let task = recipe.tasks[name] else { continue }
            found += task.notRunYet
            for step in task.steps + task.onFailure + task.finally { found += step.notRunYet }
        }
        for step in recipe.onFailure + recipe.finally { found += step.notRunYet }
        for item in found {
            diagnostics.append(
                Diagnostic(
                    code: "not-run-yet", "'\(item.key)' is part of the language, but this version does not run it",
                    hint: "take it away, or run a task that does not use it", at: item.range))
        }
    }

    private func nameUse(of order: [String]) -> NameUse {
        var use = NameUse(vars: recipe.vars)
        for name in order { if let task = recipe.tasks[name] { use.add(task) } }
        for template in recipe.env.values { use.add(template) }
        for template in recipe.dotenv { use.add(template) }
        for step in recipe.onFailure + recipe.finally { use.add(step) }
        return use
    }

    private func plannedSecrets(_ names: Set<String>) -> [PlannedSecret] {
        let context = SecretContext(
            directory: recipe.directory, environment: request.environment, logger: .init(label: "ops.secrets"))
        return recipe.secrets.filter { names.contains($0.key) }.map { name, declaration in
            var presence = SecretPresence.missing
            for (reference, _) in declaration.from {
                let here = catalog.providers[reference.scheme]?.presence(of: reference, context) ?? .unknown
                if here == .missing { continue }
                presence = here
                break
            }
            return PlannedSecret(
                name: name, references: declaration.from.map(\.reference), isOptional: declaration.isOptional,
                presence: presence, range: declaration.range)
        }
    }

    /// What expressions see of secrets in a plan: a named secret, null where it is certainly missing, unknown
    /// where an optional one may be.
    private static func values(of secrets: [PlannedSecret]) -> [String: Value] {
        var values: [String: Value] = [:]
        for secret in secrets {
            switch (secret.isOptional, secret.presence) {
            case (true, .missing): values[secret.name] = .null
            case (true, .unknown):
                values[secret.name] = .unknown(Unknown("secrets.\(secret.name)", type: .optional(.secret)))
            default: values[secret.name] = .secret(Secret(planned: [secret.name]))
            }
        }
        return values
    }
}
