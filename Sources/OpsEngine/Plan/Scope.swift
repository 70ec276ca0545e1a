package import OpsCore
package import OpsRecipe
import OpsSystem
package import OrderedCollections

/// The values behind an expression's names, in a plan (where what only a run can know is unknown) or a run.
package struct Scope: ExpressionScope, Sendable {
    package var inputs: ValueMap
    package var vars: OrderedDictionary<String, Template>
    package var git: ValueMap
    package var host: ValueMap
    package var recipeDirectory: String
    /// By their names in the plan, such as `common:token`.
    package var secrets: [String: Value]
    /// What the recipe's own names of secrets are called in the plan; nil where they are the same.
    package var secretNames: [String: String]?
    /// `run.id`, `run.started`, `run.temp`; nil while planning.
    package var run: ValueMap?
    /// The environment below the layers of `env`.
    package var environment: [String: String]
    /// Variables that are not in it because an `env://` reference names them.
    package var withheld: [String] = []
    /// `env` of recipe, task and step as far as evaluated: later ones replace; null unsets.
    package var layers: ValueMap = [:]
    package var matrix: ValueMap = [:]
    package var arguments: [String] = []
    /// By alias: a map of `outputs`, `result`, `matrix`.
    package var needs: [String: Value] = [:]
    /// By step id: a map of `outputs` and `result`.
    package var steps: [String: Value] = [:]
    package var statuses: StatusFunctions?

    package func value(of path: [String], at range: SourceRange) throws -> (value: Value, used: Int) {
        guard path.count > 1 else { return (try whole(path[0], range), 1) }
        let key = path[1]
        switch path[0] {
        case "inputs": return (try known(inputs[key], key, inputs.keys, "input", range), 2)
        case "vars":
            guard let template = vars[key] else { return (try known(nil, key, vars.keys, "var", range), 2) }
            return (try template.evaluate(in: self), 2)
        case "env":
            if let value = layers[key] ?? environment[key].map({ .string($0) }) { return (value, 2) }
            guard !withheld.contains(key) else {
                throw DiagnosticsError([
                    Diagnostic(
                        code: "withheld", "the variable '\(key)' is withheld: a secret is read from it",
                        hint: "name the secret, as in secrets.NAME or secrets.NAME != null", at: range)
                ])
            }
            return (.null, 2)
        case "secrets":
            return (try known(secret(key), key, (secretNames ?? [:]).keys.sorted(), "secret", range), 2)
        case "matrix": return (try known(matrix[key], key, matrix.keys, "matrix axis", range), 2)
        case "needs": return (try known(needs[key], key, needs.keys.sorted(), "need", range), 2)
        case "steps": return (try known(steps[key], key, steps.keys.sorted(), "step", range), 2)
        case "git": return (try known(git[key], key, git.keys, "git fact", range), 2)
        case "host": return (try known(host[key], key, host.keys, "host fact", range), 2)
        case "run":
            guard let run else { return (.unknown(Unknown("run.\(key)", type: .string)), 2) }
            return (try known(run[key], key, run.keys, "run fact", range), 2)
        case "recipe" where key == "dir": return (.string(recipeDirectory), 2)
        default: return (try whole(path[0], range), 1)
        }
    }

    /// A secret by the name that the recipe has for it, and that name as the plan has it.
    func secret(_ name: String) -> Value? { secrets[secretName(name)] }

    /// Takes variables of the caller away.
    mutating func withhold(_ names: Set<String>) {
        for name in names { environment[name] = nil }
    }

    func secretName(_ name: String) -> String { secretNames?[name] ?? name }

    package func status(_ function: String) throws -> Value? { statuses?.value(function) }

    /// `host.os`, `host.arch`, `host.cpus`.
    static let hostFacts: ValueMap = [
        "os": .string(Host.system), "arch": .string(Host.architecture), "cpus": .integer(Host.processors),
    ]

    private func whole(_ name: String, _ range: SourceRange) throws -> Value {
        switch name {
        case "args": return .list(arguments.map { .string($0) })
        case "inputs": return .map(inputs)
        case "matrix": return .map(matrix)
        case "git": return .map(git)
        case "host": return .map(host)
        case "vars": return .map(try vars.mapValues { try $0.evaluate(in: self) })
        default:
            throw DiagnosticsError([
                Diagnostic(
                    code: "unknown-name", "'\(name)' is not a value by itself", hint: "name a member of it", at: range)
            ])
        }
    }

    private func known(
        _ value: Value?, _ key: String, _ names: some Sequence<String>, _ kind: String, _ range: SourceRange
    ) throws -> Value {
        if let value { return value }
        let hint = nearestName(to: key, among: names).map { "did you mean '\($0)'?" }
        throw DiagnosticsError([Diagnostic(code: "unknown-name", "unknown \(kind) '\(key)'", hint: hint, at: range)])
    }
}

/// What `success()`, `failure()` and `always()` give in a task's `if`.
package enum StatusFunctions: Sendable {
    case planning
    /// Whether all ancestors are satisfied, and whether any failed.
    case running(succeeded: Bool, failed: Bool)

    func value(_ function: String) -> Value? {
        switch (function, self) {
        case ("always", _): .boolean(true)
        case (_, .planning): .unknown(Unknown("\(function)()", type: .boolean))
        case ("success", .running(let succeeded, _)): .boolean(succeeded)
        case ("failure", .running(_, let failed)): .boolean(failed)
        default: nil
        }
    }
}

/// One task's place in another's `needs`: what `needs.NAME` gives.
package struct NeedValue {
    /// Outputs and results of the instances, in matrix order.
    package var instances: [(outputs: ValueMap, result: Value, matrix: ValueMap)]
    package var isMatrix: Bool

    /// A map of `outputs`, `result` and `matrix`; a matrix task's outputs are lists.
    package var value: Value {
        guard isMatrix else {
            let only = instances.first
            return .map([
                "outputs": .map(only?.outputs ?? [:]), "result": only?.result ?? .null, "matrix": .null,
            ])
        }
        var outputs: ValueMap = [:]
        for name in OrderedSet(instances.flatMap(\.outputs.keys)) {
            outputs[name] = .list(instances.map { $0.outputs[name] ?? .null })
        }
        return .map([
            "outputs": .map(outputs), "result": result, "matrix": .list(instances.map { .map($0.matrix) }),
        ])
    }

    /// The worst of the instances' results; unknown while one is.
    private var result: Value {
        if let unknown = instances.first(where: { $0.result.containsUnknown }) { return unknown.result }
        let results = instances.compactMap(\.result.stringValue)
        for worst in ["failed", "timed-out", "cancelled"] where results.contains(worst) { return .string(worst) }
        return .string(results.contains("succeeded") ? "succeeded" : results.first ?? "skipped")
    }
}
