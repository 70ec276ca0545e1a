import CLibYAML
import OpsCore

/// What libyaml could not read, said for people.
struct SyntaxError {
    let diagnostic: Diagnostic

    init(_ parser: yaml_parser_t, _ source: YAMLSource) {
        let text = source.text
        let problem = parser.problem.map { String(cString: $0) } ?? "out of memory"
        if parser.error == YAML_READER_ERROR {
            diagnostic = Self.encoding(problem, parser, text)
            return
        }
        let context = parser.context.map { String(cString: $0) } ?? ""
        let place = SourcePosition(parser.problem_mark)
        let opening = SourcePosition(parser.context_mark)
        let finding = Self.finding(problem, context, at: place, opening, text)
        let start = finding.isAtOpening ? opening : place
        let end = SourcePosition(line: start.line, column: start.column + 1)
        diagnostic = Diagnostic(
            code: finding.code, finding.message, hint: finding.hint,
            at: SourceRange(file: text.file, start: start, end: end))
    }

    /// libyaml gives reader errors no mark, but the offset of the byte.
    private static func encoding(_ problem: String, _ parser: yaml_parser_t, _ text: SourceText)
        -> Diagnostic
    {
        let start = text.position(ofByte: Int(parser.problem_offset))
        let end = SourcePosition(line: start.line, column: start.column + 1)
        let range = SourceRange(file: text.file, start: start, end: end)
        let number = String(max(0, Int(parser.problem_value)), radix: 16, uppercase: true)
        if problem == "control characters are not allowed" {
            let padding = String(repeating: "0", count: max(0, 4 - number.count))
            return Diagnostic(
                code: "yaml-encoding", "the character U+\(padding)\(number) is not allowed in YAML",
                hint: "remove it, or write it as an escape in double quotes", at: range)
        }
        return Diagnostic(
            code: "yaml-encoding", "the text is not UTF-8 (byte 0x\(number))", hint: "save it as UTF-8",
            at: range)
    }

    private struct Finding {
        var code = "yaml-syntax"
        var message: String
        var hint: String?
        var isAtOpening = false

        init(_ message: String, _ hint: String? = nil, isAtOpening: Bool = false) {
            self.message = message
            self.hint = hint
            self.isAtOpening = isAtOpening
        }
    }

    private static func finding(
        _ problem: String, _ context: String, at place: SourcePosition, _ opening: SourcePosition,
        _ text: SourceText
    ) -> Finding {
        let line = text.line(place.line) ?? ""
        let rewrite = QuotedRewrite(line: line, column: place.column).map { "write \($0.text)" }
        let scalars = line.unicodeScalars.dropFirst(place.column - 1)
        switch problem {
        case "found character that cannot start any token":
            if scalars.first == "\t" || line.hasPrefix("\t") { return tab }
            let first = scalars.first.map { "'\($0)'" } ?? "this"
            return Finding("a text cannot start with \(first)", rewrite ?? "quote the text")
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return tab
        case "mapping values are not allowed in this context":
            // Of an earlier key of the line, not of the ':' itself.
            let rewrite = QuotedRewrite(line: line, column: place.column - 1).map { "write \($0.text)" }
            return Finding(
                "': ' is not allowed here", rewrite ?? "check the indentation, or quote a text that holds ': '")
        case "could not find expected ':'":
            return Finding(
                "this is no 'key: value'", "a key is followed by ': '; check the indentation",
                isAtOpening: true)
        case "found unexpected end of stream" where context.hasSuffix("quoted scalar"),
            "found unexpected document indicator":
            return Finding("a quote opens here and is never closed", isAtOpening: true)
        case "did not find expected ',' or ']'": return flow("[", "]", at: place, opening, text)
        case "did not find expected ',' or '}'": return flow("{", "}", at: place, opening, text)
        case "did not find expected key":
            let previous = QuotedRewrite(line: line, column: place.column)
            if let previous { return Finding("text behind a closing quote", "write \(previous.text)") }
            return Finding("this line is no entry of the map around it", "check the indentation")
        case "did not find expected '-' indicator":
            return Finding("this line is no item of the list around it", "check the indentation")
        case "did not find expected node content":
            return Finding("a value is missing here", rewrite ?? "quote a text that starts like this")
        case "block sequence entries are not allowed in this context":
            return Finding("a list item cannot start here", "start the list on a line of its own")
        case "mapping keys are not allowed in this context":
            return Finding("a key cannot start here", rewrite ?? "quote a text that starts with '?'")
        case "found unknown escape character":
            return Finding(
                "unknown escape in a double-quoted text", "use single quotes for a text with backslashes")
        case "did not find expected hexdecimal number", "found invalid Unicode character escape code":
            return Finding("not a valid character escape", "use single quotes for a text with backslashes")
        case "did not find expected comment or line break":
            return Finding("a block text starts on the line below its '|' or '>'")
        case "did not find expected <document start>":
            return Finding("text behind the end of the document", "check the indentation")
        case "found incompatible YAML document": return Finding("unknown version of YAML", "remove this line")
        default: return byContext(context, problem, rewrite)
        }
    }

    private static func byContext(_ context: String, _ problem: String, _ rewrite: String?) -> Finding {
        switch context {
        case "while scanning an anchor":
            return Finding("a '&' starts a YAML anchor", rewrite ?? "quote the text", isAtOpening: true)
        case "while scanning an alias":
            return Finding("a '*' starts a YAML alias", rewrite ?? "quote the text", isAtOpening: true)
        case "while scanning a directive", "while scanning a %YAML directive", "while scanning a %TAG directive":
            return Finding("a '%' at the start of a line is a YAML directive", "quote the text")
        case "while scanning a tag", "while parsing a tag", "while parsing a node":
            var finding = Finding(
                "a '!' starts a YAML tag", rewrite ?? "quote the text", isAtOpening: true)
            finding.code = "unknown-tag"
            return finding
        default: return Finding(context.isEmpty ? problem : "\(problem) \(context)")
        }
    }

    private static let tab = Finding("a tab cannot indent YAML", "indent with spaces")

    /// A `[` or `{` that is not closed, or an item that ends unexpectedly.
    private static func flow(
        _ open: String, _ close: String, at place: SourcePosition, _ opening: SourcePosition,
        _ text: SourceText
    ) -> Finding {
        let line = text.line(place.line) ?? ""
        if line.contains("${{"), line.unicodeScalars.dropFirst(place.column - 1).first == "{" {
            return Finding("'{' inside an unquoted text", "quote an expression inside \(open) \(close): \"${{ … }}\"")
        }
        if place.line == opening.line {
            let rewrite = QuotedRewrite(line: line, column: place.column).map { "write \($0.text)" }
            return Finding("expected ',' or '\(close)'", rewrite ?? "quote a text with '\(open)', '\(close)' or ','")
        }
        return Finding("'\(open)' opens here and is never closed", isAtOpening: true)
    }
}
