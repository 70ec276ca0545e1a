import OpsCore
import OpsPlugin
import OrderedCollections

/// The types that a whole recipe has in common, found once each: vars, outputs of tasks and steps.
final class ModelTypes {
    let recipe: Recipe
    let catalog: PluginCatalog
    private var variables: [String: ValueType] = [:]
    private var stack: [String] = []
    private var taskOutputs: [String: OrderedDictionary<String, ValueType>] = [:]
    private(set) var diagnostics: [Diagnostic] = []
    private var weights: [String: Int] = [:]
    private var hasReportedSize = false
    /// Of included recipes, by alias. What is wrong in one is reported with its own file.
    private var included: [String: ModelTypes] = [:]
    /// Far more than people write, and far from the end of the stack.
    private static let depthLimit = 64
    /// In bytes, as for a file.
    private static let weightLimit = 8 << 20

    init(recipe: Recipe, catalog: PluginCatalog) {
        self.recipe = recipe
        self.catalog = catalog
    }

    /// The type of a var; its cycle, if it is in one, is reported once.
    func type(ofVariable name: String) -> ValueType {
        if let type = variables[name] { return type }
        guard let template = recipe.vars[name] else { return .any }
        if let start = stack.firstIndex(of: name) {
            for member in stack[start...] { variables[member] = .any }
            let circle = (stack[start...] + [name]).joined(separator: " → ")
            diagnostics.append(
                Diagnostic(
                    code: "cycle", "the vars are made from each other: \(circle)",
                    at: recipe.varRanges[name] ?? template.range))
            return .any
        }
        guard stack.count < Self.depthLimit else {
            reportSize("the vars stand on each other more than \(Self.depthLimit) deep", name, template)
            variables[name] = .any
            return .any
        }
        stack.append(name)
        let type = template.check(with: RecipeTypes(model: self, scope: Site.Scope())).type
        stack.removeLast()
        weights[name] = weight(of: template)
        if weights[name, default: 0] > Self.weightLimit {
            reportSize("the var '\(name)' comes to more than \(ByteSize.text(Self.weightLimit))", name, template)
        }
        if variables[name] == nil { variables[name] = containsSecret(template) ? .secret : type }
        return variables[name] ?? type
    }

    /// Once: one such var makes others so.
    private func reportSize(_ message: String, _ name: String, _ template: Template) {
        guard !hasReportedSize else { return }
        hasReportedSize = true
        diagnostics.append(
            Diagnostic(
                code: "limit", message, hint: "write some of them out", at: recipe.varRanges[name] ?? template.range)
        )
    }

    /// The bytes of a template with the vars in it written out, at most one more than the limit: vars that each name
    /// the one before twice grow like 2ⁿ.
    private func weight(of template: Template) -> Int {
        var total = 1
        switch template.content {
        case .literal(let value): total += value.scalarText?.utf8.count ?? 0
        case .text(let pieces):
            for case .literal(let text) in pieces { total += text.utf8.count }
        case .expression, .list, .map: break
        }
        for expression in template.expressions {
            total += expression.text.utf8.count
            for path in expression.references where path.count > 1 && path[0] == "vars" {
                total = min(total + weights[path[1], default: 0], Self.weightLimit + 1)
            }
        }
        return total
    }

    /// True for a list or map with a secret somewhere in it.
    private func containsSecret(_ template: Template) -> Bool {
        switch template.content {
        case .list(let items): items.contains { containsSecret($0) }
        case .map(let map): map.values.contains { containsSecret($0) }
        case .literal: false
        case .expression, .text:
            template.check(with: RecipeTypes(model: self, scope: Site.Scope())).type.wrapped == .secret
        }
    }

    /// The outputs of a step by name.
    func outputs(of step: Step) -> OrderedDictionary<String, ValueType> {
        var types: OrderedDictionary<String, ValueType> = [:]
        for output in catalog.action(named: step.action.name)?.declaration.outputs ?? [] {
            types[output.name] = output.type
        }
        switch step.returns {
        case .standardOutput(let name): types[name] = .string
        case .declared(let declared): types.merge(declared) { $1 }
        case nil: break
        }
        return types
    }

    /// The types of an included recipe, by the prefix that leads to it; its own by an empty one.
    func types(at prefix: String) -> ModelTypes {
        var types = self
        for part in prefix.split(separator: ":") {
            let alias = String(part)
            if let known = types.included[alias] {
                types = known
            } else {
                guard let recipe = types.recipe.included[alias] else { return types }
                let next = ModelTypes(recipe: recipe, catalog: catalog)
                types.included[alias] = next
                types = next
            }
        }
        return types
    }

    /// The outputs of a task by name.
    func outputs(of task: Task) -> OrderedDictionary<String, ValueType> {
        if let known = taskOutputs[task.name] { return known }
        var types: OrderedDictionary<String, ValueType> = [:]
        if task.hasOwnAction {
            if let step = task.steps.first { types = outputs(of: step) }
        } else {
            taskOutputs[task.name] = task.outputs.mapValues { _ in .any }
            let scope = Site.Scope(task: task, steps: task.steps, env: [recipe.env, task.env], isStep: true)
            for (name, template) in task.outputs {
                types[name] = template.check(with: RecipeTypes(model: self, scope: scope)).type
            }
        }
        taskOutputs[task.name] = types
        return types
    }

    /// The names of the secrets that an expression derives from, for messages.
    func secretNames(in expression: Expression, _ scope: Site.Scope) -> [String] {
        var names: OrderedSet<String> = []
        for path in expression.references where path.count > 1 {
            switch path[0] {
            case "secrets": names.append(path[1])
            case "vars":
                guard !stack.contains(path[1]), let template = recipe.vars[path[1]] else { continue }
                stack.append(path[1])
                for inner in template.expressions { names.formUnion(secretNames(in: inner, Site.Scope())) }
                stack.removeLast()
            case "needs", "steps", "env":
                let type = try? RecipeTypes(model: self, scope: scope).type(of: path, at: expression.range).type
                if type?.wrapped == .secret { names.append(path.joined(separator: ".")) }
            default: break
            }
        }
        return Array(names)
    }
}
