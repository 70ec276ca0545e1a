import OpsCore
import OrderedCollections

/// What `ops lint --strict` warns of: that another recipe may touch all.
enum StrictLint {
    static func warnings(_ recipe: Recipe) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        var seen: Set<String> = []
        func visit(_ recipe: Recipe, isLimited: Bool) {
            let isLimited = isLimited || recipe.permissions != nil
            guard !isLimited, seen.insert(recipe.identity).inserted else { return }
            for (name, include) in recipe.include {
                guard let child = recipe.included[name] else { continue }
                if include.permissions == nil, child.permissions == nil {
                    diagnostics.append(
                        Diagnostic(
                            .warning, code: "include-permissions",
                            "the include '\(name)' has no permissions: its steps may touch all",
                            hint: "write { from: \(include.from), permissions: { … } }", at: include.range))
                }
                visit(child, isLimited: include.permissions != nil)
            }
        }
        visit(recipe, isLimited: false)
        return diagnostics
    }
}
