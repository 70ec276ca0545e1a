import OpsCore
import OpsPlugin
import OrderedCollections

/// The metadata of formats that know no nesting: `age__list_0__map_recipient` is the recipient of the first item in
/// `age` (sops, stores/flatten).
enum FlatMetadata {
    private enum Step {
        case key(String)
        case index(Int)
    }

    private static let listLimit = 1000

    /// Throws: a `SecretFailure` (`invalid`) that continues the file's name.
    static func value(_ entries: ValueMap) throws(SecretFailure) -> Value {
        var result = Value.map([:])
        for (key, value) in entries {
            let text = value.stringValue?.replacing("\\n", with: "\n") ?? ""
            guard let steps = steps(key), let grown = inserted(text, at: steps[...], in: result) else {
                throw SecretFailure(.invalid, "has metadata of sops that is malformed: '\(key.prefix(100))'")
            }
            result = grown
        }
        return result
    }

    private static func steps(_ key: String) -> [Step]? {
        var rest = key[...]
        var steps: [Step] = []
        var isIndex = false
        while true {
            let marks = [("__map_", false), ("__list_", true)].compactMap { mark, isList in
                rest.firstRange(of: mark).map { (range: $0, isList: isList) }
            }
            let found = marks.min { $0.range.lowerBound < $1.range.lowerBound }
            let word = rest[..<(found?.range.lowerBound ?? rest.endIndex)]
            if isIndex {
                guard let index = Int(word), (0..<listLimit).contains(index) else { return nil }
                steps.append(.index(index))
            } else {
                steps.append(.key(String(word)))
            }
            guard let next = found, steps.count < 16 else { return found == nil ? steps : nil }
            isIndex = next.isList
            rest = rest[next.range.upperBound...]
        }
    }

    /// Nil where one name stands for two kinds of things.
    private static func inserted(_ text: String, at steps: ArraySlice<Step>, in value: Value) -> Value? {
        switch (steps.first, value) {
        case (nil, .null): return .string(text)
        case (.key(let key)?, .null), (.key(let key)?, .map):
            var map = value.mapValue ?? [:]
            guard let inner = inserted(text, at: steps.dropFirst(), in: map[key] ?? .null) else { return nil }
            map[key] = inner
            return .map(map)
        case (.index(let index)?, .null), (.index(let index)?, .list):
            var list = value.listValue ?? []
            while list.count <= index { list.append(.null) }
            guard let inner = inserted(text, at: steps.dropFirst(), in: list[index]) else { return nil }
            list[index] = inner
            return .list(list)
        default: return nil
        }
    }
}
