import OpsCore
import OrderedCollections

/// One place of a recipe in which expressions may stand, with what may be named and what may result there.
struct Site {
    enum Form {
        case template(Template)
        case condition(Condition)
        /// The arguments of an action: checked against its declaration.
        case action(ActionCall)
    }

    enum Wanted {
        case anything
        /// A scalar that has a text; null as well where it means "not there".
        case text(orNull: Bool)
        case list
    }

    /// What may be named.
    struct Scope {
        var task: Task?
        /// The steps that ran before, those with an id.
        var steps: [Step] = []
        /// The steps that come after, for messages.
        var laterSteps: [Step] = []
        var hasMatrix = true
        var hasNeeds = true
        var hasStatus = false
        /// The layers of `env` that lie below, the highest last.
        var env: [OrderedDictionary<String, Template>] = []
        /// True where a step named may not have run.
        var isCleanUp = false
        var isStep = false
    }

    var form: Form
    /// How a message names it: `'dir' of task 'build'`.
    var what: String
    var scope: Scope
    var wanted = Wanted.anything
    var takesSecret = false
}

extension Site {
    var expressions: [Expression] {
        switch form {
        case .condition(let condition): [condition.expression]
        case .template(let template): template.expressions
        case .action(let call): call.arguments.expressions
        }
    }
}

/// Which places of a recipe to visit.
struct SiteSelection {
    var tasks: Set<String>
    var includes: Set<String>
    /// The recipe's own `on-failure` and `finally`.
    var cleanUp: Bool
}

extension Recipe {
    /// All places of the recipe itself and of its tasks, or those selected.
    func forEachSite(in selection: SiteSelection? = nil, _ body: (Site) -> Void) {
        withoutActuallyEscaping(body) { body in
            let visitor = SiteVisitor(recipe: self, body: body)
            visitor.visitRecipe(selection)
            for task in tasks.values where selection?.tasks.contains(task.name) ?? true { visitor.visit(task) }
        }
    }

    /// The places of one task.
    func forEachSite(of task: Task, _ body: (Site) -> Void) {
        withoutActuallyEscaping(body) { SiteVisitor(recipe: self, body: $0).visit(task) }
    }
}

/// Scopes and names are made only where an expression stands: most tasks of a large recipe have none.
private struct SiteVisitor {
    let recipe: Recipe
    let body: (Site) -> Void

    private func text(
        _ template: Template?, _ what: @autoclosure () -> String, _ scope: () -> Site.Scope, orNull: Bool = false,
        takesSecret: Bool = false
    ) {
        guard let template, template.hasExpressions else { return }
        body(
            Site(
                form: .template(template), what: what(), scope: scope(), wanted: .text(orNull: orNull),
                takesSecret: takesSecret))
    }

    private func any(
        _ templates: OrderedDictionary<String, Template>, _ what: @autoclosure () -> String, _ scope: () -> Site.Scope,
        takesSecret: Bool
    ) {
        for (key, template) in templates where template.hasExpressions {
            body(
                Site(
                    form: .template(template), what: "'\(key)' of \(what())", scope: scope(), takesSecret: takesSecret))
        }
    }

    private func environment(
        _ templates: OrderedDictionary<String, Template>, _ scope: () -> Site.Scope
    ) {
        for (name, template) in templates {
            text(template, "the variable '\(name)'", scope, orNull: true, takesSecret: true)
        }
    }

    private func condition(
        _ condition: Condition?, _ what: @autoclosure () -> String, _ scope: () -> Site.Scope
    ) {
        guard let condition else { return }
        body(Site(form: .condition(condition), what: "'if' of \(what())", scope: scope()))
    }

    func visitRecipe(_ selection: SiteSelection?) {
        func base() -> Site.Scope { Site.Scope() }
        any(recipe.vars, "'vars'", base, takesSecret: true)
        environment(recipe.env, base)
        for file in recipe.dotenv { text(file, "'dotenv'", base) }
        text(recipe.heartbeat, "'heartbeat'", base, orNull: true, takesSecret: true)
        for (name, include) in recipe.include where selection?.includes.contains(name) ?? true {
            any(include.with, "'with' of include '\(name)'", base, takesSecret: false)
            any(include.secrets, "'secrets' of include '\(name)'", base, takesSecret: true)
        }
        guard selection?.cleanUp ?? true else { return }
        func scope() -> Site.Scope { Site.Scope(env: [recipe.env], isCleanUp: true) }
        visit(recipe.onFailure, "the recipe's on-failure", scope, earlier: [])
        visit(recipe.finally, "the recipe's finally", scope, earlier: [])
    }

    func visit(_ task: Task) {
        func place() -> String { "task '\(task.name)'" }
        func base() -> Site.Scope { Site.Scope(task: task, env: [recipe.env]) }
        func early() -> Site.Scope { Site.Scope(task: task, hasNeeds: false, env: [recipe.env]) }
        for need in task.needs { any(need.with, "'with' of need '\(need.alias)'", early, takesSecret: false) }
        func ofMatrix() -> Site.Scope { Site.Scope(task: task, hasMatrix: false, env: [recipe.env]) }
        switch task.matrix?.form {
        case .axes(let axes):
            for (name, template) in axes where template.hasExpressions {
                body(
                    Site(
                        form: .template(template), what: "the axis '\(name)' of \(place())", scope: ofMatrix(),
                        wanted: .list))
            }
        case .rows(let template) where template.hasExpressions:
            body(Site(form: .template(template), what: "'matrix' of \(place())", scope: ofMatrix(), wanted: .list))
        default: break
        }
        condition(task.condition, place()) { Site.Scope(task: task, hasStatus: true, env: [recipe.env]) }
        environment(task.env, base)
        func scope() -> Site.Scope { Site.Scope(task: task, env: [recipe.env, task.env]) }
        text(task.dir, "'dir' of \(place())", scope)
        for glob in task.sources ?? [] { text(glob, "'sources' of \(place())", scope) }
        for glob in task.produces ?? [] { text(glob, "'produces' of \(place())", scope) }
        text(task.exclusive, "'exclusive' of \(place())", scope)
        text(task.confirm, "'confirm' of \(place())", scope)
        files(task.files, scope)
        visit(task.steps, place(), scope, earlier: [], isOnly: task.hasOwnAction)
        func after(isCleanUp: Bool) -> Site.Scope {
            Site.Scope(
                task: task, steps: task.steps, env: [recipe.env, task.env], isCleanUp: isCleanUp, isStep: true)
        }
        any(task.outputs, "'outputs' of \(place())", { after(isCleanUp: false) }, takesSecret: true)
        visit(task.onFailure, "'on-failure' of \(place())", { after(isCleanUp: true) }, earlier: task.steps)
        visit(task.finally, "'finally' of \(place())", { after(isCleanUp: true) }, earlier: task.steps)
    }

    private func files(_ files: OrderedDictionary<String, Template>, _ scope: () -> Site.Scope) {
        for (name, template) in files { text(template, "the file '\(name)'", scope, takesSecret: true) }
    }

    private func visit(
        _ steps: [Step], _ place: @autoclosure () -> String, _ outer: () -> Site.Scope, earlier: [Step],
        isOnly: Bool = false
    ) {
        for (index, step) in steps.enumerated() {
            func scope() -> Site.Scope {
                var scope = outer()
                scope.isStep = true
                scope.steps = earlier + steps[..<index]
                scope.laterSteps = Array(steps[index...])
                return scope
            }
            visit(step, isOnly ? place() : "step \(index + 1) of \(place())", scope)
        }
    }

    private func visit(_ step: Step, _ place: @autoclosure () -> String, _ outer: () -> Site.Scope) {
        condition(step.condition, place(), outer)
        environment(step.env, outer)
        func scope() -> Site.Scope {
            var scope = outer()
            scope.env.append(step.env)
            return scope
        }
        text(step.name, "'name' of \(place())", scope)
        text(step.dir, "'dir' of \(place())", scope)
        text(step.standardInput, "'stdin' of \(place())", scope, orNull: true, takesSecret: true)
        text(step.standardOutput, "'stdout' of \(place())", scope)
        files(step.files, scope)
        if step.action.arguments.hasExpressions {
            body(Site(form: .action(step.action), what: "'\(step.action.name)' of \(place())", scope: scope()))
        }
        if let undo = step.undo { visit(undo.step, "'undo' of \(place())", outer) }
    }
}
