import OpsCore
import OpsYAML
import OrderedCollections

/// A value with the places of its parts: what the parameters of an action are checked against, whether it
/// comes from nodes, from types or from evaluated templates.
struct LocatedValue {
    struct Member {
        var key: String
        var keyRange: SourceRange
        var value: LocatedValue
    }

    indirect enum Content {
        /// A scalar, or what an expression gave.
        case value(Value)
        case list([LocatedValue])
        case map([Member])
        /// Checked elsewhere.
        case checked
    }

    var content: Content
    var range: SourceRange

    init(_ content: Content, _ range: SourceRange) {
        self.content = content
        self.range = range
    }

    /// What is certain from the text alone: a scalar with an expression is unknown.
    init(_ node: Node) {
        range = node.range
        switch node.content {
        case .scalar(let scalar):
            content = .value(node.hasExpression ? .unknown(Unknown(scalar.text)) : scalar.value)
        case .sequence(let items): content = .list(items.map { LocatedValue($0) })
        case .mapping(let entries):
            content = .map(
                entries.map { Member(key: $0.key, keyRange: $0.keyRange, value: LocatedValue($0.value)) })
        }
    }

    /// An evaluated value, with the places of the template it came from as far as they go along.
    init(_ value: Value, _ template: Template) {
        range = template.range
        switch (value, template.content) {
        case (.list(let items), .list(let templates)) where items.count == templates.count:
            content = .list(zip(items, templates).map { LocatedValue($0, $1) })
        case (.list(let items), _):
            content = .list(items.map { LocatedValue($0, Template(.literal(.null), template.range)) })
        case (.map(let map), .map(let templates)):
            content = .map(
                map.map { key, item in
                    let part = templates[key] ?? Template(.literal(.null), template.range)
                    return Member(key: key, keyRange: part.range, value: LocatedValue(item, part))
                })
        case (.map(let map), _):
            content = .map(
                map.map { key, item in
                    let part = Template(.literal(.null), template.range)
                    return Member(key: key, keyRange: template.range, value: LocatedValue(item, part))
                })
        default: content = .value(value)
        }
    }

    var isNull: Bool { if case .value(.null) = content { true } else { false } }

    /// How a message names it: `a list`, `text`, `a number`.
    var kindName: String {
        switch content {
        case .list, .value(.list): "a list"
        case .map, .value(.map): "a map"
        case .value(.null): "nothing"
        case .value(.boolean): "a boolean"
        case .value(.integer(let number, let spelling)): "the number \(spelling ?? String(number))"
        case .value(.number(let number, let spelling)): "the number \(spelling ?? Value.text(of: number))"
        case .value(.unknown(let unknown)): "a value of type \(unknown.type)"
        case .value(.secret): "a secret"
        default: "text"
        }
    }
}
