/// Searching and cutting texts by their UTF-8 bytes, so that no combining mark or line end hides a match.
enum TextSearch {
    /// UTF-8 bytes that the text a function gives may have.
    static let sizeLimit = 8 << 20

    static func check(_ size: Int) throws(ExpressionFailure) {
        if size > sizeLimit { throw ExpressionFailure("the text would be larger than 8 MiB") }
    }

    static func contains(_ text: String, _ part: String) -> Bool {
        part.isEmpty || next(Array(part.utf8), in: Array(text.utf8), from: 0) != nil
    }

    /// The offset of the next occurrence.
    private static func next(_ part: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        guard let first = part.first, part.count <= text.count else { return nil }
        var index = start
        while index + part.count <= text.count {
            if text[index] == first, text[index..<index + part.count].elementsEqual(part) { return index }
            index += 1
        }
        return nil
    }

    static func split(_ text: String, _ separator: String) throws(ExpressionFailure) -> [String] {
        let part = Array(separator.utf8)
        guard !part.isEmpty else { throw ExpressionFailure("the text to look for is empty") }
        let bytes = Array(text.utf8)
        var result: [String] = []
        var start = 0
        while let found = next(part, in: bytes, from: start) {
            result.append(String(decoding: bytes[start..<found], as: UTF8.self))
            start = found + part.count
        }
        result.append(String(decoding: bytes[start...], as: UTF8.self))
        return result
    }

    static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let rest = scalars.drop { $0.properties.isWhitespace }
        let count = rest.reversed().prefix { $0.properties.isWhitespace }.count
        return String(rest.dropLast(count))
    }

    /// The folder and last part of a path, as POSIX `dirname` and `basename` give them.
    static func pathParts(_ path: String) -> (folder: String, base: String) {
        guard !path.isEmpty else { return (".", "") }
        var rest = path[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        if rest == "/" { return ("/", "/") }
        guard let slash = rest.lastIndex(of: "/") else { return (".", String(rest)) }
        var folder = rest[..<slash]
        while folder.count > 1, folder.last == "/" { folder.removeLast() }
        return (folder.isEmpty ? "/" : String(folder), String(rest[rest.index(after: slash)...]))
    }
}
