/// The regular expressions that values are checked with, by Swift's own engine.
package enum InputPattern {
    /// Longer values are refused before they are matched: the engine backtracks.
    package static let valueLimit = 4096

    /// What is wrong with a pattern, or nil.
    package static func problem(of pattern: String) -> String? {
        do {
            _ = try Regex(pattern)
            return hasNestedRepetition(pattern)
                ? "repeats a repetition, which can take forever: \(pattern)" : nil
        } catch {
            return "is not a regular expression: \(error)"
        }
    }

    /// True where the pattern matches the whole text.
    package static func matches(_ text: String, _ pattern: String) -> Bool {
        guard text.utf8.count <= valueLimit, let regex = try? Regex(pattern) else { return false }
        return ((try? regex.wholeMatch(in: text)) ?? nil) != nil
    }

    /// True where the pattern matches a part of the text, as in JSON Schema.
    package static func finds(_ pattern: String, in text: String) -> Bool {
        guard text.utf8.count <= valueLimit, let regex = try? Regex(pattern) else { return false }
        return ((try? regex.firstMatch(in: text)) ?? nil) != nil
    }

    /// `(a+)+`: a group that holds nothing but repeated parts, itself repeated without a bound.
    private static func hasNestedRepetition(_ pattern: String) -> Bool {
        var starts: [Int] = []
        let characters = Array(pattern)
        var index = 0
        var inSet = false
        while index < characters.count {
            let character = characters[index]
            if character == "\\" {
                index += 2
                continue
            }
            if inSet {
                inSet = character != "]"
            } else if character == "[" {
                inSet = true
            } else if character == "(" {
                starts.append(index)
            } else if character == ")", let start = starts.popLast() {
                let next = index + 1 < characters.count ? characters[index + 1] : " "
                if next == "+" || next == "*", isOneRepetition(Array(characters[(start + 1)..<index])) { return true }
            }
            index += 1
        }
        return false
    }

    /// True for one atom behind which `+` or `*` stands: `a+`, `[a-z]*`, `\w+`.
    private static func isOneRepetition(_ body: [Character]) -> Bool {
        var body = body[...]
        if body.starts(with: "?:") { body = body.dropFirst(2) }
        guard let last = body.last, last == "+" || last == "*" else { return false }
        let atom = body.dropLast()
        if atom.count == 1 { return true }
        if atom.count == 2, atom.first == "\\" { return true }
        return atom.first == "[" && atom.firstIndex(of: "]") == atom.indices.last
    }
}
