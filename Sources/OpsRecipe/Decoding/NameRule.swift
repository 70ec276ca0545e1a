/// What a name of the user's is: of a task, an include, a secret, a plugin.
package enum NameRule {
    /// The first character that no name has: `. : = / [ ]`, quotes, spaces, and what could move a terminal's cursor or
    /// reorder its text.
    static func bad(in name: String) -> Unicode.Scalar? {
        name.unicodeScalars.first { ".:=/[]'\"".unicodeScalars.contains($0) || $0.value == 0x20 || isUnseen($0) }
    }

    static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x202A...0x202E, 0x2066...0x2069: true
        default:
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }

    /// True where it starts with neither a hyphen nor a digit; an empty name has no good start.
    static func hasGoodStart(_ name: String) -> Bool {
        guard let first = name.first else { return false }
        return first != "-" && !(first.isASCII && first.isNumber)
    }

    package static func isName(_ name: String) -> Bool { bad(in: name) == nil && hasGoodStart(name) }
}
