import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

/// A step's templates evaluated in a scope: what its action is given. The same for plan and run.
struct StepBinding {
    var action: any Action
    var arguments: Arguments
    /// What the arguments were evaluated from.
    var template: Template
    var options: StepOptions
    /// The scope with the step's own `env` on top.
    var scope: Scope
    /// Private files: the variable that is to hold the path, and the content.
    var files: [(variable: String, content: Value)]

    /// Evaluates `env`, the action's arguments, `stdin` and `stdout`.
    ///
    /// Throws: a `DiagnosticsError` with the place of what is wrong.
    init(_ step: PlannedStep, task: String, scope: Scope, catalog: PluginCatalog) throws {
        var scope = scope
        try scope.extend(with: step.definition.env)
        let call = step.definition.action
        guard let action = catalog.actions[call.name] else {
            throw DiagnosticsError([
                Diagnostic(code: "unknown-action", "unknown action '\(call.name)'", at: call.nameRange)
            ])
        }
        let value = try call.arguments.evaluate(in: scope)
        template = call.arguments
        arguments = try ArgumentBinder.bind(action.declaration, value: value, template: call.arguments)
        let definition = step.definition
        var output: String?
        if let template = definition.standardOutput { output = try scope.text(template, "stdout") }
        options = StepOptions(
            task: task, step: step.name ?? String(step.id.index + 1), shell: step.shell,
            standardInput: try definition.standardInput?.evaluate(in: scope), standardOutput: output,
            isInteractive: definition.isInteractive, arguments: scope.arguments,
            returns: definition.returns.map { returns in
                switch returns {
                case .standardOutput(let name): .standardOutput(name)
                case .declared(let types):
                    .declared(Dictionary(types.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }))
                }
            })
        files = []
        for (variable, template) in step.files {
            let content = try template.evaluate(in: scope)
            switch content {
            case .null, .list, .map:
                throw DiagnosticsError([
                    Diagnostic(
                        code: "wrong-type", "the file of '\(variable)' needs text, got \(content.type)",
                        hint: "use default(), join() or toJSON()", at: template.range)
                ])
            default: files.append((variable, content))
            }
        }
        self.action = action
        self.scope = scope
    }

    /// All that the step is given in which a secret may be.
    var secretHolders: [Value] {
        Array(scope.layers.values) + files.map(\.content) + arguments.values.values
            + (options.standardInput.map { [$0] } ?? [])
    }
}

extension ArgumentFailure {
    /// The error with the place of the argument in the recipe.
    func located(in template: Template, of recipe: Recipe) -> OpsError {
        var error = error
        error.location = error.location ?? ArgumentPlace.find(path, in: template, of: recipe)
        return error
    }
}

extension Scope {
    /// Puts a layer of `env` on top: text, numbers, booleans, secrets; null unsets.
    mutating func extend(with env: OrderedDictionary<String, Template>) throws {
        for (name, template) in env {
            let value = try template.evaluate(in: self)
            switch value {
            case .list, .map:
                throw DiagnosticsError([
                    Diagnostic(
                        code: "wrong-type", "the variable '\(name)' needs text, got \(value.type)",
                        hint: "use join() or toJSON()", at: template.range)
                ])
            default: layers[name] = value
            }
        }
    }

    /// A template's text where it must be known now and may not be a secret: `dir`, `confirm`, `name` …
    ///
    /// Throws: a `DiagnosticsError` for an unknown, a secret, a list or a map.
    func text(_ template: Template, _ key: String) throws -> String {
        let value = try template.evaluate(in: self)
        if let unknown = value.firstUnknown {
            throw DiagnosticsError([
                Diagnostic(
                    code: "unknown-value",
                    "'\(key)' must be known when planned, but \(unknown.source) is known only in a run",
                    at: template.range)
            ])
        }
        if value.containsSecret {
            throw DiagnosticsError([.secretFlow(value.secretNames, into: "'\(key)'", at: template.range)])
        }
        guard let text = value.scalarText else {
            throw DiagnosticsError([
                Diagnostic(code: "wrong-type", "'\(key)' needs text, got \(value.type)", at: template.range)
            ])
        }
        return text
    }

    /// The environment as far as it is known, secrets left out. For plans.
    var knownEnvironment: [String: String] {
        guard !layers.isEmpty else { return environment }
        var result = environment
        for (name, value) in layers { result[name] = value.scalarText }
        return result
    }

    /// The whole environment, secrets revealed. For child processes only.
    ///
    /// Throws: an `OpsError` where a secret has no bytes or holds a zero byte.
    func revealedEnvironment() throws -> [String: String] {
        guard !layers.isEmpty else { return environment }
        var result = environment
        for (name, value) in layers {
            guard case .secret(let secret) = value else {
                result[name] = value.scalarText
                continue
            }
            guard let text = secret.revealText(), !text.utf8.contains(0) else {
                throw OpsError(
                    .invalid, "\(secret) cannot go into the variable \(name): it is not text",
                    hint: "give it by stdin")
            }
            result[name] = text
        }
        return result
    }
}
