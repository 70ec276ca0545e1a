import OpsCore
import OrderedCollections

/// An example of an action as the step it would be in a recipe.
enum ExampleText {
    /// `acme.pack:` with its parameters below it, one a line.
    static func yaml(_ action: String, _ arguments: Value) -> String {
        guard case .map(let members) = arguments, !members.isEmpty else { return "\(action): {}" }
        return members.reduce("\(action):") { "\($0)\n  \($1.key): \(text($1.value))" }
    }

    /// JSON is YAML; a plain word needs no quotes.
    private static func text(_ value: Value) -> String {
        guard case .string(let text) = value else { return JSONWriter.text(value) }
        let isPlain = text.utf8.first.map { (0x61...0x7A).contains($0 | 0x20) } ?? false
        let isWord = text.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "._-/".utf8.contains($0)
        }
        let isOther = ["true", "false", "null", "yes", "no"].contains(text.lowercased())
        return isPlain && isWord && !isOther ? text : JSONWriter.text(value)
    }
}
