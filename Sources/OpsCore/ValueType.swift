/// The type of a value, as far as it is certain before a run.
public indirect enum ValueType: Sendable, Hashable, CustomStringConvertible {
    case any
    case null
    case boolean
    case integer
    case number
    case string
    case list(ValueType)
    case map
    case secret
    /// `null`, or a value of the type.
    case optional(ValueType)

    public var description: String {
        switch self {
        case .any: "any"
        case .null: "null"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .list(.any): "list"
        case .list(let element): "list of \(element)"
        case .map: "map"
        case .secret: "secret"
        case .optional(let type): "\(type) or null"
        }
    }

    /// True where a value of this type may stand where `other` is asked for.
    public func mayBe(_ other: ValueType) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any): true
        case (.optional(let inner), .optional(let wanted)): inner.mayBe(wanted)
        case (.null, .optional): true
        case (.optional(let inner), _): inner.mayBe(other)
        case (_, .optional(let wanted)): mayBe(wanted)
        case (.integer, .number): true
        case (.list(let inner), .list(let wanted)): inner.mayBe(wanted)
        default: self == other
        }
    }
}
