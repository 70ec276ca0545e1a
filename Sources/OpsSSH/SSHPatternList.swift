/// Patterns separated by commas, as OpenSSH matches names with them (ssh_config(5), "PATTERNS"): `*` is any text, `?`
/// one character, and a name that a pattern behind `!` matches is never in the list.
package struct SSHPatternList: Sendable, Hashable {
    /// As it was written.
    package let text: String
    private let patterns: [(isNegated: Bool, bytes: [UInt8])]

    package init(_ text: String) {
        self.text = text
        patterns = text.split(separator: ",").map { part in
            let isNegated = part.hasPrefix("!")
            return (isNegated, Array((isNegated ? part.dropFirst() : part).utf8))
        }
    }

    package func matches(_ name: String) -> Bool {
        var isMatch = false
        for pattern in patterns where Self.matches(pattern.bytes, Array(name.utf8)) {
            if pattern.isNegated { return false }
            isMatch = true
        }
        return isMatch
    }

    /// In time proportional to the product of both lengths: only the last `*` is ever gone back to.
    private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var place = 0
        var position = 0
        var star: (place: Int, position: Int)?
        while position < name.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, position)
                place += 1
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == name[position] {
                place += 1
                position += 1
            } else if let last = star {
                star = (last.place, last.position + 1)
                place = last.place + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    package static func == (left: SSHPatternList, right: SSHPatternList) -> Bool { left.text == right.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
