extension StringProtocol {
    /// The text on one line, for a terminal: what could move the cursor, reorder the text or pass for another line
    /// (control and format characters, separators of lines) shows as its number, `\u{1b}`.
    package var plain: String {
        unicodeScalars.map {
            switch $0.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: "\\u{\(String($0.value, radix: 16))}"
            default: String($0)
            }
        }
        .joined()
    }
}
