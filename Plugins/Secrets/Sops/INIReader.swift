import OpsCore
import OpsPlugin
import OrderedCollections

/// Reads INI files as the library that sops is built on does (gopkg.in/ini.v1 with its defaults).
enum INIReader {
    /// The sections in order; keys before the first are in `DEFAULT`. Values are text.
    ///
    /// Throws: a `SecretFailure` (`invalid`) that continues the file's name.
    static func sections(_ bytes: [UInt8]) throws(SecretFailure) -> ValueMap {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SecretFailure(.invalid, "is no INI file: it is not UTF-8")
        }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
        let count = lines.count
        var sections = ValueMap()
        var name = "DEFAULT"
        while let line = lines.popFirst() {
            let content = trimmed(line)
            func malformed(_ problem: String) -> SecretFailure {
                SecretFailure(.invalid, "is no INI file: line \(count - lines.count) \(problem)")
            }
            switch content.first {
            case nil, "#"?, ";"?: continue
            case "["?:
                guard let end = content.lastIndex(of: "]") else {
                    throw malformed("opens a section and does not close it")
                }
                name = String(trimmed(content[content.index(after: content.startIndex)..<end]))
                if sections[name] == nil { sections[name] = .map([:]) }
            default:
                guard let (key, rest) = keyed(content) else { throw malformed("is not key = value") }
                guard let value = Self.text(of: rest, &lines) else {
                    throw malformed("opens a quote that is not closed")
                }
                var section = sections[name]?.mapValue ?? [:]
                guard section.updateValue(.string(value), forKey: key) == nil else {
                    throw malformed("has a key twice")
                }
                sections[name] = .map(section)
            }
        }
        return sections
    }

    private static let quotes = ["\"\"\"", "`"]

    private static func keyed(_ line: Substring) -> (String, Substring)? {
        var (start, key) = (line, Substring?.none)
        for quote in quotes where line.hasPrefix(quote) {
            let body = line.dropFirst(quote.count)
            guard let end = body.firstRange(of: quote) else { return nil }
            key = body[..<end.lowerBound]
            start = body[end.upperBound...]
        }
        guard let mark = start.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return nil }
        let name = String(key ?? trimmed(start[..<mark]))
        return name.isEmpty ? nil : (name, start[start.index(after: mark)...])
    }

    /// A value in its quotes may go on over lines; one without ends at a comment.
    private static func text(of text: Substring, _ lines: inout ArraySlice<Substring>) -> String? {
        let text = text.drop(while: \.isWhitespace)
        for quote in quotes where text.hasPrefix(quote) {
            var body = String(text.dropFirst(quote.count))
            while true {
                if let end = body.firstRange(of: quote) { return String(body[..<end.lowerBound]) }
                guard let next = lines.popFirst() else { return nil }
                body += "\n" + next
            }
        }
        var value = trimmed(text)
        while value.last == "\\", let next = lines.popFirst() {
            value = trimmed(Substring(value.dropLast() + trimmed(next)))
        }
        if let comment = value.firstIndex(where: { $0 == "#" || $0 == ";" }) { value = trimmed(value[..<comment]) }
        if let mark = value.first, value.count > 1, mark == "'" || mark == "\"", value.last == mark {
            value = value.dropFirst().dropLast()
        }
        return String(value)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
