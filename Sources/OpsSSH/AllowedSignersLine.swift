import OpsCore
import OpsSystem

/// Reads one line of an `AllowedSigners` file.
enum AllowedSignersLine {
    /// Nil for an empty line or a comment.
    ///
    /// Throws: an `OpsError` (`invalid`).
    static func entry(
        _ line: Substring, number: Int, zone: ZoneRules
    ) throws(OpsError) -> AllowedSigners.Entry? {
        var rest = line.drop(while: isSpace)
        guard let first = rest.first, first != "#" else { return nil }
        guard let word = word(&rest) else { throw OpsError(.invalid, "a quote is not closed") }
        let principals = unquoted(word)
        guard !principals.isEmpty else { throw OpsError(.invalid, "there are no principals") }
        // What reads as a key is one, as in OpenSSH: options come only where it does not.
        if let key = try? SSHKeyText(rest) {
            return .init(line: number, principals: SSHPatternList(String(principals)), key: key)
        }
        guard let options = self.word(&rest) else { throw OpsError(.invalid, "a quote is not closed") }
        guard let key = try? SSHKeyText(rest) else {
            throw OpsError(
                .invalid, "there is no public key behind the principals",
                hint: "a line is: alice@example.com ssh-ed25519 AAAA…")
        }
        var entry = AllowedSigners.Entry(line: number, principals: SSHPatternList(String(principals)), key: key)
        for option in try split(options) { try take(option, into: &entry, zone) }
        if let after = entry.validAfter, let before = entry.validBefore, after >= before {
            throw OpsError(.invalid, "valid-after is not before valid-before")
        }
        return entry
    }

    private static func take(
        _ option: Substring, into entry: inout AllowedSigners.Entry, _ zone: ZoneRules
    ) throws(OpsError) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].lowercased()
        func value() throws(OpsError) -> String {
            guard parts.count == 2, parts[1].count > 1, parts[1].hasPrefix("\""), parts[1].hasSuffix("\"") else {
                throw OpsError(.invalid, "\(name) has no value in quotes", hint: "write \(name)=\"…\"")
            }
            return String(unquoted(parts[1])).replacing("\\\"", with: "\"")
        }
        func once(_ isNew: Bool) throws(OpsError) {
            guard isNew else { throw OpsError(.invalid, "\(name) stands twice") }
        }
        switch name {
        case "cert-authority" where parts.count == 1: entry.isAuthority = true
        case "namespaces":
            try once(entry.namespaces == nil)
            entry.namespaces = SSHPatternList(try value())
        case "valid-after":
            try once(entry.validAfter == nil)
            entry.validAfter = try time(try value(), zone)
        case "valid-before":
            try once(entry.validBefore == nil)
            entry.validBefore = try time(try value(), zone)
        default:
            throw OpsError(
                .invalid, "there is no option '\(name)'",
                hint: "there are cert-authority, namespaces, valid-after and valid-before")
        }
    }

    /// Seconds since 1970 of `YYYYMMDD[HHMM[SS]][Z]`.
    private static func time(_ text: String, _ zone: ZoneRules) throws(OpsError) -> Int {
        let isUTC = text.hasSuffix("Z")
        let digits = Array((isUTC ? text.dropLast() : text[...]).utf8)
        let wrong = OpsError(
            .invalid, "'\(text)' is no date", hint: "write YYYYMMDD or YYYYMMDDHHMM[SS], Z behind it for UTC")
        guard [8, 12, 14].contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { throw wrong }
        func part(_ range: Range<Int>) -> String {
            range.upperBound <= digits.count ? String(decoding: digits[range], as: UTF8.self) : "00"
        }
        let iso =
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z"
        guard let seconds = Timestamp.parse(iso) else { throw wrong }
        if isUTC { return seconds }
        // The offset there may differ from the one an offset away: asked twice it is right but within a change.
        let guess = seconds - zone.offset(at: seconds).seconds
        return seconds - zone.offset(at: guess).seconds
    }

    private static func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }

    /// Takes what stands before the next white space outside of quotes, and the space; nil where a quote is open.
    private static func word(_ rest: inout Substring) -> Substring? {
        var isQuoted = false
        var index = rest.startIndex
        var before: Character?
        while index < rest.endIndex, isQuoted || !isSpace(rest[index]) {
            if rest[index] == "\"", before != "\\" { isQuoted.toggle() }
            before = rest[index]
            index = rest.index(after: index)
        }
        defer { rest = rest[index...].drop(while: isSpace) }
        return isQuoted ? nil : rest[..<index]
    }

    private static func unquoted(_ word: Substring) -> Substring {
        word.count > 1 && word.hasPrefix("\"") && word.hasSuffix("\"") ? word.dropFirst().dropLast() : word
    }

    /// Options, at the commas outside of quotes.
    private static func split(_ options: Substring) throws(OpsError) -> [Substring] {
        var parts: [Substring] = []
        var isQuoted = false
        var start = options.startIndex
        var before: Character?
        for index in options.indices {
            let character = options[index]
            if character == "\"", before != "\\" { isQuoted.toggle() }
            if character == ",", !isQuoted {
                parts.append(options[start..<index])
                start = options.index(after: index)
            }
            before = character
        }
        parts.append(options[start...])
        guard parts.allSatisfy({ !$0.isEmpty }) else { throw OpsError(.invalid, "an option is empty") }
        return parts
    }
}
