/// Writes text as mdoc(7).
enum Mdoc {
    /// Text for a body: roff's own characters made harmless.
    static func text(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "~": result += "\\(ti"
            case "^": result += "\\(ha"
            case "`": result += "\\(ga"
            case "…": result += "\\&.\\|.\\|."
            default: result.append(character)
            }
        }
        // Two hyphens are meant: groff would join them.
        result = result.replacing("--", with: "\\-\\-")
        // A line that starts with a dot or quote would be a request.
        return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
    }

    /// Text as the argument of a macro: quoted where it must be.
    static func argument(_ text: String) -> String {
        let escaped = self.text(text)
        let needsQuotes = escaped.isEmpty || escaped.contains(" ") || escaped.contains("\"")
        return needsQuotes ? "\"" + escaped.replacing("\"", with: "\\(dq") + "\"" : escaped
    }

    /// Prose: each sentence on a line of its own, as mdoc(7) asks.
    static func prose(_ text: String) -> String {
        text.split(separator: "\n\n").map { paragraph in
            let line = paragraph.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return sentences(line).flatMap(lines).map { self.text($0) }.joined(separator: "\n")
        }.joined(separator: "\n.Pp\n")
    }

    /// A sentence in lines of at most 76 characters, which leaves room for escapes in the 80 that mdoc(7) asks for.
    private static func lines(_ sentence: String) -> [String] {
        var lines: [String] = []
        for word in sentence.split(separator: " ") {
            if let last = lines.last, text(last).count + text(String(word)).count < 76 {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// An example as it stands.
    static func literal(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { self.text(String($0)) }
        return ".Bd -literal -offset indent\n" + lines.joined(separator: "\n") + "\n.Ed\n"
    }

    private static func sentences(_ text: String) -> [String] {
        var result: [String] = []
        var current = ""
        var words = text.split(separator: " ")[...]
        while let word = words.popFirst() {
            current += current.isEmpty ? String(word) : " \(word)"
            let starts = words.first?.first.map { $0.isUppercase || $0 == "`" } ?? true
            if starts, let last = word.last, ".?!".contains(last), word.count > 2 {
                result.append(current)
                current = ""
            }
        }
        return current.isEmpty ? result : result + [current]
    }
}
