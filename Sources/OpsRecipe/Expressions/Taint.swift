import OpsCore
import OrderedCollections

/// How secrets pass through operations.
enum Taint {
    /// The secrets that a value that is not known yet will be: its type says so.
    static func names(_ unknown: Unknown) -> [String] {
        guard unknown.type == .secret || unknown.type == .optional(.secret) else { return [] }
        return [unknown.source.hasPrefix("secrets.") ? String(unknown.source.dropFirst(8)) : unknown.source]
    }

    /// The names of all secrets in some values, sorted.
    static func names(of values: [Value]) -> [String] {
        var found: Set<String> = []
        func visit(_ value: Value) {
            switch value {
            case .secret(let secret): found.formUnion(secret.names)
            case .unknown(let unknown): found.formUnion(names(unknown))
            case .list(let items): items.forEach(visit)
            case .map(let map): map.values.forEach(visit)
            default: break
            }
        }
        values.forEach(visit)
        return found.sorted()
    }

    /// A value with each secret in it as text; nil where one has no bytes that are UTF-8.
    static func revealed(_ value: Value) -> Value? {
        switch value {
        case .secret(let secret): return secret.revealText().map { .string($0) }
        case .list(let items):
            let revealed = items.compactMap(revealed)
            return revealed.count == items.count ? .list(revealed) : nil
        case .map(let map):
            let revealed = map.compactMapValues(revealed)
            return revealed.count == map.count ? .map(revealed) : nil
        default: return value
        }
    }

    /// A result as a secret: a scalar's text, or a list or map as JSON.
    static func secret(_ value: Value, names: [String]) -> Value {
        if value.isNull { return value }
        let text = value.scalarText ?? JSONWriter.text(value)
        return .secret(Secret(names: names, bytes: Array(text.utf8)))
    }

    /// Whether a value may be an argument of one of some types. A secret is a text, or was made of one.
    static func accepts(_ value: Value, _ types: [ValueType]) -> Bool {
        types.contains { type in
            switch (value, type) {
            case (_, .any), (.secret, _): true
            case (.unknown(let unknown), _): !names(unknown).isEmpty || unknown.type.mayBe(type)
            default: value.type.mayBe(type)
            }
        }
    }
}
