package import OpsCore
import OpsPlugin
import OrderedCollections

/// Walks values along declared parameters and collects what does not fit.
struct ParameterReader {
    var diagnostics: [Diagnostic] = []
    /// False where unknown and missing parameters were reported already.
    var checksNames = true

    private mutating func report(_ code: String, _ message: String, hint: String? = nil, at range: SourceRange) {
        diagnostics.append(Diagnostic(code: code, message, hint: hint, at: range))
    }

    /// The value behind an action key.
    mutating func arguments(
        _ value: LocatedValue, _ declaration: ActionDeclaration, at nameRange: SourceRange
    ) -> ValueMap {
        switch value.content {
        case .map(let members):
            return record(members, declaration.parameters, declaration.name, at: nameRange)
        case .value(.null):
            return record([], declaration.parameters, declaration.name, at: nameRange)
        case .checked: return [:]
        case .value(.unknown(let unknown)) where declaration.shorthand == nil && unknown.type.mayBe(.map):
            return [:]
        default:
            guard let shorthand = declaration.shorthand else {
                report(
                    "wrong-type", "\(declaration.name) needs a map of parameters, got \(value.kindName)",
                    at: value.range)
                return [:]
            }
            let member = LocatedValue.Member(key: shorthand, keyRange: nameRange, value: value)
            return record([member], declaration.parameters, declaration.name, at: nameRange)
        }
    }

    private mutating func record(
        _ members: [LocatedValue.Member], _ parameters: [Parameter], _ label: String, at range: SourceRange
    ) -> ValueMap {
        var given: [String: LocatedValue] = [:]
        var meant: Set<String> = []
        for member in members {
            given[member.key] = member.value
            guard checksNames, !parameters.contains(where: { $0.name == member.key }) else { continue }
            let names = parameters.map(\.name)
            let near = nearestName(to: member.key, among: names)
            near.map { _ = meant.insert($0) }
            let known = names.isEmpty ? "it has no parameters" : "known: \(names.joined(separator: ", "))"
            report(
                "unknown-parameter", "\(label) has no parameter '\(member.key)'",
                hint: near.map { "did you mean '\($0)'?" } ?? known, at: member.keyRange)
        }
        var result: ValueMap = [:]
        for parameter in parameters {
            guard let value = given[parameter.name], !value.isNull else {
                if let value = parameter.defaultValue {
                    result[parameter.name] = value
                } else if parameter.isRequired, checksNames, !meant.contains(parameter.name) {
                    report(
                        "missing-parameter", "\(label) needs '\(parameter.name)'",
                        hint: "add '\(parameter.name)': \(inSentence(parameter.summary))",
                        at: given[parameter.name]?.range ?? range)
                }
                continue
            }
            result[parameter.name] = self.value(
                value, parameter.type, "'\(parameter.name)' of \(label)", takesSecret: parameter.isSecret)
        }
        return result
    }

    private mutating func value(
        _ located: LocatedValue, _ type: ParameterType, _ what: String, takesSecret: Bool
    ) -> Value {
        switch (type, located.content) {
        case (_, .checked): return .null
        case (_, .value(.unknown(let unknown))):
            if case .secret = unknown.type.wrapped { return secret([unknown.source], located, what, takesSecret) }
            if type.mayTake(unknown.type) { return .unknown(unknown) }
            report(
                "wrong-type", "\(what) needs \(type.text), got a value of type \(unknown.type)", at: located.range)
            return .null
        case (.limited(let inner, let limits), _):
            let known = diagnostics.count
            let result = value(located, inner, what, takesSecret: takesSecret)
            if diagnostics.count == known, let problem = limits.problem(of: result) {
                report("invalid-value", "\(what) \(problem)", at: located.range)
            }
            return result
        case (_, .value(.secret(let secret))):
            _ = self.secret(secret.names, located, what, takesSecret)
            return .secret(secret)
        case (.oneOrMore(let element), .list(let items)), (.list(let element), .list(let items)):
            return .list(list(items, element, what, takesSecret))
        case (.oneOrMore(let element), _):
            return .list([value(located, element, what, takesSecret: takesSecret)])
        case (.map(let element), .map(let members)):
            var map: ValueMap = [:]
            for member in members {
                map[member.key] =
                    member.value.isNull
                    ? .null : value(member.value, element, "'\(member.key)' in \(what)", takesSecret: takesSecret)
            }
            return .map(map)
        case (.record(let parameters), .map(let members)):
            return .map(record(members, parameters, what, at: members.first?.keyRange ?? located.range))
        case (.any, _): return any(located, what, takesSecret)
        case (_, .value(let value)): return scalar(value, located, type, what)
        default:
            wrong(located, type, what)
            return .null
        }
    }

    private mutating func list(
        _ items: [LocatedValue], _ element: ParameterType, _ what: String, _ takesSecret: Bool
    ) -> [Value] {
        items.enumerated().map { index, item in
            let name = "item \(index + 1) of \(what)"
            guard !item.isNull else {
                wrong(item, element, name)
                return .null
            }
            return value(item, element, name, takesSecret: takesSecret)
        }
    }

    /// A value of any form, in which secrets are still looked for.
    private mutating func any(_ located: LocatedValue, _ what: String, _ takesSecret: Bool) -> Value {
        switch located.content {
        case .value(let value): return value
        case .list(let items): return .list(items.map { value($0, .any, what, takesSecret: takesSecret) })
        case .map(let members):
            var map: ValueMap = [:]
            for member in members { map[member.key] = value(member.value, .any, what, takesSecret: takesSecret) }
            return .map(map)
        case .checked: return .null
        }
    }

    private mutating func secret(
        _ names: [String], _ located: LocatedValue, _ what: String, _ takesSecret: Bool
    ) -> Value {
        if !takesSecret { diagnostics.append(.secretFlow(names, into: what, at: located.range)) }
        return .secret(Secret(planned: names))
    }

    private mutating func scalar(
        _ value: Value, _ located: LocatedValue, _ type: ParameterType, _ what: String
    ) -> Value {
        let text = value.scalarText
        switch type {
        case .boolean where value.booleanValue != nil, .integer where value.integerValue != nil: return value
        case .number:
            switch value {
            case .integer, .number: return value
            default: break
            }
        case .string, .glob:
            if text != nil { return value }
        case .path:
            if let text, !text.isEmpty { return value }
        case .choice(let words):
            if let text, words.contains(text) { return .string(text) }
            if let text {
                let near = nearestName(to: text, among: words)
                report(
                    "invalid-value", "\(what) is one of \(words.joined(separator: ", ")), not '\(text)'",
                    hint: near.map { "did you mean '\($0)'?" }, at: located.range)
                return .null
            }
        case .duration:
            if let text, Duration.parse(text) != nil { return value }
        case .size:
            if let text, ByteSize.parse(text) != nil { return value }
        case .mode:
            let isNumber = value.stringValue == nil
            if let text, FileMode.parse(text) != nil, !isNumber || text.hasPrefix("0o") { return value }
        default: break
        }
        wrong(located, type, what)
        return .null
    }

    private mutating func wrong(_ located: LocatedValue, _ type: ParameterType, _ what: String) {
        var hint: String?
        if case .value(let value) = located.content, let text = value.scalarText {
            switch type {
            case .list: hint = "write [ \(text) ]"
            case .boolean where ["yes", "on", "y"].contains(text.lowercased()): hint = "write true"
            case .boolean where ["no", "off", "n"].contains(text.lowercased()): hint = "write false"
            case .duration where value.integerValue != nil: hint = "a number needs a unit: \(text)s"
            case .size where value.integerValue != nil: hint = "a number needs a unit: \(text)B"
            case .mode where value.integerValue != nil: hint = "quote it: \"\(text)\""
            default: break
            }
        }
        report("wrong-type", "\(what) needs \(type.text), got \(located.kindName)", hint: hint, at: located.range)
    }
}

extension Diagnostic {
    /// A secret where it would be seen (design promise 3).
    package static func secretFlow(_ names: [String], into what: String, at range: SourceRange) -> Diagnostic {
        let subject =
            names.count == 1
            ? "the secret '\(names[0])'" : "the secrets \(names.map { "'\($0)'" }.joined(separator: ", "))"
        return Diagnostic(
            code: "secret-flow", "\(subject) cannot go into \(what)",
            hint: "a secret goes only into 'env', 'stdin', 'files' or a parameter declared secret", at: range)
    }
}

extension ValueType {
    /// Without the `or null`.
    var wrapped: ValueType { if case .optional(let inner) = self { inner.wrapped } else { self } }
}

extension ParameterType {
    /// How a message names what is wanted.
    var text: String {
        switch self {
        case .any: "a value"
        case .string: "text"
        case .boolean: "true or false"
        case .integer: "a whole number"
        case .number: "a number"
        case .duration: "a duration such as 30s"
        case .size: "a size such as 10MiB"
        case .mode: "a mode such as \"0755\""
        case .path: "a path"
        case .glob: "a glob"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .list(.string), .list(.path), .list(.glob): "a list of texts"
        case .list(.record): "a list of maps"
        case .list: "a list"
        case .oneOrMore(let element): "\(element.text), or a list of them"
        case .map, .record: "a map"
        case .limited(let inner, _): inner.text
        }
    }

    /// True where a value of this type, known before a run, may fit.
    func mayTake(_ type: ValueType) -> Bool {
        switch self {
        case .any: true
        case .string, .duration, .size, .mode, .path, .glob, .choice:
            [ValueType.string, .integer, .number, .boolean].contains { type.mayBe($0) }
        case .boolean: type.mayBe(.boolean)
        case .integer: type.mayBe(.integer)
        case .number: type.mayBe(.number)
        case .list(let element):
            if case .list(let inner) = type.wrapped { element.mayTake(inner) } else { type.mayBe(.list(.any)) }
        case .oneOrMore(let element):
            element.mayTake(type) || ParameterType.list(element).mayTake(type)
        case .map, .record: type.mayBe(.map)
        case .limited(let inner, _): inner.mayTake(type)
        }
    }
}
