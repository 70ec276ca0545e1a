import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

extension Planner {
    /// The instances of a task, planned one behind the other.
    ///
    /// - Parameter instances: by node, the places in `tasks` of what has been planned.
    mutating func plan(
        _ index: Int, tasks: [PlannedTask], instances: [[Int]], settled: inout SettledPaths
    ) async -> [PlannedTask] {
        let node = nodes[index]
        let task = node.task
        var scope = scope(of: node)
        let isRequested = requested == [index]
        scope.arguments = isRequested ? request.arguments : []
        var used = node.inputs
        if !used.isEmpty {
            let names = recipe.ownInputs(usedBy: task)
            used = used.filter { names.contains($0.key) }
            scope.environment.give(used)
        }
        let needs = needs(of: node, instances, row: 0)
        give(needs, of: node, tasks, &scope)
        var rows: [ValueMap] = node.rows ?? [[:]]
        if let matrix = task.matrix, node.rows == nil {
            guard let expanded = collect({ try MatrixExpansion.instances(of: matrix, in: scope) }) else { return [] }
            rows = expanded
        }
        var planned: [PlannedTask] = []
        for (number, row) in rows.enumerated() {
            let label = task.matrix == nil ? nil : MatrixExpansion.label(of: row)
            var mine = needs
            if node.rows != nil, number > 0 {
                mine = self.needs(of: node, instances, row: number)
                give(mine, of: node, tasks, &scope)
            }
            var instance = await planInstance(
                task, id: id(of: index, instance: label), row: row, needs: mine, scope: scope, settled: &settled)
            instance.inputs = used
            instance.takesArguments = isRequested
            planned.append(instance)
        }
        return planned
    }

    /// The instances behind each need, for one row of the matrix.
    private func needs(of node: TaskNode, _ instances: [[Int]], row: Int) -> [(alias: String, instances: [Int])] {
        zip(node.task.needs, node.needs).map { need, nodes in
            let place = nodes.count > 1 ? row : 0
            return (need.alias, place < nodes.count ? instances[nodes[place]] : [])
        }
    }

    private func give(
        _ needs: [(alias: String, instances: [Int])], of node: TaskNode, _ tasks: [PlannedTask], _ scope: inout Scope
    ) {
        let usesStatus = node.task.condition.map { $0.usesFailureStatus } ?? false
        for ((alias, places), nodes) in zip(needs, node.needs) {
            let isMatrix = nodes.first.map { self.nodes[$0].task.matrix != nil } ?? false
            scope.needs[alias] =
                NeedValue(
                    instances: places.map { tasks[$0].needValue(isCertain: !usesStatus) }, isMatrix: isMatrix
                ).value
        }
    }

    private mutating func planInstance(
        _ task: Task, id: TaskID, row: ValueMap, needs: [(alias: String, instances: [Int])], scope: Scope,
        settled: inout SettledPaths
    ) async -> PlannedTask {
        var scope = scope
        scope.matrix = row
        scope.statuses = .planning
        let decision = task.condition.map { decide($0, in: scope) } ?? .run
        scope.statuses = nil
        var planned = PlannedTask(
            id: id, unit: unit, definition: task, matrix: row, needs: needs, decision: decision, steps: [],
            onFailure: [],
            finally: [], confirm: nil, timeout: task.timeout ?? recipe.defaults.timeout, outputs: [:])
        planned.grants = layers(of: task)
        if task.permissions != nil {
            planned.hiddenVariables = hidden(by: planned.grants)
            scope.withhold(planned.hiddenVariables)
        }
        guard !decision.isSkipped else {
            planned.outputs = nullOutputs(of: task)
            return planned
        }
        collect { try scope.extend(with: task.env) }
        if await decideFreshness(&planned, scope, settled, hasSteps: false) { return planned }
        var written = settled
        if let confirm = task.confirm { planned.confirm = collect { try scope.text(confirm, "confirm") } }
        if let name = task.exclusive { planned.exclusive = collect { try scope.text(name, "exclusive") } }
        planned.steps = await planAll(task.steps, part: .steps, task: planned, scope: scope, settled: &written)
        if await decideFreshness(&planned, scope, settled, hasSteps: true) { return planned }
        settled = written
        if task.hasOwnAction {
            planned.outputs = planned.steps.first?.outputs ?? [:]
        } else {
            var names = scope
            names.steps = Self.stepValues(planned.steps)
            for (name, template) in task.outputs {
                planned.outputs[name] = collect { try template.evaluate(in: names) } ?? .null
            }
        }
        guard !task.onFailure.isEmpty || !task.finally.isEmpty else { return planned }
        var cleanUp = scope
        cleanUp.steps = Self.stepValues(planned.steps, isCertain: false)
        planned.onFailure = await planAll(
            task.onFailure, part: .onFailure, task: planned, scope: cleanUp, settled: &settled)
        planned.finally = await planAll(task.finally, part: .finally, task: planned, scope: cleanUp, settled: &settled)
        return planned
    }

    /// Outputs of what does not run are null.
    private func nullOutputs(of task: Task) -> ValueMap {
        guard task.hasOwnAction, let step = task.steps.first, let action = catalog.actions[step.action.name] else {
            return task.outputs.mapValues { _ in .null }
        }
        return Self.declaredOutputs(action.declaration, step).mapValues { _ in .null }
    }

    /// What a condition comes to before the run.
    mutating func decide(_ condition: Condition, in scope: Scope) -> Decision {
        guard let value = collect({ try condition.evaluate(in: scope) }) else { return .run }
        switch value {
        case .boolean(true): return .run
        case .boolean(false): return .skipped(reason: "\(condition.text) is false\(why(condition, in: scope))")
        case .unknown: return condition.usesFailureStatus ? .onFailure(condition.text) : .undecided(condition.text)
        default: return .run
        }
    }

    /// Why a condition on a secret or an input is false, where that is simple to say: `SLACK_WEBHOOK is not set`.
    private func why(_ condition: Condition, in scope: Scope) -> String {
        var reasons: [String] = []
        for path in condition.expression.references where path.count == 2 {
            switch path[0] {
            case "secrets" where scope.secret(path[1])?.isNull == true:
                let sources = secrets[scope.secretName(path[1])]?.references.map(\.description) ?? []
                reasons.append("nothing at \(sources.joined(separator: ", "))")
            case "inputs" where scope.inputs[path[1]]?.isNull == true: reasons.append("\(path[1])=… is not given")
            default: break
            }
        }
        return reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")
    }

    /// What `steps.ID` gives; where it is not certain that a step runs, its outputs are unknown.
    static func stepValues(_ steps: [PlannedStep], isCertain: Bool = true) -> [String: Value] {
        var values: [String: Value] = [:]
        for step in steps {
            guard let id = step.definition.id else { continue }
            values[id] = stepValue(step, id: id, isCertain: isCertain)
        }
        return values
    }

    static func stepValue(_ step: PlannedStep, id: String, isCertain: Bool = true) -> Value {
        if step.decision.isSkipped {
            return .map(["outputs": .map(step.outputs.mapValues { _ in .null }), "result": .string("skipped")])
        }
        let sure = isCertain && step.decision == .run && !step.definition.continueOnError
        let outputs = sure ? step.outputs : step.outputs.unsure("steps.\(id).outputs")
        return .map(["outputs": .map(outputs), "result": .unknown(Unknown("steps.\(id).result", type: .string))])
    }
}

extension PlannedTask {
    func needValue(isCertain: Bool) -> (outputs: ValueMap, result: Value, matrix: ValueMap) {
        if decision.isSkipped {
            return (outputs, .string("skipped"), matrix)
        }
        if decision == .upToDate { return (outputs, .string("succeeded"), matrix) }
        let sure = isCertain && decision == .run && !definition.continueOnError
        return (
            sure ? outputs : outputs.unsure("needs.\(id.name).outputs"),
            .unknown(Unknown("needs.\(id.name).result", type: .string)), matrix
        )
    }
}

extension ValueMap {
    /// The same names with unknown values: they may be null.
    func unsure(_ source: String) -> ValueMap {
        var result: ValueMap = [:]
        for (name, value) in self {
            result[name] = value.containsSecret ? value : .unknown(Unknown("\(source).\(name)", type: value.type))
        }
        return result
    }
}

extension Condition {
    /// True where it names `failure()` or `always()`: such a task starts although something failed.
    var usesFailureStatus: Bool { expression.root.calls("failure") || expression.root.calls("always") }

    var usesAnyStatus: Bool { usesFailureStatus || expression.root.calls("success") }
}

extension Expression.Term {
    func calls(_ function: String) -> Bool {
        switch kind {
        case .literal, .reference: false
        case .call(let name, let arguments): name == function || arguments.contains { $0.calls(function) }
        case .list(let items): items.contains { $0.calls(function) }
        case .not(let term), .negate(let term): term.calls(function)
        case .index(let left, let right), .binary(_, let left, let right):
            left.calls(function) || right.calls(function)
        }
    }
}
