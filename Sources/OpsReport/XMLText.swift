/// Text as XML 1.0 takes it: what is markup is escaped, what no document may hold (section 2.2) is U+FFFD, and terminal
/// sequences go.
enum XMLText {
    /// Inside double quotes; line ends stay line ends (section 3.3.3 would make them spaces).
    static func attribute(_ text: String) -> String { escaped(text, isAttribute: true) }

    static func content(_ text: String) -> String { escaped(text, isAttribute: false) }

    private static func escaped(_ text: String, isAttribute: Bool) -> String {
        var result = ""
        for scalar in plain(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"" where isAttribute: result += "&quot;"
            case "\n" where isAttribute: result += "&#10;"
            case "\t" where isAttribute: result += "&#9;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            case "\u{FFFE}", "\u{FFFF}", "\0"..<" ": result.unicodeScalars.append("\u{FFFD}")
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func plain(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 && $0 != 0x0A && $0 != 0x09 || $0 == 0x7F }) else { return text }
        var terminal = TerminalText(keepsColor: false)
        var bytes: [UInt8] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { bytes.append(0x0A) }
            Array(line.utf8).withUnsafeBytes { terminal.clean($0, into: &bytes) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
