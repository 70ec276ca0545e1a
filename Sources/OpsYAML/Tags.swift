import OpsCore

/// Tags: the core schema's, `!`, and an error for all others.
extension Composer {
    private static let corePrefix = "tag:yaml.org,2002:"

    /// The value of a scalar with a tag (spec 1.2.2, section 10.3).
    mutating func tagged(
        _ tag: String, _ text: String, _ value: Value, _ event: Event, at place: SourceRange
    ) throws(DiagnosticsError) -> Value {
        if tag == "!" { return .string(text) }
        guard tag.hasPrefix(Self.corePrefix) else {
            try reportUnknown(tag, event)
            return value
        }
        let name = tag.dropFirst(Self.corePrefix.count)
        let plain = CoreSchema.value(text)
        switch (name, plain) {
        case ("str", _): return .string(text)
        case ("null", .null), ("bool", .boolean), ("int", .integer), ("float", .number): return plain
        case ("float", .integer(let number, let spelling)):
            return .number(Double(number), spelling: spelling)
        case ("null", _), ("bool", _), ("int", _), ("float", _), ("seq", _), ("map", _):
            try report("tag-mismatch", "'\(text)' is no '!!\(name)'", at: place)
        default: try reportUnknown("!!" + name, event)
        }
        return value
    }

    mutating func checkCollectionTag(_ event: Event, _ kind: String) throws(DiagnosticsError) {
        guard let tag = event.tag, tag != "!", tag != Self.corePrefix + kind else { return }
        if tag.hasPrefix(Self.corePrefix) {
            let name = tag.dropFirst(Self.corePrefix.count)
            if ["str", "int", "float", "bool", "null", "map", "seq"].contains(name) {
                let what = kind == "seq" ? "list" : "map"
                try report(
                    "tag-mismatch", "a \(what) is no '!!\(name)'", at: range(event.start, event.start))
                return
            }
            try reportUnknown("!!" + name, event)
        } else {
            try reportUnknown(tag, event)
        }
    }

    private mutating func reportUnknown(_ tag: String, _ event: Event) throws(DiagnosticsError) {
        let text = source.text
        let start = event.start
        let line = Array((text.line(start.line) ?? "").unicodeScalars)
        // With an anchor before it, the tag starts later on the line.
        let offset = line.dropFirst(start.column - 1).firstIndex(of: "!") ?? start.column - 1
        let length = line.dropFirst(offset).prefix { $0 != " " && $0 != "\t" }.count
        let first = SourcePosition(line: start.line, column: offset + 1)
        let rewrite = QuotedRewrite(line: text.line(start.line) ?? "", column: start.column)
        try report(
            "unknown-tag", "unknown tag '\(tag)': a '!' starts a YAML tag",
            hint: rewrite.map { "write \($0.text)" } ?? "quote the text",
            at: range(first, SourcePosition(line: first.line, column: first.column + max(length, 1))))
    }

    /// Where the value itself starts behind its anchor and tag, which libyaml counts in.
    func contentStart(_ event: Event) -> SourcePosition {
        guard event.anchor != nil || event.tag != nil else { return event.start }
        var position = event.start
        while let line = source.text.line(position.line) {
            let scalars = Array(line.unicodeScalars)
            var offset = position.column - 1
            while offset < scalars.count {
                switch scalars[offset] {
                case " ", "\t": offset += 1
                case "&", "!":
                    while offset < scalars.count, scalars[offset] != " ", scalars[offset] != "\t" {
                        offset += 1
                    }
                case "#": offset = scalars.count
                default: return min(SourcePosition(line: position.line, column: offset + 1), event.end)
                }
            }
            guard position.line < event.end.line else { return event.end }
            position = SourcePosition(line: position.line + 1, column: 1)
        }
        return event.end
    }
}
