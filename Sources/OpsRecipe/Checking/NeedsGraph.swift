import OpsCore
import OrderedCollections

/// Which tasks need which.
struct NeedsGraph {
    let recipe: Recipe

    init(_ recipe: Recipe) { self.recipe = recipe }

    /// Needs that name no task, and cycles.
    func check() -> [Diagnostic] { unknownTasks() + cycles() }

    private func unknownTasks() -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for task in recipe.tasks.values {
            for need in task.needs where recipe.tasks[need.task] == nil {
                if let colon = need.task.firstIndex(of: ":") {
                    let include = String(need.task[..<colon])
                    if recipe.include[include] != nil { continue }
                    let near = nearestName(to: include, among: recipe.include.keys).map { "did you mean '\($0)'?" }
                    diagnostics.append(
                        Diagnostic(
                            code: "unknown-task", "nothing is included as '\(include)'", hint: near, at: need.range))
                    continue
                }
                let near = nearestName(to: need.task, among: recipe.tasks.keys).map { "did you mean '\($0)'?" }
                diagnostics.append(
                    Diagnostic(
                        code: "unknown-task", "task '\(task.name)' needs '\(need.task)', which is no task", hint: near,
                        at: need.range))
            }
        }
        return diagnostics
    }

    private enum State { case open, done }

    /// One diagnostic for each circle, found by a walk in depth with its own stack: a chain may be long.
    private func cycles() -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        var states: [String: State] = [:]
        for start in recipe.tasks.values where states[start.name] == nil {
            var path: [(task: Task, next: Int)] = [(start, 0)]
            states[start.name] = .open
            while let (task, next) = path.last {
                guard next < task.needs.count else {
                    states[task.name] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let need = task.needs[next]
                guard let target = recipe.tasks[need.task] else { continue }
                switch states[target.name] {
                case nil:
                    states[target.name] = .open
                    path.append((target, 0))
                case .open:
                    let first = path.firstIndex { $0.task.name == target.name } ?? 0
                    let circle = (path[first...].map(\.task.name) + [target.name]).joined(separator: " → ")
                    diagnostics.append(
                        Diagnostic(code: "cycle", "the tasks need each other: \(circle)", at: need.range))
                case .done: break
                }
            }
        }
        return diagnostics
    }

    /// `through` names a task that depends on the undo's own.
    func undoChecks() -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for task in recipe.tasks.values {
            for step in task.steps {
                guard let name = step.undo?.through, let range = step.undo?.throughRange else { continue }
                guard recipe.tasks[name] != nil else {
                    let near = nearestName(to: name, among: recipe.tasks.keys).map { "did you mean '\($0)'?" }
                    diagnostics.append(
                        Diagnostic(code: "unknown-task", "'through' names no task: '\(name)'", hint: near, at: range))
                    continue
                }
                if name == task.name || !recipe.closure(of: [name]).contains(task.name) {
                    diagnostics.append(
                        Diagnostic(
                            code: "invalid-value", "'through' names '\(name)', which does not depend on '\(task.name)'",
                            hint: "name a task that needs '\(task.name)'", at: range))
                }
            }
        }
        return diagnostics
    }
}

extension Recipe {
    /// The tasks named and all they need, directly or not.
    func closure(of names: some Sequence<String>) -> Set<String> {
        var found: Set<String> = []
        var open = Array(names)
        while let name = open.popLast() {
            guard let task = tasks[name], found.insert(name).inserted else { continue }
            open += task.needs.map(\.task)
        }
        return found
    }
}
