import OpsCore
import OrderedCollections

/// `+ - * / %` and the minus sign: on numbers only; two integers give an integer, rounded toward zero.
enum Arithmetic {
    static func negated(_ value: Value) throws(ExpressionFailure) -> Value {
        try self.value(.minus, .integer(0), value, sign: "-")
    }

    static func value(
        _ sign: Expression.Operator, _ left: Value, _ right: Value, sign shown: String? = nil
    ) throws(ExpressionFailure) -> Value {
        switch (left, right) {
        case (.integer(let a, _), .integer(let b, _)): return .integer(try integer(sign, a, b))
        case (.integer(let a, _), .number(let b, _)): return .number(try number(sign, Double(a), b))
        case (.number(let a, _), .integer(let b, _)): return .number(try number(sign, a, Double(b)))
        case (.number(let a, _), .number(let b, _)): return .number(try number(sign, a, b))
        default: break
        }
        let wrong = isNumber(left) ? right : left
        var hint: String?
        if sign == .plus, left.stringValue != nil || right.stringValue != nil {
            hint = "join texts as \"${{ a }}${{ b }}\", or with join([a, b], '')"
        } else if wrong.isNull {
            hint = "use default(value, 0)"
        }
        throw ExpressionFailure(
            "'\(shown ?? sign.rawValue)' takes numbers, not \(ExpressionFunction.describe(wrong))", hint: hint)
    }

    private static func isNumber(_ value: Value) -> Bool {
        switch value {
        case .integer, .number: true
        default: false
        }
    }

    private static func integer(_ sign: Expression.Operator, _ a: Int, _ b: Int) throws(ExpressionFailure) -> Int {
        if b == 0, sign == .divide || sign == .remainder { throw ExpressionFailure("division by zero") }
        let (result, overflow) =
            switch sign {
            case .plus: a.addingReportingOverflow(b)
            case .minus: a.subtractingReportingOverflow(b)
            case .times: a.multipliedReportingOverflow(by: b)
            case .divide: a.dividedReportingOverflow(by: b)
            default: a.remainderReportingOverflow(dividingBy: b)
            }
        if overflow { throw ExpressionFailure("the result is no 64-bit integer") }
        return result
    }

    private static func number(_ sign: Expression.Operator, _ a: Double, _ b: Double) throws(ExpressionFailure)
        -> Double
    {
        if b == 0, sign == .divide || sign == .remainder { throw ExpressionFailure("division by zero") }
        let result =
            switch sign {
            case .plus: a + b
            case .minus: a - b
            case .times: a * b
            case .divide: a / b
            default: a.truncatingRemainder(dividingBy: b)
            }
        guard result.isFinite else { throw ExpressionFailure("the result is too large for a number") }
        return result
    }

    /// The type of an operation's result, as far as it is certain.
    static func resultType(_ sign: Expression.Operator, _ left: ValueType, _ right: ValueType) -> ValueType {
        switch sign {
        case .plus, .minus, .times, .divide, .remainder:
            if left == .integer, right == .integer { return .integer }
            return left == .number || right == .number ? .number : .any
        default: return .boolean
        }
    }
}

/// `== != < <= > >= in`: between values of one type.
enum Comparison {
    /// Whether a value is null, where one side is null itself: a boolean, or an unknown one that is no secret,
    /// for whether a secret exists is none.
    static func withNull(_ left: Value, _ right: Value, sign: Expression.Operator) -> Value? {
        guard left.isNull || right.isNull else { return nil }
        let other = left.isNull ? right : left
        if case .unknown(let unknown) = other { return .unknown(Unknown(unknown.source, type: .boolean)) }
        return .boolean(other.isNull == (sign == .equal))
    }

    static func value(_ sign: Expression.Operator, _ left: Value, _ right: Value) throws(ExpressionFailure) -> Bool {
        switch sign {
        case .equal: return try equal(left, right)
        case .notEqual: return try !equal(left, right)
        case .in: return try contains(right, left)
        default: break
        }
        let isLess: (Bool, Bool)
        switch (left, right) {
        case (.string(let a), .string(let b)):
            isLess = (a.utf8.lexicographicallyPrecedes(b.utf8), b.utf8.lexicographicallyPrecedes(a.utf8))
        case (.integer(let a, _), .integer(let b, _)): isLess = (a < b, b < a)
        default:
            guard let a = double(left), let b = double(right) else { throw unlike(left, right, sign.rawValue) }
            if a.isNaN || b.isNaN { return false }
            isLess = (a < b, b < a)
        }
        switch sign {
        case .less: return isLess.0
        case .lessOrEqual: return !isLess.1
        case .greater: return isLess.1
        default: return !isLess.0
        }
    }

    private static func double(_ value: Value) -> Double? {
        switch value {
        case .integer(let number, _): Double(number)
        case .number(let number, _): number
        default: nil
        }
    }

    private static func equal(_ left: Value, _ right: Value) throws(ExpressionFailure) -> Bool {
        switch (left, right) {
        case (.null, _), (_, .null), (.boolean, .boolean), (.string, .string), (.list, .list), (.map, .map):
            return left == right
        default:
            guard double(left) != nil, double(right) != nil else { throw unlike(left, right, "==") }
            return left == right
        }
    }

    private static func contains(_ collection: Value, _ value: Value) throws(ExpressionFailure) -> Bool {
        switch (collection, value) {
        case (.list(let items), _): return items.contains(value)
        case (.map(let map), .string(let key)): return map[key] != nil
        case (.map, _):
            throw ExpressionFailure("the keys of a map are texts, not \(ExpressionFunction.describe(value))")
        case (.string, _): throw ExpressionFailure("'in' takes a list or a map", hint: "use contains(text, part)")
        default: throw ExpressionFailure("'in' takes a list or a map, not \(ExpressionFunction.describe(collection))")
        }
    }

    private static func unlike(_ left: Value, _ right: Value, _ sign: String) -> ExpressionFailure {
        ExpressionFailure(
            "'\(sign)' cannot compare \(ExpressionFunction.describe(left)) with \(ExpressionFunction.describe(right))")
    }
}

/// `not && ||`: on booleans only.
enum Logic {
    /// Throws where a value can be no boolean.
    static func check(_ value: Value, at range: SourceRange) throws(DiagnosticsError) {
        switch value {
        case .boolean: return
        case .secret(let secret) where !secret.isFetched || revealed(secret) != nil: return
        case .unknown(let unknown) where unknown.type.mayBe(.boolean) || !Taint.names(unknown).isEmpty: return
        default: break
        }
        let hint = value.isNull || value.stringValue != nil ? "compare it, as in x != null or x == 'text'" : nil
        throw DiagnosticsError([
            Diagnostic(
                code: "expression-value", "expected a boolean, not \(ExpressionFunction.describe(value))", hint: hint,
                at: range)
        ])
    }

    /// The boolean that derives from a secret.
    static func revealed(_ secret: Secret) -> Bool? {
        switch secret.revealText() {
        case "true": true
        case "false": false
        default: nil
        }
    }

    static func not(_ value: Value, at range: SourceRange) throws(DiagnosticsError) -> Value {
        try check(value, at: range)
        switch value {
        case .boolean(let known): return .boolean(!known)
        case .unknown(let unknown): return unknownOrSecret([value], unknown.source)
        case .secret(let secret):
            guard let known = revealed(secret) else { return value }
            return Taint.secret(.boolean(!known), names: secret.names)
        default: return value
        }
    }

    /// Two sides of which neither is known to decide.
    static func combined(_ left: Value, _ right: Value, decisive: Bool) -> Value {
        if let known = left.booleanValue, right.booleanValue != nil { return .boolean(known) }
        if let unknown = left.firstUnknown ?? right.firstUnknown {
            return unknownOrSecret([left, right], unknown.source)
        }
        func side(_ value: Value) -> Bool? {
            if case .secret(let secret) = value { revealed(secret) } else { value.booleanValue }
        }
        let names = Taint.names(of: [left, right])
        guard let first = side(left), let second = side(right) else { return .secret(Secret(planned: names)) }
        return Taint.secret(.boolean(decisive ? first || second : first && second), names: names)
    }

    private static func unknownOrSecret(_ values: [Value], _ source: String) -> Value {
        let names = Taint.names(of: values)
        return names.isEmpty ? .unknown(Unknown(source, type: .boolean)) : .secret(Secret(planned: names))
    }
}

/// `base.key` and `base[key]`.
enum MemberAccess {
    /// `name` is how the base is called in messages. The text of a secret (never any other) may be JSON: what
    /// `fromJSON` gives of a secret is kept as its text.
    static func value(
        _ base: Value, _ key: Value, name: String = "the value", isSecret: Bool = false
    ) throws(ExpressionFailure) -> Value {
        let shown = name == "the value" ? name : "'\(name)'"
        switch (base, key) {
        case (.map(let map), .string(let key)):
            if let value = map[key] { return value }
            let near = nearestName(to: key, among: map.keys)
            throw ExpressionFailure(
                "\(shown) has no member '\(key)'",
                hint: near.map { "did you mean '\($0)'?" }
                    ?? (map.isEmpty ? nil : "it has \(map.keys.prefix(8).joined(separator: ", "))"))
        case (.list(let items), .integer(let index, _)):
            let place = index < 0 ? items.count + index : index
            guard items.indices.contains(place) else {
                throw ExpressionFailure(
                    "there is no item \(index) in a list of \(items.count)",
                    hint: items.isEmpty ? nil : "items are counted from 0")
            }
            return items[place]
        case (.null, _): throw ExpressionFailure("\(shown) is null", hint: "use default(value, …)")
        case (.list, _): throw ExpressionFailure("an item of a list is taken by its number, as in list[0]")
        case (.map, _): throw ExpressionFailure("a member of a map is taken by its name, as in map['key']")
        case (.string(let text), _):
            if isSecret, text.hasPrefix("{") || text.hasPrefix("["), let value = try? JSONReader.value(text) {
                return try self.value(value, key, name: name)
            }
            throw ExpressionFailure("\(shown) is a text and has no members")
        default: throw ExpressionFailure("\(shown) is \(ExpressionFunction.describe(base)) and has no members")
        }
    }
}
