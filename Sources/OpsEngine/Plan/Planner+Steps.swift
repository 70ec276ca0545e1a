import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Planner {
    /// Plans a list of steps in order; each sees the outputs of those before it.
    mutating func planAll(
        _ steps: [Step], part: StepID.Part, task: PlannedTask?, scope: Scope, settled: inout SettledPaths
    ) async -> [PlannedStep] {
        guard !steps.isEmpty else { return [] }
        var scope = scope
        var planned: [PlannedStep] = []
        let products = task.flatMap { self.products(of: $0.definition, scope) }
        for (index, step) in steps.enumerated() {
            let id = StepID(task: task?.id, part: part, index: index)
            let next = await plan(step, id: id, task: task?.definition, scope: scope, settled: settled)
            if !next.decision.isSkipped { settled.add(next, produces: products, project: recipe.directory) }
            if let id = step.id { scope.steps[id] = Self.stepValue(next, id: id) }
            planned.append(next)
        }
        return planned
    }

    private mutating func plan(
        _ step: Step, id: StepID, task: Task?, scope: Scope, settled: SettledPaths
    ) async -> PlannedStep {
        var use = NameUse(vars: recipe.vars)
        use.add(step)
        for template in recipe.env.values { use.add(template) }
        if let task { for template in Array(task.env.values) + Array(task.files.values) { use.add(template) } }
        var decision = step.condition.map { decide($0, in: scope) } ?? .run
        if id.part == .onFailure, decision == .run { decision = .onFailure("a step before it fails") }
        var name = step.id
        if let template = step.name { name = collect { try scope.text(template, "name") } ?? name }
        let home = recipe.directory
        let directory = collect { try Self.folder([task?.dir, step.dir], scope, in: home) } ?? home
        var planned = PlannedStep(
            id: id, definition: step, decision: decision, name: name, summary: step.action.name,
            directory: directory,
            shell: (step.shell ?? task?.shell ?? recipe.defaults.shell)?.command ?? ["bash"],
            timeout: step.timeout ?? (id.part == .steps ? nil : CleanUp.bound),
            files: (task?.files ?? [:]).merging(step.files) { $1 }, effects: [],
            outputs: [:], secrets: use.secrets.map(scope.secretName).sorted())
        planned.grants = layers(of: task)
        guard let action = catalog.actions[step.action.name] else { return planned }
        planned.outputs = Self.declaredOutputs(action.declaration, step)
        guard !decision.isSkipped else { return planned }
        checkSecrets(use.secrets, of: step, planned.grants, scope)
        if let undo = step.undo {
            let id = StepID(task: id.task, part: .undo, index: id.index)
            let step = await plan(undo.step, id: id, task: task, scope: scope, settled: settled)
            planned.undo = PlannedUndo(step: step, through: undo.through)
        }
        do {
            let binding = try StepBinding(planned, task: task?.name ?? "", scope: scope, catalog: catalog)
            var context = PlanContext(
                directory: planned.directory, environment: binding.scope.knownEnvironment, step: binding.options,
                isOnline: request.isOnline, isSettled: { settled.isSettled($0) })
            if request.isOnline {
                context.sandboxes = planned.grants.map { $0.sandbox(own: [], environment: request.environment) }
            }
            let plan: ActionPlan
            do { plan = try await action.plan(binding.arguments, context) } catch let failure as ArgumentFailure {
                throw failure.located(in: binding.template, of: recipe)
            }
            if !binding.arguments.values.values.contains(where: \.containsUnknown) {
                let home = planned.grants.map { $0.inHome(of: request.environment) }
                try PermissionCheck(layers: home, directory: directory, recipeDirectory: recipe.directory)
                    .check(plan.effects, binding.arguments, action.declaration)
            }
            planned.effects = plan.effects.map { Self.relative($0, to: directory) }
            planned.summary = Self.summary(action.declaration.name, planned.effects)
            for (name, value) in plan.outputs { planned.outputs[name] = value }
        } catch {
            keep(error, at: step.action.nameRange)
        }
        return planned
    }

    /// An undo whose `through` the plan does not reach ends with its own task.
    mutating func warnOfMissingDisarmers(_ tasks: [PlannedTask]) {
        let names = Set(tasks.map(\.id.name))
        for task in tasks {
            for step in task.steps {
                guard let through = step.undo?.through.map({ units[task.unit].prefix + $0 }), !names.contains(through)
                else { continue }
                let diagnostic = Diagnostic(
                    .warning, code: "undo-through",
                    "'\(through)' is not in this plan: the undo of '\(task.id.name)' is disarmed when its own task succeeds",
                    hint: "run '\(through)' to keep it armed until then", at: step.definition.undo?.throughRange)
                if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
            }
        }
    }

    /// The folder that `dir` of a task, and then of its step, name; the recipe's own where they name none.
    func folder(_ templates: [Template?], _ scope: Scope) throws -> String {
        try Self.folder(templates, scope, in: recipe.directory)
    }

    private static func folder(_ templates: [Template?], _ scope: Scope, in home: String) throws -> String {
        var directory = home
        for template in templates {
            guard let template else { continue }
            let path = try scope.text(template, "dir")
            directory = path.hasPrefix("/") ? path : directory + "/" + path
        }
        return plainPath(directory)
    }

    /// The places that a task's `produces` names; nil where it has none or they are not known.
    private func products(of task: Task, _ scope: Scope) -> [String]? {
        guard let produces = task.produces, let directory = try? folder([task.dir], scope) else { return nil }
        return try? produces.map { Self.root(of: try scope.text($0, "produces"), in: directory) }
    }

    /// What stands below the step's folder is named from there.
    private static func relative(_ effect: Effect, to directory: String) -> Effect {
        guard effect.kind == .read || effect.kind == .write, effect.target.hasPrefix(directory + "/") else {
            return effect
        }
        var effect = effect
        effect.target.removeFirst(directory.count + 1)
        return effect
    }

    /// All the outputs that a step has, unknown.
    static func declaredOutputs(_ declaration: ActionDeclaration, _ step: Step) -> ValueMap {
        let source = "steps.\(step.id ?? declaration.name).outputs"
        var outputs: ValueMap = [:]
        for output in declaration.outputs {
            outputs[output.name] = .unknown(Unknown("\(source).\(output.name)", type: output.type))
        }
        switch step.returns {
        case .standardOutput(let name): outputs[name] = .unknown(Unknown("\(source).\(name)", type: .string))
        case .declared(let types):
            for (name, type) in types {
                outputs[name] =
                    type == .secret
                    ? .secret(Secret(planned: [name])) : .unknown(Unknown("\(source).\(name)", type: type))
            }
        case nil: break
        }
        return outputs
    }

    /// One line: a command is itself, another action its name and what it makes.
    private static func summary(_ action: String, _ effects: [Effect]) -> String {
        if action == "run", let command = effects.first(where: { $0.kind == .execute }) { return command.target }
        let main = effects.first { [.write, .publish, .request].contains($0.kind) } ?? effects.first
        return main.map { "\(action) \($0.target)" } ?? action
    }
}

/// What holds for `on-failure`, `finally` and other clean-up.
enum CleanUp {
    /// Each clean-up step's own limit, outside the run's (ops-recipe(5), "Clean-up").
    static let bound: Duration = .seconds(300)
}
