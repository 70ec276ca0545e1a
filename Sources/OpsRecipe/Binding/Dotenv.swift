package import OpsCore

/// Files of `NAME=value` lines.
///
/// A line is empty, a comment (`#`), or `[export ]NAME=value`. A bare value ends at ` #` or the line's end and
/// loses the spaces around it; in single quotes nothing is special; in double quotes `\n \r \t \" \\ \$` are.
/// Quoted values may go over several lines. Nothing is expanded: no `$NAME`, no commands.
package enum Dotenv {
    /// The pairs in the order they were written.
    ///
    /// Throws: a `DiagnosticsError` with every line that is none of these.
    package static func parse(_ bytes: [UInt8], file: String) throws(DiagnosticsError) -> [(String, String)] {
        var parser = DotenvParser(bytes, file: file)
        let pairs = parser.pairs()
        guard parser.diagnostics.isEmpty else { throw DiagnosticsError(parser.diagnostics) }
        return pairs
    }
}

private struct DotenvParser {
    private let bytes: [UInt8]
    private let file: String
    private var index = 0
    private var line = 1
    var diagnostics: [Diagnostic] = []

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        self.file = file
    }

    private mutating func report(_ message: String, hint: String? = nil, line: Int) {
        let start = SourcePosition(line: line, column: 1)
        let range = SourceRange(file: file, start: start, end: SourcePosition(line: line, column: 2))
        diagnostics.append(Diagnostic(code: "dotenv", message, hint: hint, at: range))
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skip(_ characters: [UInt8]) {
        while let byte = current, characters.contains(byte) { index += 1 }
    }

    private mutating func skipLine() {
        while let byte = current {
            index += 1
            if byte == 0x0A { break }
        }
        line += 1
    }

    mutating func pairs() -> [(String, String)] {
        var pairs: [(String, String)] = []
        while index < bytes.count {
            skip([0x20, 0x09, 0x0D])
            if current == 0x0A || current == UInt8(ascii: "#") {
                skipLine()
            } else if index < bytes.count, let pair = pair() {
                pairs.append(pair)
            }
        }
        return pairs
    }

    private mutating func pair() -> (String, String)? {
        let first = line
        if bytes[index...].starts(with: "export ".utf8) || bytes[index...].starts(with: "export\t".utf8) {
            index += 7
            skip([0x20, 0x09])
        }
        let start = index
        while let byte = current, byte == 0x5F || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) {
            index += 1
        }
        let name = String(decoding: bytes[start..<index], as: UTF8.self)
        skip([0x20, 0x09])
        guard !name.isEmpty, name.first?.isNumber != true, current == UInt8(ascii: "=") else {
            report("the line is not NAME=value", line: first)
            skipLine()
            return nil
        }
        index += 1
        skip([0x20, 0x09])
        guard let value = value(first) else {
            skipLine()
            return nil
        }
        guard let text = String(validating: value, as: UTF8.self), !value.contains(0) else {
            report("the value of \(name) is not UTF-8 text", line: first)
            return nil
        }
        return (name, text)
    }

    private mutating func value(_ first: Int) -> [UInt8]? {
        guard let quote = current, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return bareValue() }
        index += 1
        var value: [UInt8] = []
        while let byte = current {
            index += 1
            if byte == quote { return endOfLine(first) ? value : nil }
            if byte == 0x0A { line += 1 }
            guard byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let next = current else {
                value.append(byte)
                continue
            }
            let escapes: [UInt8: UInt8] = [
                UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "\""): 0x22,
                UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "$"): 0x24,
            ]
            if let escaped = escapes[next] {
                value.append(escaped)
                index += 1
            } else {
                value.append(byte)
            }
        }
        report("the quote is not closed", line: first)
        return nil
    }

    private mutating func endOfLine(_ first: Int) -> Bool {
        skip([0x20, 0x09, 0x0D])
        guard current == nil || current == 0x0A || current == UInt8(ascii: "#") else {
            report("text behind the closing quote", line: first)
            return false
        }
        skipLine()
        return true
    }

    private mutating func bareValue() -> [UInt8] {
        let start = index
        var end = index
        while let byte = current, byte != 0x0A {
            let isComment =
                byte == UInt8(ascii: "#") && (index == start || bytes[index - 1] == 0x20 || bytes[index - 1] == 0x09)
            if isComment { break }
            index += 1
            if byte != 0x20, byte != 0x09, byte != 0x0D { end = index }
        }
        skipLine()
        return Array(bytes[start..<end])
    }
}
