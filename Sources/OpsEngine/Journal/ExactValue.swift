import OpsCore
import OrderedCollections

/// Values as the journal keeps them: JSON that gives back the same value, its type and its spelling included.
///
/// Most values are their own JSON. What plain JSON would change is wrapped: a number whose spelling is no JSON number
/// stands as `{"$integer": 7, "spelling": "007"}`, one with a fraction as `{"$number": "0.5", "spelling": ".5"}`, and a
/// map with a key that starts with `$` as `{"$map": {…}}`, so that no output can pass for a secret.
enum ExactValue {
    /// The value with what JSON would change wrapped; to be written by `JSONWriter`.
    static func encode(_ value: Value) -> Value {
        switch value {
        case .integer(let number, let spelling?) where spelling != String(number):
            return .map(["$integer": .integer(number), "spelling": .string(spelling)])
        case .number(let number, let spelling) where !isExact(number, spelling):
            return .map(["$number": .string(String(number)), "spelling": spelling.map { .string($0) } ?? .null])
        case .list(let items): return .list(items.map(encode))
        case .map(let map):
            let inner = Value.map(map.mapValues(encode))
            return map.keys.contains { $0.hasPrefix("$") } ? .map(["$map": inner]) : inner
        default: return value
        }
    }

    /// What was encoded; a secret comes back as one without bytes, an unknown as itself.
    static func decode(_ value: Value) -> Value {
        switch value {
        case .list(let items): return .list(items.map(decode))
        case .map(let map): return wrapped(map) ?? .map(map.mapValues(decode))
        default: return value
        }
    }

    private static func wrapped(_ map: ValueMap) -> Value? {
        guard let (key, value) = map.elements.first, key.hasPrefix("$") else { return nil }
        let spelling = map["spelling"]?.stringValue
        switch key {
        case "$integer": return value.integerValue.map { .integer($0, spelling: spelling) }
        case "$number": return value.stringValue.flatMap { Double($0) }.map { .number($0, spelling: spelling) }
        case "$map": return value.mapValue.map { .map($0.mapValues(decode)) }
        case "$secret": return .secret(Secret(planned: value.listValue?.compactMap(\.stringValue) ?? []))
        case "$unknown": return value.stringValue.map { .unknown(Unknown($0)) }
        default: return nil
        }
    }

    /// True where the JSON number that is written reads as the same number.
    private static func isExact(_ number: Double, _ spelling: String?) -> Bool {
        guard number.isFinite else { return false }
        let text = spelling ?? Value.text(of: number)
        // What reads as a whole number would come back as one.
        return JSONReader.isNumber(text) && Int(text) == nil
    }
}
