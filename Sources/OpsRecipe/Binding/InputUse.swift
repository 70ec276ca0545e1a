import OpsCore
import OrderedCollections

/// The names that places of a recipe use.
struct UsedNames {
    var inputs: Set<String> = []
    var vars: Set<String> = []
    var secrets: Set<String> = []
}

extension Recipe {
    /// The inputs of the recipe that tasks use, with all they need: those that an expression names, in the tasks or in
    /// what belongs to every run (`env`, `dotenv`, `on-failure`, `finally`), also by way of `vars`; and those whose
    /// `INPUT_NAME` stands in a script or command. The tasks' own inputs are among them, and what `with` of an include
    /// names whose tasks are needed.
    ///
    /// - Parameters:
    ///   - tasks: names of its own tasks and, as `common:lint`, of included ones.
    ///   - isIncluded: true leaves out what belongs only to a run of the recipe itself.
    package func usedInputs(by tasks: some Sequence<String>, isIncluded: Bool = false) -> Set<String> {
        let own = closure(of: tasks)
        var includes: Set<String> = []
        if !include.isEmpty {
            for name in Array(tasks) + own.flatMap({ self.tasks[$0]?.needs.map(\.task) ?? [] }) {
                guard let colon = name.firstIndex(of: ":") else { continue }
                includes.insert(String(name[..<colon]))
            }
        }
        return usedNames(by: SiteSelection(tasks: own, includes: includes, cleanUp: !isIncluded)).inputs
    }

    /// The task's own inputs that it uses itself.
    package func ownInputs(usedBy task: Task) -> Set<String> {
        var used: Set<String> = []
        var variables: Set<String> = []
        forEachSite(of: task) { site in
            for expression in site.expressions {
                for path in expression.references where path.count > 1 && path[0] == "inputs" { used.insert(path[1]) }
            }
        }
        for step in task.steps + task.onFailure + task.finally { Self.note(step, &variables) }
        return Set(
            task.inputs.keys.filter { used.contains($0) || variables.contains(InputDeclaration.variable(of: $0)) })
    }

    private static func note(_ step: Step, _ variables: inout Set<String>) {
        if step.action.name == "run" { variables.formUnion(inputVariables(in: step.action.arguments)) }
        if let undo = step.undo { note(undo.step, &variables) }
    }

    /// What the selected places use; all of them, and all vars, by default.
    func usedNames(by selection: SiteSelection? = nil) -> UsedNames {
        var used = UsedNames()
        var openVars: [String] = []
        func note(_ expressions: [Expression]) {
            for path in expressions.lazy.flatMap(\.references) where path.count > 1 {
                switch path[0] {
                case "inputs": used.inputs.insert(path[1])
                case "secrets": used.secrets.insert(path[1])
                case "vars" where used.vars.insert(path[1]).inserted: openVars.append(path[1])
                default: break
                }
            }
        }
        forEachSite(in: selection) { site in
            // The vars themselves are noted only where they are named.
            if selection != nil, site.what.hasSuffix("of 'vars'"), site.scope.task == nil { return }
            note(site.expressions)
        }
        while let name = openVars.popLast() { vars[name].map { note($0.expressions) } }
        var variables: Set<String> = []
        if selection?.cleanUp ?? true { for step in onFailure + finally { Self.note(step, &variables) } }
        let chosen = tasks.values.filter { selection?.tasks.contains($0.name) ?? true }
        for task in chosen {
            for step in task.steps + task.onFailure + task.finally { Self.note(step, &variables) }
        }
        if !variables.isEmpty {
            for name in inputs.keys + chosen.flatMap({ Array($0.inputs.keys) })
            where variables.contains(InputDeclaration.variable(of: name)) {
                used.inputs.insert(name)
            }
        }
        return used
    }

    /// The words that start with `INPUT_` in the constant text of a template.
    package static func inputVariables(in template: Template) -> [String] {
        switch template.content {
        case .literal(let value): inputVariables(in: value)
        case .list(let items): items.flatMap { inputVariables(in: $0) }
        case .map(let map): map.values.flatMap { inputVariables(in: $0) }
        case .text(let pieces):
            pieces.flatMap { piece in
                if case .literal(let text) = piece { inputVariables(in: text) } else { [String]() }
            }
        case .expression: []
        }
    }

    private static func inputVariables(in value: Value) -> [String] {
        switch value {
        case .string(let text): inputVariables(in: text)
        case .list(let items): items.flatMap { inputVariables(in: $0) }
        case .map(let map): map.values.flatMap { inputVariables(in: $0) }
        default: []
        }
    }

    private static func inputVariables(in text: String) -> [String] {
        guard text.contains("INPUT_") else { return [] }
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        return words.filter { $0.hasPrefix("INPUT_") }.map(String.init)
    }
}
