package import OpsCore
import OrderedCollections

extension Expression {
    /// Its value in a scope, by the strict rules of ops-recipe(5), "Expressions": no coercion; unknown where a
    /// value it needs is unknown; secret where it derives from a secret, with bytes where all of those have them.
    ///
    /// Throws: a `DiagnosticsError` (`expression-value`, or the scope's own) with the place of the part that
    /// failed. No message holds a secret's bytes.
    package func evaluate(in scope: some ExpressionScope) throws -> Value {
        try ExpressionEvaluator(scope: scope).value(root)
    }
}

/// Walks an expression's parts.
struct ExpressionEvaluator<Scope: ExpressionScope> {
    typealias Term = Expression.Term

    let scope: Scope

    func value(_ term: Term) throws -> Value {
        switch term.kind {
        case .literal(let value): return value
        case .reference(let path): return try reference(path, term.range)
        case .index(let base, let key):
            let base = try value(base)
            return try member(base, try value(key), "the value", at: term.range)
        case .call(let name, let arguments): return try call(name, arguments, term)
        case .not(let operand): return try Logic.not(try value(operand), at: operand.range)
        case .negate(let operand):
            let value = try value(operand)
            return try derived([value], type: value.type, at: term.range) { (values) throws(ExpressionFailure) in
                try Arithmetic.negated(values[0])
            }
        case .binary(.and, let left, let right): return try logic(left, right, decisive: false)
        case .binary(.or, let left, let right): return try logic(left, right, decisive: true)
        case .binary(let sign, let left, let right):
            return try binary(sign, try value(left), try value(right), at: term.range)
        case .list(let items): return .list(try items.map(value))
        }
    }

    private func reference(_ path: [String], _ range: SourceRange) throws -> Value {
        let (found, used) = try scope.value(of: path, at: range)
        var result = found
        for (offset, key) in path.enumerated().dropFirst(used) {
            if case .unknown(let unknown) = result, Taint.names(unknown).isEmpty {
                return .unknown(
                    Unknown(path[..<offset].joined(separator: ".") + "." + path[offset...].joined(separator: ".")))
            }
            let name = path[..<offset].joined(separator: ".")
            result = try member(result, .string(key), name, at: range)
        }
        return result
    }

    /// A member of a list or map is taken as it is: only a base or key that is itself unknown or secret makes
    /// the result so.
    private func member(_ base: Value, _ key: Value, _ name: String, at range: SourceRange) throws -> Value {
        switch (base, key) {
        case (.unknown, _), (.secret, _), (_, .unknown), (_, .secret):
            var isSecret = false
            if case .secret = base { isSecret = true }
            return try derived([base, key], type: .any, at: range) { (values) throws(ExpressionFailure) in
                try MemberAccess.value(values[0], values[1], name: name, isSecret: isSecret)
            }
        default:
            do throws(ExpressionFailure) { return try MemberAccess.value(base, key, name: name) } catch {
                throw Self.failure(error.message, error.hint, at: range)
            }
        }
    }

    /// `&&` and `||`: a known side that decides does so whichever side it is.
    private func logic(_ left: Term, _ right: Term, decisive: Bool) throws -> Value {
        let first = try value(left)
        try Logic.check(first, at: left.range)
        if first.booleanValue == decisive { return first }
        let second = try value(right)
        try Logic.check(second, at: right.range)
        if second.booleanValue == decisive { return second }
        return Logic.combined(first, second, decisive: decisive)
    }

    private func binary(_ sign: Expression.Operator, _ left: Value, _ right: Value, at range: SourceRange) throws
        -> Value
    {
        if sign == .equal || sign == .notEqual,
            let known = Comparison.withNull(left, right, sign: sign)
        {
            return known
        }
        let type = Arithmetic.resultType(sign, left.type, right.type)
        return try derived([left, right], type: type, at: range) { (values) throws(ExpressionFailure) in
            switch sign {
            case .plus, .minus, .times, .divide, .remainder:
                try Arithmetic.value(sign, values[0], values[1])
            default: .boolean(try Comparison.value(sign, values[0], values[1]))
            }
        }
    }

    private func call(_ name: String, _ arguments: [Term], _ term: Term) throws -> Value {
        guard let function = ExpressionFunction.named(name) else {
            throw Self.failure("unknown function '\(name)'", nil, at: term.range)
        }
        if let problem = function.countProblem(arguments.count) {
            throw Self.failure(problem, function.signature, at: term.range)
        }
        if function.isStatus {
            guard let value = try scope.status(name) else {
                throw Self.failure("'\(name)()' stands in a task's 'if' only", nil, at: term.range)
            }
            return value
        }
        switch name {
        case "if": return try choice(arguments)
        case "default": return try fallback(arguments)
        default: break
        }
        let values = try arguments.map(value)
        for (index, value) in values.enumerated() {
            guard let parameter = function.parameter(at: index), !Taint.accepts(value, parameter.types) else {
                continue
            }
            let types = parameter.types.map(\.description).joined(separator: " or ")
            throw Self.failure(
                "'\(name)' takes a \(types) as '\(parameter.name)', not \(ExpressionFunction.describe(value))",
                value.isNull ? "use default(value, '…')" : nil, at: arguments[index].range)
        }
        guard let body = function.body else { return .null }
        return try derived(values, type: function.result, at: term.range, body)
    }

    private func choice(_ arguments: [Term]) throws -> Value {
        let condition = try value(arguments[0])
        try Logic.check(condition, at: arguments[0].range)
        if let known = condition.booleanValue { return try value(arguments[known ? 1 : 2]) }
        let first = try value(arguments[1])
        let second = try value(arguments[2])
        let names = Taint.names(of: [condition, first, second])
        guard !names.isEmpty else {
            let type = first.type == second.type ? first.type : ValueType.any
            return .unknown(Unknown(condition.firstUnknown?.source ?? "if", type: type))
        }
        if case .secret(let secret) = condition, let known = Logic.revealed(secret),
            let text = Taint.revealed(known ? first : second)?.scalarText
        {
            return .secret(Secret(names: names, bytes: Array(text.utf8)))
        }
        return .secret(Secret(planned: names))
    }

    private func fallback(_ arguments: [Term]) throws -> Value {
        let first = try value(arguments[0])
        if first.isNull { return try value(arguments[1]) }
        guard case .unknown(let unknown) = first else { return first }
        let second = try value(arguments[1])
        let names = Taint.names(of: [first, second])
        if !names.isEmpty { return .secret(Secret(planned: names)) }
        var type = unknown.type
        if case .optional(let inner) = type { type = inner }
        return .unknown(Unknown(unknown.source, type: second.type == type ? type : .any))
    }

    /// An operation on values, any of which may be unknown or secret, also inside lists and maps.
    private func derived(
        _ values: [Value], type: ValueType, at range: SourceRange,
        _ body: ([Value]) throws(ExpressionFailure) -> Value
    ) throws -> Value {
        let names = Taint.names(of: values)
        if let unknown = values.lazy.compactMap(\.firstUnknown).first {
            return names.isEmpty
                ? .unknown(Unknown(unknown.source, type: type)) : .secret(Secret(planned: names))
        }
        do throws(ExpressionFailure) {
            if names.isEmpty { return try body(values) }
            let revealed = values.compactMap(Taint.revealed)
            guard revealed.count == values.count else { return .secret(Secret(planned: names)) }
            return Taint.secret(try body(revealed), names: names)
        } catch {
            guard names.isEmpty else {
                throw Self.failure(
                    "this fails on a value that derives from the secret '\(names.joined(separator: "', '"))'", nil,
                    at: range)
            }
            throw Self.failure(error.message, error.hint, at: range)
        }
    }

    private static func failure(_ message: String, _ hint: String?, at range: SourceRange) -> DiagnosticsError {
        DiagnosticsError([Diagnostic(code: "expression-value", message, hint: hint, at: range)])
    }
}
