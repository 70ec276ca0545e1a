import OpsCore
import OrderedCollections

/// The names that places of a recipe use.
struct UsedNames {
    var inputs: Set<String> = []
    var vars: Set<String> = []
    var secrets: Set<String> = []
}

extension Recipe {
    /// The inputs that tasks use, with all they need: those that an expression names, in the tasks or in what
    /// belongs to every run (`env`, `dotenv`, `on-failure`, `finally`), also by way of `vars`; and those whose
    /// `INPUT_NAME` stands in a script or command. The tasks' own inputs are among them.
    package func usedInputs(by tasks: some Sequence<String>) -> Set<String> {
        usedNames(by: closure(of: tasks)).inputs
    }

    /// What the tasks named use; all of them, and all vars, by default.
    func usedNames(by names: Set<String>? = nil) -> UsedNames {
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
        var variables: Set<String> = []
        func noteScript(_ step: Step) {
            guard step.action.name == "run" else { return }
            variables.formUnion(Self.inputVariables(in: step.action.arguments))
            if let undo = step.undo { noteScript(undo.step) }
        }
        forEachSite(tasks: names) { site in
            switch site.form {
            case .condition(let condition): note([condition.expression])
            case .template(let template):
                // The vars themselves are noted only where they are named.
                if names != nil, site.what.hasSuffix("of 'vars'"), site.scope.task == nil { return }
                note(template.expressions)
            case .action(let call): note(call.arguments.expressions)
            }
        }
        while let name = openVars.popLast() { vars[name].map { note($0.expressions) } }
        (onFailure + finally).forEach(noteScript)
        let chosen = tasks.values.filter { names?.contains($0.name) ?? true }
        for task in chosen { (task.steps + task.onFailure + task.finally).forEach(noteScript) }
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
