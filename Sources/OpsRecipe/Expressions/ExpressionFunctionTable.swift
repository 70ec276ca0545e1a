import Crypto
import OpsCore
import OrderedCollections

extension ExpressionFunction {
    /// All functions, in the order of the manual.
    package static let all: [ExpressionFunction] = deciding + text + data + status

    private static let deciding: [ExpressionFunction] = [
        ExpressionFunction(
            "if", [Parameter("condition", .boolean), Parameter("then", .any), Parameter("else", .any)], .any,
            "The second argument where the first is true, the third otherwise; only that one is evaluated",
            example: "if(1 < 2, 'a', 'b')", gives: "\"a\""),
        ExpressionFunction(
            "default", [Parameter("value", .any), Parameter("fallback", .any)], .any,
            "The first argument, or the second where the first is null", example: "default(null, 'none')",
            gives: "\"none\""),
    ]

    private static let text: [ExpressionFunction] = [
        ExpressionFunction(
            "contains", [Parameter("in", .string, .list(.any)), Parameter("what", .any)], .boolean,
            "True where a text holds a text, or a list holds a value", example: "contains('abc', 'b')",
            gives: "true"
        ) { (values) throws(ExpressionFailure) in
            if case .list(let items) = values[0] { return .boolean(items.contains(values[1])) }
            guard case .string(let part) = values[1] else {
                throw ExpressionFailure("a text contains only texts, not a value of type \(values[1].type)")
            }
            return .boolean(TextSearch.contains(text(values[0]), part))
        },
        ExpressionFunction(
            "startsWith", [Parameter("text", .string), Parameter("prefix", .string)], .boolean,
            "True where a text starts with another", example: "startsWith('v1.2', 'v')", gives: "true"
        ) { .boolean(text($0[0]).utf8.starts(with: text($0[1]).utf8)) },
        ExpressionFunction(
            "endsWith", [Parameter("text", .string), Parameter("suffix", .string)], .boolean,
            "True where a text ends with another", example: "endsWith('a.txt', '.txt')", gives: "true"
        ) { .boolean(text($0[0]).utf8.reversed().starts(with: text($0[1]).utf8.reversed())) },
        ExpressionFunction(
            "join", [Parameter("items", .list(.any)), Parameter("separator", .string, optional: true)], .string,
            "The items of a list as one text, with a separator (',') between them",
            example: "join(['a', 1], '-')", gives: "\"a-1\""
        ) { (values) throws(ExpressionFailure) in
            var texts: [String] = []
            for item in values[0].listValue ?? [] { texts.append(try piece(item)) }
            let separator = values.count > 1 ? text(values[1]) : ","
            let count = texts.reduce(0) { $0 + $1.utf8.count } + separator.utf8.count * texts.count
            try TextSearch.check(count)
            return .string(texts.joined(separator: separator))
        },
        ExpressionFunction(
            "split", [Parameter("text", .string), Parameter("separator", .string)], .list(.string),
            "The parts of a text between separators", example: "split('a,b', ',')", gives: "[\"a\",\"b\"]"
        ) { (values) throws(ExpressionFailure) in
            .list(try TextSearch.split(text(values[0]), text(values[1])).map { .string($0) })
        },
        ExpressionFunction(
            "lower", [Parameter("text", .string)], .string, "A text in lower case", example: "lower('AbC')",
            gives: "\"abc\""
        ) { .string(text($0[0]).lowercased()) },
        ExpressionFunction(
            "upper", [Parameter("text", .string)], .string, "A text in upper case", example: "upper('AbC')",
            gives: "\"ABC\""
        ) { .string(text($0[0]).uppercased()) },
        ExpressionFunction(
            "replace", [Parameter("text", .string), Parameter("from", .string), Parameter("to", .string)],
            .string, "A text with every occurrence of one text replaced by another",
            example: "replace('a/b', '/', '-')", gives: "\"a-b\""
        ) { (values) throws(ExpressionFailure) in
            let parts = try TextSearch.split(text(values[0]), text(values[1]))
            let new = text(values[2])
            try TextSearch.check(text(values[0]).utf8.count + new.utf8.count * parts.count)
            return .string(parts.joined(separator: new))
        },
        ExpressionFunction(
            "trim", [Parameter("text", .string)], .string, "A text without white space at its ends",
            example: "trim(' a ')", gives: "\"a\""
        ) { .string(TextSearch.trimmed(text($0[0]))) },
        ExpressionFunction(
            "format", [Parameter("text", .string), Parameter("values", .any)], variadic: true, .string,
            "A text with {0}, {1} … replaced by the further arguments; {{ and }} stand for braces",
            example: "format('{0}-{1}', 'a', 5)", gives: "\"a-5\""
        ) { (values) throws(ExpressionFailure) in .string(try formatted(text(values[0]), values.dropFirst())) },
        ExpressionFunction(
            "date", [Parameter("time", .integer, .string), Parameter("pattern", .string)], .string,
            "A time (seconds since 1970, or ISO 8601 text) in UTC; fields yyyy yy MM dd DDD HH mm ss, other letters in quotes",
            example: "date(0, 'yyyy-MM-dd')", gives: "\"1970-01-01\""
        ) { (values) throws(ExpressionFailure) in
            .string(try UTCDate(values[0]).text(pattern: text(values[1])))
        },
        ExpressionFunction(
            "basename", [Parameter("path", .string)], .string, "The last part of a path",
            example: "basename('a/b.txt')", gives: "\"b.txt\""
        ) { .string(TextSearch.pathParts(text($0[0])).base) },
        ExpressionFunction(
            "dirname", [Parameter("path", .string)], .string, "A path without its last part",
            example: "dirname('a/b.txt')", gives: "\"a\""
        ) { .string(TextSearch.pathParts(text($0[0])).folder) },
    ]

    private static let data: [ExpressionFunction] = [
        ExpressionFunction(
            "toJSON", [Parameter("value", .any)], .string, "A value as JSON text on one line",
            example: "toJSON(['a', null])", gives: "\"[\\\"a\\\",null]\""
        ) { .string(JSONWriter.text($0[0])) },
        ExpressionFunction(
            "fromJSON", [Parameter("text", .string)], .any, "The value that a JSON text holds",
            example: "fromJSON('[1, 2]')", gives: "[1,2]"
        ) { (values) throws(ExpressionFailure) in
            do throws(OpsError) { return try JSONReader.value(text(values[0])) } catch {
                throw ExpressionFailure(error.message)
            }
        },
        ExpressionFunction(
            "sha256", [Parameter("text", .string)], .string,
            "The SHA-256 digest of a text's UTF-8 bytes, in hexadecimal",
            example: "sha256('')",
            gives: "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
        ) { .string(hexadecimal(SHA256.hash(data: Array(text($0[0]).utf8)))) },
    ]

    private static let status: [ExpressionFunction] = [
        ExpressionFunction("success", [], .boolean, "True while nothing before has failed", example: "success()"),
        ExpressionFunction("failure", [], .boolean, "True where something before has failed", example: "failure()"),
        ExpressionFunction("always", [], .boolean, "True in any case", example: "always()"),
    ]

    private static func text(_ value: Value) -> String { value.stringValue ?? "" }

    /// The text of a scalar that becomes part of a text.
    static func piece(_ value: Value) throws(ExpressionFailure) -> String {
        if let text = value.scalarText { return text }
        let hint: String
        switch value {
        case .list: hint = "use join(list, ',') or toJSON(list)"
        case .map: hint = "use toJSON(map)"
        default: hint = "use default(value, '…')"
        }
        throw ExpressionFailure("\(describe(value)) cannot be part of a text", hint: hint)
    }

    /// `a list`, `null`, `an integer`.
    static func describe(_ value: Value) -> String {
        switch value.type {
        case .null: "null"
        case .any: "a value of any type"
        case .integer, .optional(.integer): "an \(value.type)"
        default: "a \(value.type)"
        }
    }

    private static func formatted(_ pattern: String, _ values: ArraySlice<Value>) throws(ExpressionFailure) -> String {
        let scalars = Array(pattern.unicodeScalars)
        var result = String.UnicodeScalarView()
        var size = 0
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            guard scalar == "{" || scalar == "}" else {
                result.append(scalar)
                continue
            }
            if index < scalars.count, scalars[index] == scalar {
                result.append(scalar)
                index += 1
                continue
            }
            let digits = scalars[index...].prefix { ("0"..."9").contains($0) }
            let end = index + digits.count
            guard scalar == "{", !digits.isEmpty, end < scalars.count, scalars[end] == "}" else {
                throw ExpressionFailure(
                    "a lone '\(scalar)' in the text of 'format'", hint: "write '\(scalar)\(scalar)'")
            }
            let number = Int(digits.map(String.init).joined()) ?? .max
            guard number < values.count else {
                throw ExpressionFailure("'format' has no argument for {\(digits.map(String.init).joined())}")
            }
            let text = try piece(values[values.startIndex + number])
            size += text.utf8.count
            try TextSearch.check(size)
            result.append(contentsOf: text.unicodeScalars)
            index = end + 1
        }
        return String(result)
    }
}
