import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

extension Planner {
    /// The layers that hold for the steps of an included recipe.
    ///
    /// - Parameter secretNames: the plan's names of its secrets.
    func layers(
        of recipe: Recipe, given include: IncludeDeclaration, by parent: UnitDraft, prefix: String,
        secretNames: [String: String]
    ) -> [Grants] {
        func planName(_ name: String) -> String { secretNames[name] ?? prefix + name }
        let ceilings = PermissionLayers.given(
            by: include, of: parent.recipe, parent.grants, secretName: planName)
        return PermissionLayers.of(recipe, below: ceilings, secretName: planName).map { $0.shipping(recipe.tree) }
    }

    /// The layers of a recipe's steps, those of `--sandbox` where it has none.
    func layers(of draft: UnitDraft) -> [Grants] {
        guard draft.grants.isEmpty, request.isSandboxed else { return draft.grants }
        let standard = Grants.standard(folders: OrderedSet([draft.recipe.directory, root.directory]).elements)
        return [standard.shipping(draft.recipe.tree)]
    }

    /// The layers of the steps of a task; the recipe's own where there is none.
    func layers(of task: Task?) -> [Grants] {
        let unit = units[unit]
        guard let task else { return unit.grants }
        return PermissionLayers.of(task, in: unit.recipe, unit.grants) { unit.secretNames?[$0] ?? unit.prefix + $0 }
            .map { $0.shipping(unit.recipe.tree) }
    }

    /// Reports the secrets that a step names and may not see.
    mutating func checkSecrets(_ names: Set<String>, of step: Step, _ layers: [Grants], _ scope: Scope) {
        guard !layers.isEmpty else { return }
        for name in names.sorted() {
            let planName = scope.secretName(name)
            checkProgram(of: name, planName, layers)
            guard let layer = layers.first(where: { !$0.maySee(secret: planName) }) else { continue }
            let diagnostic = Diagnostic(
                code: "permissions", "the step uses the secret '\(name)', which its permissions do not name",
                hint: "add '\(name)' to 'secrets' of the permissions at \([layer].place)", at: step.action.nameRange)
            if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
        }
    }

    /// Reports a program that the recipe fetches a secret of its own with, and that it may not execute: it runs before the
    /// steps, and the kernel does not hold it.
    private mutating func checkProgram(of name: String, _ planName: String, _ layers: [Grants]) {
        guard planName == units[unit].prefix + name, let secret = recipe.secrets[name] else { return }
        for (reference, range) in secret.from where reference.scheme == SecretReference.commandScheme {
            let path = Grants.path(reference.path, in: recipe.directory)
            let program = reference.path.contains("/") ? path : reference.path
            guard let layer = layers.first(where: { !$0.mayExecute(program) }) else { continue }
            let diagnostic = Diagnostic(
                code: "permissions",
                "the secret '\(name)' is fetched by the program '\(reference.path)', which the permissions do not name",
                hint: "add '\(reference.path)' to 'exec' of the permissions at \([layer].place)", at: range)
            if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
        }
    }

    /// The caller's variables that the permissions keep from steps.
    func hidden(by layers: [Grants]) -> Set<String> {
        guard layers.contains(where: { $0.env != nil }) else { return [] }
        return Set(request.environment.keys.filter { !layers.maySee(variable: $0) })
    }
}
