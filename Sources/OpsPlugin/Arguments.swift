public import OpsCore
public import OrderedCollections

/// The values an action was given, checked against its declaration, defaults filled in.
///
/// In a plan a value may be unknown or a secret without bytes; in a run all are known. Each getter throws an
/// `OpsError` (`invalid`) that names the parameter where the value is of another type or unknown; the
/// `planned` ones give nil for what is not known yet.
public struct Arguments: Sendable {
    public let values: ValueMap
    /// How a message names this record: the action, or `files[2]`.
    public let label: String

    public init(_ values: ValueMap, label: String) {
        self.values = values
        self.label = label
    }

    /// The raw value; null where it was not given and has no default.
    public subscript(name: String) -> Value { values[name] ?? .null }

    public func has(_ name: String) -> Bool { !self[name].isNull }

    /// True where the value, or anything in it, is unknown.
    public func isUnknown(_ name: String) -> Bool { self[name].containsUnknown }

    public func optionalString(_ name: String) throws(OpsError) -> String? {
        let value = self[name]
        if value.isNull { return nil }
        guard let text = value.scalarText else { throw wrong(name, "text", value) }
        return text
    }

    public func string(_ name: String) throws(OpsError) -> String {
        guard let text = try optionalString(name) else { throw wrong(name, "text", .null) }
        return text
    }

    /// The value of a secret parameter, whether it came from a secret or was written plainly.
    public func optionalSecret(_ name: String) throws(OpsError) -> Secret? {
        let value = self[name]
        if value.isNull { return nil }
        if case .secret(let secret) = value { return secret }
        guard let text = value.scalarText else { throw wrong(name, "text", value) }
        return Secret(names: [], bytes: Array(text.utf8))
    }

    public func boolean(_ name: String) throws(OpsError) -> Bool {
        guard let flag = self[name].booleanValue else { throw wrong(name, "true or false", self[name]) }
        return flag
    }

    public func optionalBoolean(_ name: String) throws(OpsError) -> Bool? {
        self[name].isNull ? nil : try boolean(name)
    }

    public func integer(_ name: String) throws(OpsError) -> Int {
        guard let number = self[name].integerValue else {
            throw wrong(name, "a whole number", self[name])
        }
        return number
    }

    public func optionalInteger(_ name: String) throws(OpsError) -> Int? {
        self[name].isNull ? nil : try integer(name)
    }

    public func optionalDuration(_ name: String) throws(OpsError) -> Duration? {
        guard let text = try optionalString(name) else { return nil }
        guard let duration = Duration.parse(text) else {
            throw wrong(name, "a duration such as 30s", self[name])
        }
        return duration
    }

    public func duration(_ name: String) throws(OpsError) -> Duration {
        guard let duration = try optionalDuration(name) else {
            throw wrong(name, "a duration such as 30s", .null)
        }
        return duration
    }

    public func optionalSize(_ name: String) throws(OpsError) -> Int? {
        guard let text = try optionalString(name) else { return nil }
        guard let size = ByteSize.parse(text) else {
            throw wrong(name, "a size such as 10MiB", self[name])
        }
        return size
    }

    public func optionalMode(_ name: String) throws(OpsError) -> UInt32? {
        guard let text = try optionalString(name) else { return nil }
        guard let mode = FileMode.parse(text) else {
            throw wrong(name, "a mode such as \"0755\"", self[name])
        }
        return mode
    }

    /// The items of a list; one value where `oneOrMore` was declared is a list of one; null is none.
    public func list(_ name: String) throws(OpsError) -> [Value] {
        switch self[name] {
        case .null: return []
        case .list(let items): return items
        case .unknown, .map: throw wrong(name, "a list", self[name])
        case let value: return [value]
        }
    }

    public func strings(_ name: String) throws(OpsError) -> [String] {
        var texts: [String] = []
        for item in try list(name) {
            guard let text = item.scalarText else { throw wrong(name, "a list of text", item) }
            texts.append(text)
        }
        return texts
    }

    public func map(_ name: String) throws(OpsError) -> ValueMap {
        switch self[name] {
        case .null: return [:]
        case .map(let map): return map
        case let value: throw wrong(name, "a map", value)
        }
    }

    /// A record's members as arguments of their own; nil where it was not given.
    public func record(_ name: String) throws(OpsError) -> Arguments? {
        self[name].isNull ? nil : Arguments(try map(name), label: name)
    }

    /// A list of records.
    public func records(_ name: String) throws(OpsError) -> [Arguments] {
        var result: [Arguments] = []
        for (index, item) in try list(name).enumerated() {
            guard let map = item.mapValue else { throw wrong(name, "a list of maps", item) }
            result.append(Arguments(map, label: "\(name)[\(index)]"))
        }
        return result
    }

    /// The text where it is known and not a secret; nil otherwise. For plans.
    public func plannedString(_ name: String) -> String? { self[name].scalarText }

    /// An error that names a parameter.
    public func error(_ name: String, _ message: String, hint: String? = nil) -> OpsError {
        OpsError(.invalid, "'\(name)' of \(label): \(message)", hint: hint)
    }

    private func wrong(_ name: String, _ wanted: String, _ value: Value) -> OpsError {
        switch value {
        case .unknown(let unknown): error(name, "\(unknown.source) is not known before a run")
        case .null: error(name, "needs \(wanted), but the value is null")
        default: error(name, "needs \(wanted), got \(value.type)")
        }
    }
}
