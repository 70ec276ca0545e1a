public import OpsCore

/// What a value must be beyond its type, as a JSON Schema says it (validation vocabulary 2020-12, section 6).
public struct ValueLimits: Sendable {
    /// A regular expression that matches a part of a text.
    public var pattern: String?
    public var minimum: Double?
    public var maximum: Double?
    /// In characters (Unicode code points).
    public var minLength: Int?
    public var maxLength: Int?
    public var minItems: Int?
    public var maxItems: Int?
    /// The only values it takes; empty is any.
    public var options: [Value] = []

    public init() {}

    public var isEmpty: Bool {
        pattern == nil && minimum == nil && maximum == nil && minLength == nil && maxLength == nil && minItems == nil
            && maxItems == nil && options.isEmpty
    }

    /// What is wrong with a value, for a message that begins with the name of its place: `must be at least 1`. Nil where
    /// nothing is, and where it is a secret or not known.
    package func problem(of value: Value) -> String? {
        switch value {
        case .secret, .unknown, .null: return nil
        case .list(let items):
            if let minItems, items.count < minItems {
                return "must have at least \(minItems) items, has \(items.count)"
            }
            if let maxItems, items.count > maxItems { return "must have at most \(maxItems) items, has \(items.count)" }
        case .map: break
        case .integer(let number, _): if let problem = problem(of: Double(number)) { return problem }
        case .number(let number, _): if let problem = problem(of: number) { return problem }
        case .string, .boolean: break
        }
        if !options.isEmpty, !value.containsUnknown, !value.containsSecret, !options.contains(value) {
            return "must be one of \(options.map { $0.scalarText ?? JSONWriter.text($0) }.joined(separator: ", "))"
        }
        guard let text = value.scalarText else { return nil }
        let length = text.unicodeScalars.count
        if let minLength, length < minLength { return "must have at least \(minLength) characters, has \(length)" }
        if let maxLength, length > maxLength { return "must have at most \(maxLength) characters, has \(length)" }
        if let pattern, !InputPattern.finds(pattern, in: text) { return "must match \(pattern)" }
        return nil
    }

    private func problem(of number: Double) -> String? {
        if let minimum, number < minimum { return "must be at least \(Value.text(of: minimum))" }
        if let maximum, number > maximum { return "must be at most \(Value.text(of: maximum))" }
        return nil
    }
}
