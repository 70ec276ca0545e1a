import OpsCore
import OrderedCollections

/// Checks tasks against the rules of policies.
enum PolicyRules {
    static func check(_ recipe: Recipe, _ rules: [PolicyRule]) -> [Diagnostic] {
        guard !rules.isEmpty else { return [] }
        var diagnostics: [Diagnostic] = []
        var seen: Set<String> = []
        func visit(_ recipe: Recipe) {
            guard seen.insert(recipe.identity).inserted else { return }
            for task in recipe.tasks.values {
                for rule in rules where rule.isFor(task) {
                    let missing = rule.require.filter { !task.has($0, in: recipe) }.map { "'\($0.rawValue)'" }
                    guard !missing.isEmpty else { continue }
                    diagnostics.append(
                        Diagnostic(
                            code: "policy",
                            "task '\(task.name)' has no \(missing.joined(separator: " and no ")): a policy requires it of \(rule.subject)",
                            hint: "the rule\(rule.name.map { " '\($0)'" } ?? "") is at \(rule.range)",
                            at: task.nameRange))
                }
            }
            for child in recipe.included.values { visit(child) }
        }
        visit(recipe)
        return diagnostics
    }
}

extension PolicyRule {
    fileprivate func isFor(_ task: Task) -> Bool {
        if let pattern = self.task, !pattern.matches(task.name) { return false }
        if let action, !task.allSteps.contains(where: { action.matches($0.action.name) }) { return false }
        if let exclusive {
            guard let template = task.exclusive else { return false }
            return template.mayMatch(exclusive)
        }
        return true
    }
}

extension Template {
    /// True where its text matches, or where that only a run could tell.
    fileprivate func mayMatch(_ pattern: NamePattern) -> Bool {
        switch content {
        case .literal(let value): return value.scalarText.map(pattern.matches) ?? false
        case .text(let pieces):
            var beginning = ""
            var end = ""
            if case .literal(let text)? = pieces.first { beginning = text }
            if case .literal(let text)? = pieces.last { end = text }
            return pattern.mayMatch(beginning: beginning, end: end)
        default: return true
        }
    }
}

extension Task {
    fileprivate var allSteps: [Step] { steps + onFailure + finally + steps.compactMap { $0.undo?.step } }

    fileprivate func has(_ requirement: PolicyRequirement, in recipe: Recipe) -> Bool {
        switch requirement {
        case .timeout:
            timeout != nil || recipe.defaults.timeout != nil || !steps.isEmpty && steps.allSatisfy { $0.timeout != nil }
        case .undo: steps.contains { $0.undo != nil }
        case .exclusive: exclusive != nil
        case .confirm: confirm != nil
        case .permissions: permissions != nil || recipe.permissions != nil
        case .finally: !finally.isEmpty
        case .description: description != nil
        case .produces: produces != nil
        case .onFailure: !onFailure.isEmpty
        }
    }
}
