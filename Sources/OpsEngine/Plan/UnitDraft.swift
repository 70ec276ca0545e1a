import OpsCore
import OpsRecipe
import OrderedCollections

/// A unit of a plan in the making: one recipe with one set of values, and all that is used of it.
struct UnitDraft {
    var use: IncludeUse
    /// All its inputs that have a value, also those that nothing uses.
    var inputs: ValueMap
    var usedInputs: Set<String>
    /// What each of its secrets is called in the plan; nil where that is the same.
    var secretNames: [String: String]?
    /// The units behind its includes.
    var children: [String: Int] = [:]
    /// What `with` of its includes sees.
    var scope: Scope
    /// What its steps may touch, in layers that all hold; empty is all.
    var grants: [Grants] = []

    var recipe: Recipe { use.recipe }

    /// Takes in what another name that leads to the same unit uses of it.
    mutating func merge(_ other: IncludeUse) {
        let known = Set(use.tasks)
        use.tasks += other.tasks.filter { !known.contains($0) }
        use.includes.formUnion(other.includes)
        usedInputs.formUnion(other.usedInputs)
    }
}
