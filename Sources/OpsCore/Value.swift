public import OrderedCollections

/// A map of the recipe language: text keys in the order they were written.
public typealias ValueMap = OrderedDictionary<String, Value>

/// A value of the recipe language (ops-recipe(5), "Expressions").
public enum Value: Sendable {
    case null
    case boolean(Bool)
    /// A whole number; `spelling` is its text in the source, kept so that `007` stays `007`.
    case integer(Int, spelling: String? = nil)
    /// A number with a fraction or exponent; `spelling` keeps `5.10` as it was written.
    case number(Double, spelling: String? = nil)
    case string(String)
    case list([Value])
    case map(ValueMap)
    /// A value that only a run can know.
    case unknown(Unknown)
    case secret(Secret)
}

/// Why a value is not known yet, and its type where that is certain.
public struct Unknown: Sendable, Hashable {
    /// The name that will give it, such as `needs.push.outputs.digest`.
    public var source: String
    public var type: ValueType

    public init(_ source: String, type: ValueType = .any) {
        self.source = source
        self.type = type
    }
}

extension Value: Equatable {
    /// Values are equal when their types and contents are; `1 == 1.0`; spellings do not count.
    /// Unknowns are equal when they have the same source; a secret equals nothing.
    public static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a, _), .integer(let b, _)): a == b
        case (.integer(let a, _), .number(let b, _)), (.number(let b, _), .integer(let a, _)):
            Double(a) == b
        case (.number(let a, _), .number(let b, _)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.map(let a), .map(let b)): a.count == b.count && a.allSatisfy { b[$0.key] == $0.value }
        case (.unknown(let a), .unknown(let b)): a == b
        default: false
        }
    }
}

extension Value {
    public var type: ValueType {
        switch self {
        case .null: .null
        case .boolean: .boolean
        case .integer: .integer
        case .number: .number
        case .string: .string
        case .list: .list(.any)
        case .map: .map
        case .unknown(let unknown): unknown.type
        case .secret: .secret
        }
    }

    /// The text of a scalar as arguments and environment get it: a number as it was spelled. Nil for null,
    /// lists, maps, unknowns and secrets.
    public var scalarText: String? {
        switch self {
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value, let spelling): spelling ?? String(value)
        case .number(let value, let spelling): spelling ?? Value.text(of: value)
        case .string(let value): value
        case .null, .list, .map, .unknown, .secret: nil
        }
    }

    /// A number without needless fraction: `3.0` is `3`.
    public static func text(of number: Double) -> String {
        if number == number.rounded(), abs(number) < 1e15 { return String(Int(number)) }
        return String(number)
    }

    public var isNull: Bool { if case .null = self { true } else { false } }

    /// True where it is unknown or holds something unknown.
    public var containsUnknown: Bool { firstUnknown != nil }

    /// The first unknown in it, itself included.
    public var firstUnknown: Unknown? {
        switch self {
        case .unknown(let unknown): unknown
        case .list(let items): items.lazy.compactMap(\.firstUnknown).first
        case .map(let map): map.values.lazy.compactMap(\.firstUnknown).first
        default: nil
        }
    }

    /// The names of all secrets in it, sorted.
    public var secretNames: [String] {
        switch self {
        case .secret(let secret): secret.names
        case .list(let items): Array(Set(items.flatMap(\.secretNames))).sorted()
        case .map(let map): Array(Set(map.values.flatMap(\.secretNames))).sorted()
        default: []
        }
    }

    public var containsSecret: Bool {
        switch self {
        case .secret: true
        case .list(let items): items.contains(where: \.containsSecret)
        case .map(let map): map.values.contains(where: \.containsSecret)
        default: false
        }
    }

    public subscript(key: String) -> Value? { if case .map(let map) = self { map[key] } else { nil } }

    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    public var booleanValue: Bool? { if case .boolean(let value) = self { value } else { nil } }
    public var integerValue: Int? { if case .integer(let value, _) = self { value } else { nil } }
    public var listValue: [Value]? { if case .list(let value) = self { value } else { nil } }
    public var mapValue: ValueMap? { if case .map(let value) = self { value } else { nil } }
}
