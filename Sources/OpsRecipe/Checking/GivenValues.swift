import OpsCore
import OrderedCollections

/// Checks what needs give to tasks, and includes to recipes: `with` against the inputs, `secrets` against the secrets.
struct GivenValues {
    private let recipe: Recipe
    private let model: ModelTypes
    private var diagnostics: [Diagnostic] = []

    static func check(_ recipe: Recipe, _ model: ModelTypes) -> [Diagnostic] {
        var check = GivenValues(recipe: recipe, model: model)
        for task in recipe.tasks.values {
            check.ownInputs(of: task)
            for need in task.needs { check.check(need, of: task) }
            check.matrix(of: task)
        }
        for (name, include) in recipe.include { check.check(include, name) }
        return check.diagnostics
    }

    private init(recipe: Recipe, model: ModelTypes) {
        self.recipe = recipe
        self.model = model
    }

    private mutating func report(_ code: String, _ message: String, hint: String? = nil, at range: SourceRange?) {
        diagnostics.append(Diagnostic(code: code, message, hint: hint, at: range))
    }

    private mutating func ownInputs(of task: Task) {
        for (name, input) in task.inputs where recipe.inputs[name] != nil {
            report(
                "duplicate-name", "the recipe has an input '\(name)' as well",
                hint: "give the task's input another name",
                at: input.range)
        }
    }

    /// Rows that are made from needs come too late to tell what to give them.
    private mutating func matrix(of task: Task) {
        guard let matrix = task.matrix, matrix.templates.contains(where: { $0.names("needs") }) else { return }
        for need in task.needs {
            guard let template = need.with.values.first(where: { $0.names("matrix") }) else { continue }
            report(
                "matrix",
                "the matrix of task '\(task.name)' is made from its needs, so they cannot be given its values",
                hint: "make the matrix from inputs or vars", at: template.range)
        }
    }

    private mutating func check(_ need: Need, of task: Task) {
        guard let target = recipe.task(need.task), !(need.with.isEmpty && target.inputs.isEmpty) else {
            return
        }
        let owner = "task '\(need.task)'"
        check(need.with, target.inputs, owner, Site.Scope(task: task, hasNeeds: false, env: [recipe.env]))
        let missing = target.inputs.filter { $0.value.defaultValue == nil && need.with[$0.key] == nil }.keys
        guard !missing.isEmpty else { return }
        let names = missing.map { "'\($0)'" }.joined(separator: ", ")
        let given = (Array(need.with.keys) + missing).map { "\($0): …" }.joined(separator: ", ")
        report(
            "missing-input",
            "\(owner) needs a value for its \(missing.count == 1 ? "input" : "inputs") \(names)",
            hint: "write { task: \(need.task), with: { \(given) } }", at: need.range)
    }

    private mutating func check(_ include: IncludeDeclaration, _ name: String) {
        guard let target = recipe.included[name] else { return }
        check(include.with, target.inputs, "the recipe '\(target.file)'", Site.Scope())
        for (secret, template) in include.secrets {
            guard let declared = target.secrets[secret] else {
                report(
                    "unknown-secret", "the recipe '\(target.file)' has no secret '\(secret)'",
                    hint: Self.hint(secret, target.secrets.keys), at: template.range)
                continue
            }
            guard let own = template.wholeSecret else {
                report(
                    "wrong-type", "'\(secret)' in 'secrets' of include '\(name)' needs one whole secret",
                    hint: "write \(secret): \"${{ secrets.NAME }}\"", at: template.range)
                continue
            }
            if recipe.secrets[own]?.isOptional == true, !declared.isOptional {
                report(
                    "wrong-type",
                    "the secret '\(own)' is optional, but '\(secret)' of the recipe '\(target.file)' is not",
                    hint: "make both optional, or neither", at: template.range)
            }
        }
    }

    private mutating func check(
        _ with: OrderedDictionary<String, Template>, _ inputs: OrderedDictionary<String, InputDeclaration>,
        _ owner: String, _ scope: Site.Scope
    ) {
        for (name, template) in with {
            guard let input = inputs[name] else {
                report(
                    "unknown-input", "\(owner) has no input '\(name)'", hint: Self.hint(name, inputs.keys),
                    at: template.range)
                continue
            }
            switch template.content {
            case .literal(let literal): check(literal, input, name, owner, template.range)
            default:
                // What is wrong with the expression itself is reported where all are checked.
                let (type, problems) = template.check(with: RecipeTypes(model: model, scope: scope))
                if problems.isEmpty, !input.takes(type), type.wrapped != .secret {
                    report(
                        "wrong-type", "the input '\(name)' of \(owner) needs \(input.kind.rawValue), got \(type)",
                        at: template.range)
                }
            }
        }
    }

    private mutating func check(
        _ literal: Value, _ input: InputDeclaration, _ name: String, _ owner: String, _ range: SourceRange
    ) {
        if !input.takes(literal.type) {
            report(
                "wrong-type", "the input '\(name)' of \(owner) needs \(input.kind.rawValue), got \(literal.type)",
                at: range)
        } else if !literal.isNull, let problem = input.problem(of: literal) {
            report("invalid-value", "the input '\(name)' of \(owner) \(problem)", at: range)
        }
    }

    private static func hint(_ name: String, _ known: some Collection<String>) -> String {
        if let near = nearestName(to: name, among: known) { return "did you mean '\(near)'?" }
        return known.isEmpty ? "it has none" : "known: \(known.joined(separator: ", "))"
    }
}

extension InputDeclaration {
    /// True where a value of the type may be given: a number is text as well.
    fileprivate func takes(_ type: ValueType) -> Bool {
        if type.mayBe(self.type) { return true }
        switch (kind, type.wrapped) {
        case (.string, .boolean), (.string, .integer), (.string, .number), (.path, .integer), (.path, .number),
            (.path, .boolean):
            return true
        default: return false
        }
    }
}
