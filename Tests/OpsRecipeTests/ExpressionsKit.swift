import OpsCore
import OpsRecipe
import OpsYAML
import OrderedCollections
import Testing

/// Names with fixed values.
struct FixedScope: ExpressionScope, ExpressionTypes {
    var values: ValueMap = [
        "inputs": .map(["version": .string("1.2.3"), "n": .integer(3), "on": .boolean(true), "none": .null, "size": .number(5.1, spelling: "5.10")]),
        "vars": .map(["list": .list([.string("a"), .string("b")]), "map": .map(["k": .string("v")]), "mixed": .list([.string("a"), .secret(Secret(names: ["two"], bytes: Array("t0p".utf8)))])]),
        "args": .list([.string("x"), .integer(2)]),
        "git": .map(["commit-time": .integer(1_700_000_000), "branch": .string("main")]),
        "u": .unknown(Unknown("needs.push.outputs.digest", type: .string)),
        "ub": .unknown(Unknown("needs.a.outputs.flag", type: .boolean)),
        "any": .unknown(Unknown("needs.a.outputs.any")),
        "ui": .unknown(Unknown("needs.a.outputs.count", type: .integer)),
        "optional": .unknown(Unknown("secrets.maybe", type: .optional(.secret))),
        "planned": .secret(Secret(planned: ["one"])),
        "secret": .secret(Secret(names: ["two"], bytes: Array("s3cret".utf8))),
        "creds": .secret(Secret(names: ["json"], bytes: Array(#"{"password":"pw","n":[1,2]}"#.utf8))),
        "needs": .map(["common:lint": .map(["outputs": .map(["x": .integer(7)])])]),
    ]
    var hasStatus = true
    var allowsStatusFunctions: Bool { hasStatus }

    func value(of path: [String], at range: SourceRange) throws -> (value: Value, used: Int) {
        guard let value = values[path[0]] else {
            throw DiagnosticsError([
                Diagnostic(
                    code: "unknown-name", "unknown name '\(path[0])'",
                    hint: nearestName(to: path[0], among: values.keys).map { "did you mean '\($0)'?" }, at: range)
            ])
        }
        return (value, 1)
    }

    func status(_ function: String) throws -> Value? { hasStatus ? .boolean(function != "failure") : nil }

    func type(of path: [String], at range: SourceRange) throws -> (type: ValueType, used: Int) {
        let (value, used) = try value(of: path, at: range)
        if path.count > 1, let inner = value[key: path[1]] { return (inner.type, 2) }
        return (value.type, used)
    }
}

extension Value {
    subscript(key key: String) -> Value? { self[key] }
}

let origin = SourceRange(
    file: "f", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))

/// A value as the tables write it: JSON, `unknown(source: type)`, `secret(names: text)`.
func shown(_ value: Value) -> String {
    switch value {
    case .unknown(let unknown): "unknown(\(unknown.source): \(unknown.type))"
    case .secret(let secret): "secret(\(secret.names.joined(separator: " ")): \(secret.revealText() ?? "-"))"
    case .list(let items): "[" + items.map(shown).joined(separator: ",") + "]"
    default: JSONWriter.text(value)
    }
}

/// `COLUMN code: message [hint]` of each diagnostic.
func shown(_ error: any Error) -> String {
    guard let error = error as? DiagnosticsError else { return String(describing: error) }
    return error.diagnostics.map(shown).joined(separator: "\n")
}

func shown(_ one: Diagnostic) -> String {
    let place = one.range.map { ($0.start.line > 1 ? "\($0.start.line):" : "") + String($0.start.column) } ?? "?"
    return "\(place) \(one.message)" + (one.hint.map { " [\($0)]" } ?? "")
}

func evaluated(_ text: String, _ scope: FixedScope = FixedScope()) -> String {
    do { return shown(try Expression.parse(text, at: origin).evaluate(in: scope)) } catch { return shown(error) }
}

func node(_ yaml: String) throws -> Node {
    guard case .mapping(let entries) = try YAML.parse(Array(yaml.utf8), file: "f").content else {
        throw OpsError(.invalid, "not a map")
    }
    return entries[0].value
}
