import OpsCore
import OpsRecipe
import OrderedCollections

extension Scope {
    /// What a `with` gives: values that are known now, and no secrets.
    ///
    /// Throws: a `DiagnosticsError` with all that is wrong with them.
    func given(_ with: OrderedDictionary<String, Template>) throws -> OrderedDictionary<String, GivenValue> {
        var given: OrderedDictionary<String, GivenValue> = [:]
        var problems: [Diagnostic] = []
        for (name, template) in with {
            do {
                let value = try template.evaluate(in: self)
                if let unknown = value.firstUnknown {
                    problems.append(
                        Diagnostic(
                            code: "unknown-value",
                            "'\(name)' must be known when planned, but \(unknown.source) is known only in a run",
                            at: template.range))
                } else if value.containsSecret {
                    problems.append(
                        .secretFlow(
                            value.secretNames, into: "the input '\(name)'", at: template.range))
                } else {
                    given[name] = GivenValue(value, at: template.range)
                }
            } catch let error as DiagnosticsError { problems += error.diagnostics }
        }
        guard problems.isEmpty else { throw DiagnosticsError(problems) }
        return given
    }
}
