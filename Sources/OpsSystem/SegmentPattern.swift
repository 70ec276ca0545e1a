import OpsCore

/// One path segment of a glob, without braces: literal text, `*`, `?` and `[]`.
struct SegmentPattern: Sendable {
    enum Token: Sendable, Equatable {
        case character(Unicode.Scalar)
        case anyText
        case anyCharacter
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private let tokens: [Token]

    /// The name it is where it has no wildcard.
    var literal: String? {
        var text = String.UnicodeScalarView()
        for token in tokens {
            guard case .character(let scalar) = token else { return nil }
            text.append(scalar)
        }
        return String(text)
    }

    /// The patterns that a segment's braces stand for; one where it has none.
    ///
    /// Throws: an `OpsError` whose message names the character at fault.
    static func alternatives(_ text: String) throws(OpsError) -> [SegmentPattern] {
        var result: [SegmentPattern] = []
        for alternative in try expand(Array(text.unicodeScalars)) { result.append(try SegmentPattern(alternative)) }
        return result
    }

    private static func expand(_ text: [Unicode.Scalar]) throws(OpsError) -> [[Unicode.Scalar]] {
        guard let open = unescaped("{", in: text) else {
            guard unescaped("}", in: text) == nil else {
                throw OpsError(.invalid, "'}' without '{'", hint: "write '\\}' for the character")
            }
            return [text]
        }
        var depth = 0
        var parts: [[Unicode.Scalar]] = [[]]
        var index = open
        while index < text.count {
            let scalar = text[index]
            if scalar == "\\", index + 1 < text.count {
                parts[parts.count - 1] += text[index...index + 1]
                index += 2
                continue
            }
            if scalar == "}" {
                depth -= 1
                if depth == 0 { break }
            }
            if scalar == ",", depth == 1 {
                parts.append([])
            } else if depth > 0 {
                parts[parts.count - 1].append(scalar)
            }
            if scalar == "{" { depth += 1 }
            index += 1
        }
        guard index < text.count else {
            throw OpsError(.invalid, "'{' without '}' in one segment", hint: "alternatives cannot hold a slash")
        }
        var result: [[Unicode.Scalar]] = []
        for part in parts {
            result += try expand(text[..<open] + part + text[(index + 1)...])
            guard result.count <= 1000 else { throw OpsError(.invalid, "more than 1000 alternatives") }
        }
        return result
    }

    private static func unescaped(_ wanted: Unicode.Scalar, in text: [Unicode.Scalar]) -> Int? {
        var index = 0
        while index < text.count {
            if text[index] == "\\" { index += 1 } else if text[index] == wanted { return index }
            index += 1
        }
        return nil
    }

    private init(_ text: [Unicode.Scalar]) throws(OpsError) {
        var tokens: [Token] = []
        var index = 0
        while index < text.count {
            let scalar = text[index]
            index += 1
            switch scalar {
            case "*":
                guard tokens.last != .anyText else {
                    throw OpsError(.invalid, "'**' must be a whole segment", hint: "write 'folder/**/name'")
                }
                tokens.append(.anyText)
            case "?": tokens.append(.anyCharacter)
            case "[": tokens.append(try Self.set(text, &index))
            case "\\":
                guard index < text.count else { throw OpsError(.invalid, "'\\' at the end of a segment") }
                tokens.append(.character(text[index]))
                index += 1
            default: tokens.append(.character(scalar))
            }
        }
        self.tokens = tokens
    }

    private static func set(_ text: [Unicode.Scalar], _ index: inout Int) throws(OpsError) -> Token {
        var isNegated = false
        if index < text.count, text[index] == "!" || text[index] == "^" {
            isNegated = true
            index += 1
        }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while index < text.count, text[index] != "]" || ranges.isEmpty {
            let low = text[index]
            if index + 2 < text.count, text[index + 1] == "-", text[index + 2] != "]" {
                let high = text[index + 2]
                guard low <= high else { throw OpsError(.invalid, "the range '\(low)-\(high)' is empty") }
                ranges.append(low...high)
                index += 3
            } else {
                ranges.append(low...low)
                index += 1
            }
        }
        guard index < text.count else {
            throw OpsError(.invalid, "'[' without ']'", hint: "write '\\[' for the character")
        }
        index += 1
        return .set(ranges, isNegated: isNegated)
    }

    /// True where the whole name matches. Time is at most the product of the two lengths.
    func matches(_ name: String) -> Bool {
        if name.hasPrefix("."), tokens.first != .character(".") || name == ".git" { return false }
        let text = Array(name.unicodeScalars)
        var token = 0
        var index = 0
        var retry: (token: Int, index: Int)?
        while index < text.count {
            if token < tokens.count, tokens[token] == .anyText {
                retry = (token + 1, index)
                token += 1
            } else if token < tokens.count, Self.accepts(tokens[token], text[index]) {
                token += 1
                index += 1
            } else if let last = retry {
                retry = (last.token, last.index + 1)
                token = last.token
                index = last.index + 1
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { $0 == .anyText }
    }

    private static func accepts(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
        switch token {
        case .character(let wanted): wanted == scalar
        case .anyCharacter: true
        case .anyText: false
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}
