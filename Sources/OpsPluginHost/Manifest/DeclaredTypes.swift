import OpsCore
import OpsPlugin
import OrderedCollections

extension ParameterType {
    /// The type of the values that it takes, as far as a value type can say it.
    var valueType: ValueType {
        switch self {
        case .any: .any
        case .string, .duration, .size, .mode, .path, .glob, .choice: .string
        case .boolean: .boolean
        case .integer: .integer
        case .number: .number
        case .list(let element), .oneOrMore(let element): .list(element.valueType)
        case .map, .record: .map
        case .limited(let inner, _): inner.valueType
        }
    }

    /// The paths that a value of this type names, each with what is done to it.
    func paths(in value: Value) -> [(use: PathUse, path: String)] {
        switch (self, value) {
        case (.path(let use), _): value.scalarText.map { [(use, $0)] } ?? []
        case (.list(let element), .list(let items)), (.oneOrMore(let element), .list(let items)):
            items.flatMap { element.paths(in: $0) }
        case (.map(let element), .map(let members)): members.values.flatMap { element.paths(in: $0) }
        case (.record(let parameters), .map(let members)):
            parameters.flatMap { parameter in members[parameter.name].map { parameter.type.paths(in: $0) } ?? [] }
        case (.limited(let inner, _), _): inner.paths(in: value)
        default: []
        }
    }
}

extension ValueType {
    /// True where a known value is of this type.
    func accepts(_ value: Value) -> Bool {
        switch (self, value) {
        case (.any, _), (.null, .null), (.boolean, .boolean), (.integer, .integer), (.number, .integer),
            (.number, .number), (.string, .string), (.map, .map), (.secret, .secret), (.secret, .string),
            (.optional, .null):
            true
        case (.list(let element), .list(let items)): items.allSatisfy(element.accepts)
        case (.optional(let inner), _): inner.accepts(value)
        default: false
        }
    }
}
