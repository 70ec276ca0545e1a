import OpsCore
import OrderedCollections

/// What no line of an outline tells, so that nothing of a recipe changes unsaid.
extension RecipeOutline {
    /// Keeps the nodes of a file of recipes.
    mutating func keep(recipe value: Value, at path: String, isIncluded: Bool) {
        whole[path] = Self.spelled(value)
        rest[path] = Self.spelled(Self.rest(ofRecipe: value, isIncluded: isIncluded))
    }

    /// Keeps the nodes of a plugin's manifest.
    ///
    /// - Parameter lessActions: they are told as tasks.
    mutating func keep(manifest value: Value, at path: String, lessActions: Bool = false) {
        whole[path] = Self.spelled(value)
        var map = value.mapValue ?? [:]
        map["permissions"] = nil
        if lessActions { map["actions"] = nil }
        manifests[path] = Self.spelled(.map(map))
    }

    /// True where something else changed than what `changes(to:)` has lines for.
    func hasOtherChanges(to new: RecipeOutline) -> Bool {
        // A file that holds nothing but what lines tell is as good as none.
        let nothing = Self.spelled(.map(["ops": .integer(1)]))
        return Set(rest.keys).union(new.rest.keys).contains { (rest[$0] ?? nothing) != (new.rest[$0] ?? nothing) }
            || manifests.contains { path, text in new.manifests[path].map { $0 != text } ?? false }
    }

    private static func rest(ofRecipe value: Value, isIncluded: Bool) -> Value {
        var map = value.mapValue ?? [:]
        for key in ["tasks", "env", "vars"] where map[key]?.mapValue != nil { map[key] = nil }
        map["dotenv"] = nil
        if !isIncluded { map["permissions"] = nil }
        for (key, told) in [("secrets", ["from", "exec"]), ("include", ["from"]), ("plugins", ["from"])] {
            guard let entries = map[key]?.mapValue else { continue }
            var others: ValueMap = [:]
            for (name, entry) in entries {
                guard var fields = entry.mapValue else { continue }
                for key in told { fields[key] = nil }
                if !fields.isEmpty { others[name] = .map(fields) }
            }
            map[key] = others.isEmpty ? nil : .map(others)
        }
        return .map(map)
    }

    /// All of a value, in ASCII: equal texts are equal byte for byte, numbers as they were written.
    static func spelled(_ value: Value) -> String {
        var bytes: [UInt8] = []
        spell(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func spell(_ value: Value, to bytes: inout [UInt8]) {
        func quote(_ text: String) {
            for byte in text.utf8 {
                if byte >= 0x80 || byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    bytes += Array("\\\(byte);".utf8)
                } else {
                    bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
        switch value {
        case .list(let items):
            bytes.append(UInt8(ascii: "["))
            for item in items { spell(item, to: &bytes) }
            bytes.append(UInt8(ascii: "]"))
        case .map(let map):
            bytes.append(UInt8(ascii: "{"))
            for (key, item) in map {
                quote(key)
                spell(item, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        default:
            bytes += Array("\(value.type):".utf8)
            quote(value.scalarText ?? "")
        }
    }
}
