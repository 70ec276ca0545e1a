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

extension StringProtocol {
    /// The first place of a text that is not empty, byte by byte: of another normal form is another text. Many times
    /// faster than the standard library's search, which compares characters.
    package func firstRange(ofBytes text: String) -> Range<Index>? {
        let wanted = Array(text.utf8)
        func search(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
            guard let first = wanted.first, bytes.count >= wanted.count else { return nil }
            return (0...bytes.count - wanted.count).first { start in
                bytes[start] == first && wanted.indices.allSatisfy { bytes[start + $0] == wanted[$0] }
            }
        }
        let offset = utf8.withContiguousStorageIfAvailable(search) ?? Array(utf8).withUnsafeBufferPointer(search)
        guard let offset else { return nil }
        let start = utf8.index(startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: wanted.count)
    }
}
