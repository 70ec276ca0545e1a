package import OpsCore
package import OpsRecipe
import OrderedCollections

/// Which tasks a request reaches, for commands that do not plan.
package enum TaskSelection {
    /// The named tasks and all they need, needs first. Throws: a `DiagnosticsError` for an unknown name or a cycle.
    package static func reached(by tasks: [String], in recipe: Recipe) throws(DiagnosticsError) -> [String] {
        try TaskGraph(recipe: recipe, requested: tasks).order
    }
}

/// The tasks that a request reaches, in an order in which each stands behind all it needs.
struct TaskGraph {
    /// Names in topological order: what was asked for first comes first where needs allow.
    let order: [String]

    /// Follows `needs` from the requested names, without recursion, so that a chain of any length fits.
    ///
    /// Throws: a `DiagnosticsError` for an unknown name, or for a cycle, which it shows.
    init(recipe: Recipe, requested: [String]) throws(DiagnosticsError) {
        var order: [String] = []
        var state: [String: State] = [:]
        for name in requested {
            guard recipe.tasks[name] != nil else { throw Self.unknown(name, in: recipe) }
            var stack: [(name: String, next: Int)] = [(name, 0)]
            if state[name] == .done { continue }
            state[name] = .open
            while let (current, next) = stack.last {
                let needs = recipe.tasks[current]?.needs ?? []
                guard next < needs.count else {
                    state[current] = .done
                    order.append(current)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let need = needs[next]
                switch state[need.task] {
                case .done: continue
                case .open: throw Self.cycle(stack.map(\.name), back: need)
                case nil:
                    guard recipe.tasks[need.task] != nil else { throw Self.unknown(need.task, in: recipe) }
                    state[need.task] = .open
                    stack.append((need.task, 0))
                }
            }
        }
        self.order = order
    }

    private enum State { case open, done }

    private static func unknown(_ name: String, in recipe: Recipe) -> DiagnosticsError {
        let listed = recipe.tasks.values.filter(\.isListed).map(\.name)
        let hint =
            nearestName(to: name, among: recipe.tasks.keys).map { "did you mean '\($0)'?" }
            ?? "the tasks are: \(listed.prefix(12).joined(separator: ", "))"
        return DiagnosticsError([
            Diagnostic(code: "unknown-task", "\(recipe.file) has no task '\(name)'", hint: hint)
        ])
    }

    private static func cycle(_ path: [String], back need: Need) -> DiagnosticsError {
        let start = path.firstIndex(of: need.task) ?? 0
        let loop = (path[start...] + [need.task]).joined(separator: " → ")
        return DiagnosticsError([
            Diagnostic(
                code: "cycle", "tasks need each other: \(loop)", hint: "take one of these needs away", at: need.range)
        ])
    }
}
