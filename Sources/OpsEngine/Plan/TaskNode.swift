import Crypto
import OpsCore
import OpsRecipe
import OrderedCollections

/// One task with one set of values for its own inputs: what a plan has once, however many tasks need it.
struct TaskNode {
    /// The place in `Plan.units` of the recipe that it stands in.
    var unit: Int
    var task: Task
    var inputs: ValueMap
    /// What tells it from the same task with other values: nil where all have their defaults.
    var label: String?
    /// For each entry of `needs` the node behind it; where its values come from the matrix, one for each row.
    var needs: [[Int]] = []
    /// The rows of its matrix, where `with` of its needs names them.
    var rows: [ValueMap]?

    struct Key: Hashable {
        var unit: Int
        var task: String
        var label: String?
    }

    var key: Key { Key(unit: unit, task: task.name, label: label) }
}

extension TaskNode {
    /// `version=1.2,channel=beta`: the values that are not the default, in the order of the declarations.
    static func label(of values: ValueMap, declared: OrderedDictionary<String, InputDeclaration>) -> String? {
        var parts: [String] = []
        for (name, input) in declared {
            guard let value = values[name] else { continue }
            if let fallback = input.defaultValue, fallback == value { continue }
            parts.append("\(name)=\(text(of: value))")
        }
        return parts.isEmpty ? nil : parts.joined(separator: ",")
    }

    /// Plain where that can be mistaken for nothing else, else JSON; a long one its head and a hash of the whole.
    private static func text(of value: Value) -> String {
        let text: String
        if case .string(let plain) = value {
            let isPlain =
                !plain.isEmpty && plain != "null"
                && plain.unicodeScalars.allSatisfy {
                    $0.value > 0x20 && $0.value != 0x7F && !"\",()[]=".unicodeScalars.contains($0)
                }
            text = isPlain ? plain : JSONWriter.text(value)
        } else {
            text = value.scalarText ?? JSONWriter.text(value)
        }
        guard text.count > 60 else { return text }
        return "\(text.prefix(40))…\(hexadecimal(SHA256.hash(data: Array(text.utf8)).prefix(4)))"
    }
}
