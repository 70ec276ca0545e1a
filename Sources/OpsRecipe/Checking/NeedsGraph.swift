package import OpsCore
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
                if need.task.contains(":") {
                    if let problem = recipe.problem(ofIncluded: need.task, at: need.range) {
                        diagnostics.append(problem)
                    }
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
                guard recipe.hasTask(name) else {
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
    /// What is wrong with a name such as `common:lint`; nil for a task, and where an include could not be loaded,
    /// which has been reported.
    package func problem(ofIncluded name: String, at range: SourceRange?) -> Diagnostic? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var recipe = self
        for (index, include) in parts.dropLast().enumerated() {
            guard recipe.include[include] != nil else {
                let before = parts[..<index].map { $0 + ":" }.joined()
                let near = nearestName(to: include, among: recipe.include.keys).map { "did you mean '\(before)\($0)'?" }
                let place = index == 0 ? "" : " in \(recipe.file)"
                return Diagnostic(
                    code: "unknown-task", "nothing is included as '\(include)'\(place)", hint: near, at: range)
            }
            guard let next = recipe.included[include] else { return nil }
            recipe = next
        }
        let task = parts.last ?? ""
        guard recipe.tasks[task] == nil else { return nil }
        let prefix = name.dropLast(task.count)
        let listed = recipe.tasks.values.filter(\.isListed).map { prefix + $0.name }
        let near = nearestName(to: task, among: recipe.tasks.keys).map { "did you mean '\(prefix)\($0)'?" }
        let hint = listed.isEmpty ? "it has no tasks" : "its tasks are: \(listed.prefix(12).joined(separator: ", "))"
        return Diagnostic(code: "unknown-task", "\(recipe.file) has no task '\(task)'", hint: near ?? hint, at: range)
    }

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
