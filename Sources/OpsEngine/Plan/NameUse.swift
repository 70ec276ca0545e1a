import OpsCore
import OpsRecipe
import OrderedCollections

/// Finds the secrets and git facts that templates can reach, also through `vars`.
struct NameUse {
    private let vars: OrderedDictionary<String, Template>
    private(set) var secrets: Set<String> = []
    private(set) var git: Set<String> = []
    private var visited: Set<String> = []

    init(vars: OrderedDictionary<String, Template>) { self.vars = vars }

    mutating func add(_ template: Template?) {
        guard let template, template.hasExpressions else { return }
        for expression in template.expressions { add(expression) }
    }

    mutating func add(_ expression: Expression) {
        for path in expression.references {
            guard path.count > 1 else {
                if path[0] == "git" { git.formUnion(GitFacts.names) }
                continue
            }
            switch path[0] {
            case "secrets": secrets.insert(path[1])
            case "git": git.insert(path[1])
            case "vars" where visited.insert(path[1]).inserted: add(vars[path[1]])
            default: break
            }
        }
    }

    mutating func add(_ step: Step) {
        if let condition = step.condition { add(condition.expression) }
        add(step.name)
        add(step.action.arguments)
        for template in step.env.values { add(template) }
        for template in step.files.values { add(template) }
        add(step.dir)
        add(step.standardInput)
        add(step.standardOutput)
        if let undo = step.undo { add(undo.step) }
    }

    mutating func add(_ task: Task) {
        if let condition = task.condition { add(condition.expression) }
        for template in task.env.values { add(template) }
        for template in task.files.values { add(template) }
        add(task.dir)
        add(task.confirm)
        add(task.exclusive)
        for template in (task.sources ?? []) + (task.produces ?? []) { add(template) }
        for template in task.matrix?.templates ?? [] { add(template) }
        for template in task.outputs.values { add(template) }
        for need in task.needs { for template in need.with.values { add(template) } }
        for step in task.steps + task.onFailure + task.finally { add(step) }
    }
}
