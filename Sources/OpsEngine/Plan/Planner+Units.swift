import OpsCore
import OpsRecipe
import OrderedCollections

extension Planner {
    /// The recipe itself and the included ones that the tasks stand in become the plan's units: one for each file with
    /// the same values, however many names lead to it. Their values, git facts and secrets are found on the way.
    mutating func makeUnits(for names: [String]) async throws {
        let uses = IncludeUse.all(names, in: root)
        let withheld = Self.withheld(uses.values.lazy.map(\.recipe))
        let caller = callerEnvironment(without: withheld)
        var places: [String: Int] = [:]
        var known: [String: Int] = [:]
        for use in uses.values {
            guard !use.prefix.isEmpty else {
                places[""] = 0
                let grants = PermissionLayers.of(use.recipe, below: request.policy.ceilings) { $0 }
                drafts.append(
                    try await draft(
                        use, inputs: request.inputs, secretNames: nil, grants: grants, caller, withheld))
                continue
            }
            let (above, alias) = IncludeUse.split(use.prefix)
            guard let parent = places[above], let include = drafts[parent].recipe.include[alias],
                let inputs = givenInputs(include, use, from: parent)
            else { continue }
            let secretNames = secretNames(include, use, from: parent)
            let grants = layers(
                of: use.recipe, given: include, by: drafts[parent], prefix: use.prefix, secretNames: secretNames)
            var key = "\(use.recipe.identity)\0\(JSONWriter.text(.map(inputs)))\0\(Self.identity(secretNames, use))"
            if !grants.isEmpty { key += "\0\(grants)" }
            let unit = known[key] ?? drafts.count
            known[key] = unit
            places[use.prefix] = unit
            drafts[parent].children[alias] = unit
            if unit < drafts.count {
                drafts[unit].merge(use)
            } else {
                drafts.append(
                    try await draft(
                        use, inputs: inputs, secretNames: secretNames, grants: grants, caller, withheld))
            }
        }
        guard !diagnostics.contains(where: { $0.severity == .error }) else { return }
        for index in drafts.indices { try await finish(index, withheld) }
    }

    private mutating func draft(
        _ use: IncludeUse, inputs: ValueMap, secretNames: [String: String]?, grants: [Grants],
        _ caller: [String: String], _ withheld: [String]
    ) async throws -> UnitDraft {
        let recipe = use.recipe
        var caller = caller
        let hidden = hidden(by: grants)
        if !hidden.isEmpty { caller = caller.filter { !hidden.contains($0.key) } }
        for (name, secret) in recipe.secrets {
            let full = secretNames?[name] ?? name
            // One that the includer gives is there already.
            if secretOrigins[full] == nil { secretOrigins[full] = SecretOrigin(secret, of: recipe) }
        }
        var early = NameUse(vars: recipe.vars)
        for template in recipe.dotenv { early.add(template) }
        for template in use.givenTemplates { early.add(template) }
        var scope = Scope(
            inputs: inputs, vars: recipe.vars, git: try await gitFacts(early.git, in: recipe.directory),
            host: Scope.hostFacts, recipeDirectory: recipe.folder, secrets: [:], environment: caller)
        scope.secretNames = secretNames
        scope.withheld = withheld
        for name in early.secrets { planSecret(secretNames?[name] ?? name) }
        scope.secrets = secretValues
        scope.environment = try environment(
            of: recipe, above: caller, without: withheld, hidden: hidden, scope: scope)
        return UnitDraft(
            use: use, inputs: inputs, usedInputs: use.prefix.isEmpty ? [] : use.usedInputs, secretNames: secretNames,
            scope: scope, grants: grants)
    }

    /// The values that an included recipe is given; nil where something is wrong with them, which is reported.
    private mutating func givenInputs(_ include: IncludeDeclaration, _ use: IncludeUse, from parent: Int) -> ValueMap? {
        let recipe = use.recipe
        let scope = drafts[parent].scope
        let directory = drafts[parent].recipe.directory
        let bound = collect {
            try InputBinder.bind(
                recipe.inputs, given: scope.given(include.with), to: "the recipe '\(recipe.file)'",
                directory: directory)
        }
        guard let bound else { return nil }
        let missing = use.usedInputs.filter { recipe.inputs[$0] != nil && bound[$0] == nil }.sorted()
        guard missing.isEmpty else {
            let names = missing.map { "'\($0)'" }.joined(separator: ", ")
            let noun = missing.count == 1 ? "input" : "inputs"
            let given = (include.with.keys + missing).map { "\($0): …" }.joined(separator: ", ")
            diagnostics.append(
                Diagnostic(
                    code: "missing-input",
                    "the recipe '\(recipe.file)' needs a value for its \(noun) \(names)",
                    hint: "write { from: \(include.from), with: { \(given) } }", at: include.fromRange))
            return nil
        }
        return bound
    }

    /// The included recipe's secrets: one that it is given is the includer's, any other its own.
    private func secretNames(_ include: IncludeDeclaration, _ use: IncludeUse, from parent: Int) -> [String: String] {
        var names: [String: String] = [:]
        for name in use.recipe.secrets.keys {
            if let own = include.secrets[name]?.wholeSecret {
                names[name] = drafts[parent].secretNames?[own] ?? own
            } else {
                names[name] = use.prefix + name
            }
        }
        return names
    }

    /// What tells one set of given secrets from another: those that the recipe fetches itself are the same.
    private static func identity(_ names: [String: String], _ use: IncludeUse) -> String {
        names.filter { $0.value != use.prefix + $0.key }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: ",")
    }

    private mutating func finish(_ index: Int, _ withheld: [String]) async throws {
        let draft = drafts[index]
        let recipe = draft.recipe
        let isRoot = draft.use.prefix.isEmpty
        let use = nameUse(of: draft)
        for name in use.secrets { planSecret(draft.secretNames?[name] ?? name) }
        let asked = try await gitFacts(use.git, in: recipe.directory)
        let inputs = isRoot ? draft.inputs : draft.inputs.filter { draft.usedInputs.contains($0.key) }
        var environment = draft.scope.environment
        environment.give(inputs)
        // Each step adds a few to its copy, which then need not grow.
        environment.reserveCapacity(environment.count + 16)
        units.append(
            PlanUnit(
                recipe: recipe, prefix: draft.use.prefix, inputs: inputs,
                git: asked.filter { use.git.contains($0.key) },
                environment: BaseEnvironment(variables: environment, withheld: withheld),
                secretNames: draft.secretNames, grants: layers(of: draft)))
    }

    private func nameUse(of draft: UnitDraft) -> NameUse {
        let recipe = draft.recipe
        var use = NameUse(vars: recipe.vars)
        for name in draft.use.tasks { if let task = recipe.tasks[name] { use.add(task) } }
        for template in recipe.env.values { use.add(template) }
        for template in recipe.dotenv { use.add(template) }
        for template in draft.use.givenTemplates { use.add(template) }
        guard draft.use.prefix.isEmpty else { return use }
        use.add(recipe.heartbeat)
        for step in recipe.onFailure + recipe.finally { use.add(step) }
        return use
    }

    /// Git facts of a folder: each is asked once.
    private mutating func gitFacts(_ wanted: Set<String>, in folder: String) async throws -> ValueMap {
        var facts = askedFacts[folder] ?? [:]
        let missing = wanted.subtracting(facts.keys)
        guard !missing.isEmpty else { return facts }
        let more = try await GitFacts.ask(
            missing, in: folder, environment: request.environment, asksDirty: request.isOnline || request.isRun,
            recorded: folder == root.directory ? request.recordedGit : [:])
        facts.merge(more) { $1 }
        askedFacts[folder] = facts
        return facts
    }
}
