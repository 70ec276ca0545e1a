import OpsCore
import OpsRecipe
import OrderedCollections

extension Planner {
    /// Makes a node of each task that the request reaches with each set of values that it is given, and puts them in
    /// an order in which each stands behind all it needs.
    mutating func expand() throws -> [Int] {
        var walk = DepthFirstOrder<Int>()
        for name in request.tasks {
            guard let (unit, task) = locate(name, from: 0) else { continue }
            let root = node(task, in: unit, inputs: Self.withDefaults(request.taskInputs[name] ?? [:], task))
            requested.append(root)
            try walk.add(root) {
                try self.needs(of: $0)
            } cycle: { path, _ in
                let names = path.map { self.id(of: $0).description }
                return DiagnosticsError([
                    Diagnostic(code: "cycle", "tasks need each other: \(names.joined(separator: " → "))")
                ])
            }
        }
        return walk.order
    }

    /// The task behind a name as the recipe of a unit has it, and the unit that it stands in.
    private func locate(_ name: String, from unit: Int) -> (unit: Int, task: Task)? {
        guard let (prefix, local) = Recipe.split(name) else { return units[unit].recipe.tasks[name].map { (unit, $0) } }
        var unit = unit
        for alias in prefix.split(separator: ":") {
            guard let next = drafts[unit].children[String(alias)] else { return nil }
            unit = next
        }
        return units[unit].recipe.tasks[local].map { (unit, $0) }
    }

    private mutating func node(_ task: Task, in unit: Int, inputs: ValueMap) -> Int {
        let label = task.inputs.isEmpty ? nil : TaskNode.label(of: inputs, declared: task.inputs)
        let node = TaskNode(unit: unit, task: task, inputs: inputs, label: label)
        if let known = nodePlaces[node.key] { return known }
        nodePlaces[node.key] = nodes.count
        nodes.append(node)
        return nodes.count - 1
    }

    /// The nodes that a node needs; called once of each.
    private mutating func needs(of index: Int) throws(DiagnosticsError) -> [Int] {
        let node = nodes[index]
        guard !node.task.needs.isEmpty else { return [] }
        if node.task.needs.contains(where: { need in need.with.values.contains { $0.names("matrix") } }) {
            nodes[index].rows = rows(of: node)
        }
        var all: [Int] = []
        for need in node.task.needs {
            let found = needed(need, by: node, rows: nodes[index].rows, isOnlyRequest: requested == [index])
            nodes[index].needs.append(found)
            all += found
        }
        return all
    }

    private mutating func needed(_ need: Need, by node: TaskNode, rows: [ValueMap]?, isOnlyRequest: Bool) -> [Int] {
        guard let (unit, task) = locate(need.task, from: node.unit) else { return [] }
        if task.inputs.isEmpty { return [self.node(task, in: unit, inputs: [:])] }
        var scope = scope(of: node)
        if isOnlyRequest { scope.arguments = request.arguments }
        guard let rows, need.with.values.contains(where: { $0.names("matrix") }) else {
            return given(need, task, unit, scope, from: node.unit).map { [$0] } ?? []
        }
        return rows.compactMap { row in
            scope.matrix = row
            return given(need, task, unit, scope, from: node.unit)
        }
    }

    private mutating func given(_ need: Need, _ task: Task, _ unit: Int, _ scope: Scope, from giver: Int) -> Int? {
        let directory = unit == giver ? nil : units[giver].recipe.directory
        let bound = collect {
            try InputBinder.bind(
                task.inputs, given: scope.given(need.with), to: "task '\(need.task)'",
                directory: directory)
        }
        return bound.map { node(task, in: unit, inputs: $0) }
    }

    private mutating func rows(of node: TaskNode) -> [ValueMap]? {
        guard let matrix = node.task.matrix else { return nil }
        let scope = scope(of: node)
        return collect { try MatrixExpansion.instances(of: matrix, in: scope) }
    }

    private static func withDefaults(_ values: ValueMap, _ task: Task) -> ValueMap {
        var result: ValueMap = [:]
        for (name, input) in task.inputs { result[name] = values[name] ?? input.defaultValue }
        return result
    }

    func id(of node: Int, instance: String? = nil) -> TaskID {
        let node = nodes[node]
        return TaskID(name: units[node.unit].prefix + node.task.name, inputs: node.label, instance: instance)
    }

    /// What the expressions of a task see before its needs.
    func scope(of node: TaskNode) -> Scope {
        var scope = scopes[node.unit]
        scope.inputs.merge(node.inputs) { $1 }
        return scope
    }
}
