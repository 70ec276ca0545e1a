package import OpsCore
import OpsPlugin
import OrderedCollections

/// The types of all names, at one place of a recipe.
struct RecipeTypes: ExpressionTypes {
    let model: ModelTypes
    let scope: Site.Scope

    var recipe: Recipe { model.recipe }
    var allowsStatusFunctions: Bool { scope.hasStatus }

    private static let roots = [
        "inputs", "vars", "env", "secrets", "matrix", "args", "needs", "steps", "git", "host", "run", "recipe",
    ]

    func type(of path: [String], at range: SourceRange) throws -> (type: ValueType, used: Int) {
        switch path[0] {
        case "inputs": return try (input(member(path, range), range), 2)
        case "vars": return try (variable(member(path, range), range), 2)
        case "env": return try (environment(member(path, range)), 2)
        case "secrets": return try (secret(member(path, range), range), 2)
        case "args":
            guard scope.task != nil else { throw outOfPlace(path[0], "a task", range) }
            return (.list(.string), 1)
        case "matrix":
            guard let task = scope.task, scope.hasMatrix else {
                throw outOfPlace(path[0], "a task with a matrix", range)
            }
            guard let matrix = task.matrix else {
                throw error("unknown-name", "task '\(task.name)' has no matrix", nil, range)
            }
            return path.count < 2 ? (.map, 1) : (try axis(path[1], of: matrix, range), 2)
        case "needs": return try need(path, range)
        case "steps": return try step(path, range)
        case "git": return try (fact(Self.git, "git", member(path, range), range), 2)
        case "host": return try (fact(Self.host, "host", member(path, range), range), 2)
        case "run": return try (fact(Self.run, "run", member(path, range), range), 2)
        case "recipe": return try (fact(["dir": .string], "recipe", member(path, range), range), 2)
        default:
            let near = nearestName(to: path[0], among: Self.roots).map { "did you mean '\($0)'?" }
            let own = recipe.inputs[path[0]] != nil ? "did you mean 'inputs.\(path[0])'?" : nil
            let variable = recipe.vars[path[0]] != nil ? "did you mean 'vars.\(path[0])'?" : nil
            throw error(
                "unknown-name", "unknown name '\(path[0])'",
                own ?? variable ?? near ?? "text needs quotes: '\(path[0])'", range)
        }
    }

    private static let git: OrderedDictionary<String, ValueType> = [
        "sha": .optional(.string), "short-sha": .optional(.string), "branch": .optional(.string),
        "tag": .optional(.string), "dirty": .optional(.boolean), "commit-time": .optional(.string),
    ]
    private static let host: OrderedDictionary<String, ValueType> = ["os": .string, "arch": .string, "cpus": .integer]
    private static let run: OrderedDictionary<String, ValueType> = ["id": .string, "started": .string, "temp": .string]

    // MARK: one name each

    private func error(_ code: String, _ message: String, _ hint: String?, _ range: SourceRange) -> DiagnosticsError {
        DiagnosticsError([Diagnostic(code: code, message, hint: hint, at: range)])
    }

    private func unknown(
        _ what: String, _ name: String, _ known: some Sequence<String>, _ range: SourceRange
    ) -> DiagnosticsError {
        let names = Array(known)
        let near = nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
        let list = names.isEmpty ? "the recipe declares none" : "known: \(names.joined(separator: ", "))"
        return error("unknown-name", "unknown \(what) '\(name)'", near ?? list, range)
    }

    private func outOfPlace(_ name: String, _ where: String, _ range: SourceRange) -> DiagnosticsError {
        error("unknown-name", "'\(name)' has no value here", "it has one in \(`where`)", range)
    }

    private func member(_ path: [String], _ range: SourceRange) throws -> String {
        guard path.count > 1 else {
            throw error("unknown-name", "'\(path[0])' needs a name", "write \(path[0]).NAME", range)
        }
        return path[1]
    }

    private func fact(
        _ facts: OrderedDictionary<String, ValueType>, _ root: String, _ name: String, _ range: SourceRange
    ) throws -> ValueType {
        if let type = facts[name] { return type }
        let near = nearestName(to: name, among: facts.keys).map { "did you mean '\(root).\($0)'?" }
        let list = "known: \(facts.keys.joined(separator: ", "))"
        throw error("unknown-name", "unknown name '\(root).\(name)'", near ?? list, range)
    }

    private func input(_ name: String, _ range: SourceRange) throws -> ValueType {
        guard let input = scope.task?.inputs[name] ?? recipe.inputs[name] else {
            if let owner = recipe.tasks.values.first(where: { $0.inputs[name] != nil }) {
                throw error(
                    "unknown-name", "'\(name)' is an input of task '\(owner.name)' alone",
                    "declare it among the recipe's inputs", range)
            }
            throw unknown("input", name, (scope.task.map { Array($0.inputs.keys) } ?? []) + recipe.inputs.keys, range)
        }
        return input.type
    }

    private func variable(_ name: String, _ range: SourceRange) throws -> ValueType {
        guard recipe.vars[name] != nil else { throw unknown("var", name, recipe.vars.keys, range) }
        return model.type(ofVariable: name)
    }

    /// A variable that a layer below declares has that type; any other is the caller's, or null.
    private func environment(_ name: String) -> ValueType {
        for (index, layer) in scope.env.enumerated().reversed() {
            guard let template = layer[name] else { continue }
            var below = scope
            below.env = Array(scope.env[..<index])
            let type = template.check(with: RecipeTypes(model: model, scope: below)).type
            if case .secret = type.wrapped { return type }
            return .optional(.string)
        }
        return .optional(.string)
    }

    private func secret(_ name: String, _ range: SourceRange) throws -> ValueType {
        guard let secret = recipe.secrets[name] else { throw unknown("secret", name, recipe.secrets.keys, range) }
        return secret.isOptional ? .optional(.secret) : .secret
    }

    private func axis(_ name: String, of matrix: Matrix, _ range: SourceRange) throws -> ValueType {
        switch matrix.form {
        case .axes(let axes):
            guard let template = axes[name] else { throw unknown("matrix axis", name, axes.keys, range) }
            guard case .literal(.list(let items)) = template.content else { return .any }
            return Self.common(items)
        case .rows(let template):
            guard case .literal(.list(let rows)) = template.content else { return .any }
            let names = OrderedSet(rows.flatMap { $0.mapValue.map { Array($0.keys) } ?? [] })
            guard names.contains(name) else { throw unknown("matrix name", name, names, range) }
            let values = rows.map { $0[name] ?? .null }
            let known = Self.common(values.filter { !$0.isNull })
            return values.contains(where: \.isNull) ? .optional(known) : known
        }
    }

    private static func common(_ items: [Value]) -> ValueType {
        let types = Set(items.map(\.type))
        return types.count == 1 ? types.first ?? .any : .any
    }

    private func need(_ path: [String], _ range: SourceRange) throws -> (ValueType, Int) {
        guard let task = scope.task, scope.hasNeeds else { throw outOfPlace("needs", "a task that has needs", range) }
        let name = try member(path, range)
        guard let need = task.needs.first(where: { $0.alias == name }) else {
            if recipe.hasTask(name) {
                throw error(
                    "unknown-name", "task '\(task.name)' does not need '\(name)'",
                    "add it: needs: [ \((task.needs.map(\.alias) + [name]).joined(separator: ", ")) ]", range)
            }
            throw unknown("need", name, task.needs.map(\.alias), range)
        }
        guard let place = recipe.place(of: need.task) else { return (.any, 2) }
        let target = place.task
        guard path.count > 2 else {
            throw error(
                "unknown-name", "'needs.\(name)' needs a member", "outputs.NAME, result or matrix", range)
        }
        switch path[2] {
        case "result": return (.string, 3)
        case "matrix": return (target.matrix == nil ? .null : .list(.map), 3)
        case "outputs":
            let outputs = model.types(at: place.prefix).outputs(of: target)
            guard path.count > 3 else { return (.map, 3) }
            guard let type = outputs[path[3]] else {
                throw unknown("output of task '\(need.task)':", path[3], outputs.keys, range)
            }
            if target.matrix != nil { return (.list(.optional(type)), 4) }
            return (mayHaveSkipped(target) ? .optional(type) : type, 4)
        default: throw unknown("member of 'needs.\(name)':", path[2], ["outputs", "result", "matrix"], range)
        }
    }

    private func mayHaveSkipped(_ task: Task) -> Bool {
        task.condition != nil || task.continueOnError || scope.isCleanUp || scope.hasStatus
            || scope.task?.condition != nil
    }

    private func step(_ path: [String], _ range: SourceRange) throws -> (ValueType, Int) {
        guard scope.isStep else { throw outOfPlace("steps", "the steps after it and in the task's 'outputs'", range) }
        let id = try member(path, range)
        guard let step = scope.steps.first(where: { $0.id == id }) else {
            if scope.laterSteps.contains(where: { $0.id == id }) {
                let isOwn = scope.laterSteps.first?.id == id
                throw error(
                    "unknown-name", isOwn ? "step '\(id)' names itself" : "step '\(id)' comes later",
                    "only steps before this one have a value", range)
            }
            throw unknown("step", id, scope.steps.compactMap(\.id), range)
        }
        guard path.count > 2 else {
            throw error("unknown-name", "'steps.\(id)' needs a member", "outputs.NAME or result", range)
        }
        switch path[2] {
        case "result": return (.string, 3)
        case "outputs":
            let outputs = model.outputs(of: step)
            guard path.count > 3 else { return (.map, 3) }
            guard let type = outputs[path[3]] else {
                throw unknown("output of step '\(id)':", path[3], outputs.keys, range)
            }
            let mayBeNull = step.condition != nil || step.continueOnError || scope.isCleanUp
            return (mayBeNull ? .optional(type) : type, 4)
        default: throw unknown("member of 'steps.\(id)':", path[2], ["outputs", "result"], range)
        }
    }
}

extension InputDeclaration {
    /// The type of `inputs.NAME`.
    package var type: ValueType {
        let type: ValueType =
            switch kind {
            case .string, .path: .string
            case .boolean: .boolean
            case .integer: .integer
            case .number: .number
            case .list: .list(.string)
            }
        if case .some(.null) = defaultValue { return .optional(type) }
        return type
    }
}
