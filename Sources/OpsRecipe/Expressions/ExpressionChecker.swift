package import OpsCore

extension Expression {
    /// Its type, and what is wrong with it whatever the values are.
    package func check(with types: some ExpressionTypes) -> (type: ValueType, diagnostics: [Diagnostic]) {
        var checker = ExpressionChecker(types: types)
        let type = checker.type(root)
        return (type, checker.diagnostics)
    }
}

/// Infers types from the leaves up; a part with a problem counts as `any`, so that one mistake is told once.
struct ExpressionChecker<Types: ExpressionTypes> {
    typealias Term = Expression.Term

    let types: Types
    var diagnostics: [Diagnostic] = []

    init(types: Types) { self.types = types }

    private mutating func report(_ message: String, hint: String? = nil, at range: SourceRange) -> ValueType {
        diagnostics.append(Diagnostic(code: "expression-type", message, hint: hint, at: range))
        return .any
    }

    mutating func type(_ term: Term) -> ValueType {
        switch term.kind {
        case .literal(let value): return value.type
        case .reference(let path): return reference(path, term.range)
        case .index(let base, let key):
            let found = type(base)
            return member(of: found, keyed: type(key), at: term.range)
        case .call(let name, let arguments): return call(name, arguments, term)
        case .not(let operand): return logic(type(operand), at: operand.range)
        case .negate(let operand):
            let found = type(operand)
            return number(found, sign: "-", at: operand.range)
        case .binary(let sign, let left, let right): return binary(sign, left, right, term)
        case .list(let items):
            let found = items.map { type($0) }
            guard let first = found.first, found.allSatisfy({ $0 == first }) else { return .list(.any) }
            return .list(first)
        }
    }

    private mutating func reference(_ path: [String], _ range: SourceRange) -> ValueType {
        do {
            var (found, used) = try types.type(of: path, at: range)
            for key in path.dropFirst(used) {
                if case .list = found.withoutNull {
                    return report(
                        "an item of a list is taken by its number, not '\(key)'", hint: "as in list[0]", at: range)
                }
                found = member(of: found, keyed: .string, at: range)
            }
            return found
        } catch let error as DiagnosticsError {
            diagnostics += error.diagnostics
        } catch {
            return report(OpsError.text(of: error), at: range)
        }
        return .any
    }

    private mutating func member(of base: ValueType, keyed key: ValueType, at range: SourceRange) -> ValueType {
        switch base.withoutNull {
        case .any: return .any
        case .secret: return .secret
        case .list(let element):
            if key.mayBe(.integer) { return element }
            return report("an item of a list is taken by its number, not by a \(key)", at: range)
        case .map:
            if key.mayBe(.string) || key.withoutNull == .secret { return .any }
            return report("a member of a map is taken by its name, not by a \(key)", at: range)
        default: return report("a value of type \(base) has no members", at: range)
        }
    }

    /// The type of a boolean operand: `boolean`, or `secret` where it derives from one.
    private mutating func logic(_ found: ValueType, at range: SourceRange) -> ValueType {
        switch found.withoutNull {
        case .boolean, .any: return .boolean
        case .secret: return .secret
        default:
            let hint: String? =
                switch found.withoutNull {
                case .string: "compare it, as in x == 'text'"
                case .integer, .number: "compare it, as in x > 0"
                default: "compare it, as in x != null"
                }
            _ = report("expected a boolean, not a value of type \(found)", hint: hint, at: range)
            return .boolean
        }
    }

    private mutating func number(_ found: ValueType, sign: String, at range: SourceRange) -> ValueType {
        switch found.withoutNull {
        case .integer, .number, .any: return found.withoutNull
        default:
            let hint =
                sign == "+" && (found.withoutNull == .string || found.withoutNull == .secret)
                ? "join texts as \"${{ a }}${{ b }}\", or with join([a, b], '')" : nil
            return report("'\(sign)' takes numbers, not a value of type \(found)", hint: hint, at: range)
        }
    }

    private mutating func binary(_ sign: Expression.Operator, _ left: Term, _ right: Term, _ term: Term) -> ValueType {
        let first = type(left)
        let second = type(right)
        let isSecret = first.isSecret || second.isSecret
        switch sign {
        case .and, .or:
            let types = [logic(first, at: left.range), logic(second, at: right.range)]
            return types.contains(.secret) ? .secret : .boolean
        case .plus, .minus, .times, .divide, .remainder:
            let count = diagnostics.count
            let types = [
                number(first, sign: sign.rawValue, at: left.range),
                number(second, sign: sign.rawValue, at: right.range),
            ]
            // `'a' + 'b'` is one mistake.
            if diagnostics.count > count + 1 { diagnostics.removeLast() }
            return Arithmetic.resultType(sign, types[0], types[1])
        case .equal, .notEqual:
            if first == .null || second == .null { return .boolean }
            if !Self.areAlike(first, second) { return unlike(sign, first, second, term.range) }
        case .in:
            switch second.withoutNull {
            case .list, .map, .any, .secret: break
            case .string: return report("'in' takes a list or a map", hint: "use contains(text, part)", at: right.range)
            default: return report("'in' takes a list or a map, not a value of type \(second)", at: right.range)
            }
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            if !Self.areAlike(first, second) || !first.isOrdered || !second.isOrdered {
                return unlike(sign, first, second, term.range)
            }
        }
        return isSecret ? .secret : .boolean
    }

    private mutating func unlike(
        _ sign: Expression.Operator, _ first: ValueType, _ second: ValueType, _ range: SourceRange
    )
        -> ValueType
    {
        _ = report("'\(sign.rawValue)' cannot compare a value of type \(first) with one of type \(second)", at: range)
        return .boolean
    }

    private static func areAlike(_ left: ValueType, _ right: ValueType) -> Bool {
        switch (left.withoutNull, right.withoutNull) {
        case (.any, _), (_, .any), (.list, .list): true
        case (.integer, .number), (.number, .integer): true
        case (.secret, .string), (.string, .secret): true
        case (let a, let b): a == b
        }
    }

    private mutating func call(_ name: String, _ arguments: [Term], _ term: Term) -> ValueType {
        let found = arguments.map { type($0) }
        guard let function = ExpressionFunction.named(name) else {
            return report("unknown function '\(name)'", at: term.range)
        }
        if function.isStatus, !types.allowsStatusFunctions {
            return report("'\(name)()' stands in a task's 'if' only", at: term.range)
        }
        if let problem = function.countProblem(arguments.count) {
            return report(problem, hint: function.signature, at: term.range)
        }
        let isSecret = found.contains(where: \.isSecret)
        switch name {
        case "if":
            if logic(found[0], at: arguments[0].range) == .secret { return .secret }
            return Self.common(found[1], found[2])
        case "default":
            return found[0].withoutNull == .null ? found[1] : Self.common(found[0].withoutNull, found[1])
        default: break
        }
        for (index, type) in found.enumerated() {
            guard let parameter = function.parameter(at: index), !type.isSecret,
                !parameter.types.contains(where: { type.mayBe($0) })
            else { continue }
            let types = parameter.types.map(\.description).joined(separator: " or ")
            _ = report(
                "'\(name)' takes a \(types) as '\(parameter.name)', not a value of type \(type)",
                hint: function.signature, at: arguments[index].range)
        }
        if name == "format" || name == "join" {
            for (type, argument) in zip(found, arguments).dropFirst(name == "format" ? 1 : 0) {
                var piece = type
                if name == "join" {
                    guard case .list(let element) = type else { break }
                    piece = element
                }
                if let hint = piece.hintAsText {
                    _ = report("a value of type \(piece) cannot be part of a text", hint: hint, at: argument.range)
                }
            }
        }
        return isSecret ? .secret : function.result
    }

    private static func common(_ left: ValueType, _ right: ValueType) -> ValueType {
        if left == right { return left }
        if left.isSecret || right.isSecret { return .secret }
        if left == .null { return .optional(right.withoutNull) }
        if right == .null { return .optional(left.withoutNull) }
        return .any
    }
}

extension ValueType {
    /// The type without `or null`.
    var withoutNull: ValueType { if case .optional(let inner) = self { inner } else { self } }

    /// A secret, or a list of them: what is made of it is secret.
    var isSecret: Bool {
        switch withoutNull {
        case .secret: true
        case .list(let element): element.isSecret
        default: false
        }
    }

    /// `<` is defined for it.
    var isOrdered: Bool {
        switch withoutNull {
        case .integer, .number, .string, .secret, .any: true
        default: false
        }
    }

    /// What to do where it cannot be part of a text; nil where it can.
    var hintAsText: String? {
        switch self {
        case .list: "use join(list, ',') or toJSON(list)"
        case .map: "use toJSON(map)"
        case .null: "use default(value, '…')"
        case .optional(let inner): inner.hintAsText
        default: nil
        }
    }
}
