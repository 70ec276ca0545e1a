/// The quoted form of an unquoted value that YAML's own syntax broke, such as `if: "not x"` for `if: !x`.
struct QuotedRewrite {
    /// The key, and `key: "value"`.
    let key: String
    let text: String

    /// Looks on a line for the last `key: value` that starts before a column (from 1); nil where there is none,
    /// or where the value is one that quotes would not mend.
    init?(line: String, column: Int) {
        let scalars = Array(line.unicodeScalars)
        guard let colon = Self.colon(in: scalars, before: column - 1) else { return nil }
        let start = Self.keyStart(in: scalars, endingAt: colon)
        let isFlow = scalars[..<start].contains { $0 == "{" || $0 == "[" }
        let value = Self.value(scalars[(colon + 1)...], isFlow: isFlow)
        guard let first = value.first, !"[{|>#".unicodeScalars.contains(first) else { return nil }
        if first == "'" || first == "\"" {
            guard let close = value.dropFirst().firstIndex(of: first), close + 1 < value.endIndex else {
                return nil
            }
        }
        key = Self.string(scalars[start..<colon])
        let content = key == "if" ? Self.condition(value) : Self.string(value)
        text = "\(key): \(Self.quoted(content))"
    }

    /// `"content"`, or `'content'` where that needs fewer escapes.
    static func quoted(_ content: String) -> String {
        if !content.contains("\""), !content.contains("\\") { return "\"\(content)\"" }
        return "'" + content.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
            + "'"
    }

    /// In an expression `not x` stands for `!x`, and texts are in single quotes.
    static func condition(_ value: ArraySlice<Unicode.Scalar>) -> String {
        var result = String.UnicodeScalarView()
        for (index, scalar) in zip(value.indices, value) {
            if scalar == "!", value[value.index(after: index)...].first != "=" {
                result.append(contentsOf: "not ".unicodeScalars)
            } else {
                result.append(scalar == "\"" ? "'" : scalar)
            }
        }
        return String(result)
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func isKey(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_.".unicodeScalars.contains(scalar)
    }

    private static func keyStart(in line: [Unicode.Scalar], endingAt colon: Int) -> Int {
        var start = colon
        while start > 0, isKey(line[start - 1]) { start -= 1 }
        return start
    }

    /// The last colon of a key (at the line's start, behind `- ` or in a flow map) up to an offset.
    private static func colon(in line: [Unicode.Scalar], before offset: Int) -> Int? {
        var found: Int?
        for index in line.indices where line[index] == ":" && index <= offset {
            guard index + 1 < line.count, line[index + 1] == " " else { continue }
            let start = keyStart(in: line, endingAt: index)
            guard start < index else { continue }
            let before = line[..<start].last { $0 != " " }
            let isInFlow = before == "{" || before == "," || before == "["
            if before == nil || (before == "-" && start > 0 && line[start - 1] == " ") || isInFlow {
                if !isInFlow, found != nil { continue }
                found = index
            }
        }
        return found
    }

    private static func value(_ rest: ArraySlice<Unicode.Scalar>, isFlow: Bool) -> ArraySlice<Unicode.Scalar> {
        let rest = rest.drop { $0 == " " }
        var end = rest.startIndex
        var depth = 0
        var quote: Unicode.Scalar?
        while end < rest.endIndex {
            let scalar = rest[end]
            if let open = quote {
                if scalar == open { quote = nil }
            } else {
                switch scalar {
                case "'", "\"": quote = scalar
                case "(", "[": depth += 1
                case ")": depth -= 1
                case "]" where depth > 0: depth -= 1
                case ",", "}", "]":
                    if isFlow, depth <= 0 { return trimmed(rest[..<end]) }
                case "#" where end > rest.startIndex && rest[end - 1] == " ": return trimmed(rest[..<end])
                default: break
                }
            }
            end += 1
        }
        return trimmed(rest)
    }

    private static func trimmed(_ text: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
        let count = text.reversed().prefix { $0 == " " || $0 == "\t" }.count
        return text.dropLast(count)
    }
}
