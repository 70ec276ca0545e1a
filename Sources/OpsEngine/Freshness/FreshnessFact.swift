import OpsCore
import OpsRecipe
import OrderedCollections

/// One thing that a task's result depends on, with its value, so that a difference can be named.
struct FreshnessFact: Sendable, Hashable {
    /// With its article, for a sentence: `the input version`, `the script of step 2`.
    var label: String
    /// The value as JSON text; where it is long, its SHA-256.
    var text: String

    /// Longer texts are kept as their digest.
    static let textLimit = 120

    init(_ label: String, _ text: String) {
        self.label = label
        self.text =
            text.utf8.count <= Self.textLimit ? text : Self.digestPrefix + ContentDigest(of: text.utf8).hexadecimal
    }

    private static let digestPrefix = "sha256:"

    /// `the input version is now 1.3 (was 1.2)`, `the script of step 2 changed`.
    static func difference(_ label: String, was old: String, now new: String) -> String {
        // More than fits into a sentence says less than that it changed.
        for text in [old, new] where text.hasPrefix(digestPrefix) || text.utf8.count > 60 || text.contains("\\n") {
            return "\(label) changed"
        }
        return "\(label) is now \(shown(new)) (was \(shown(old)))"
    }

    /// A text as people write it: without the quotes of JSON.
    private static func shown(_ text: String) -> String {
        guard text.hasPrefix("\""), let value = try? JSONReader.value(text), let plain = value.stringValue,
            !plain.isEmpty, !plain.contains("\n")
        else { return text }
        return plain
    }

    /// A value's text, with the spelling of its numbers; nil where it holds an unknown.
    static func text(of value: Value) -> String? {
        switch value {
        case .integer(_, let spelling), .number(_, let spelling): return spelling ?? value.scalarText
        case .unknown: return nil
        case .list(let items):
            var parts: [String] = []
            for item in items {
                guard let text = text(of: item) else { return nil }
                parts.append(text)
            }
            return "[" + parts.joined(separator: ",") + "]"
        case .map(let map):
            var parts: [String] = []
            for (key, item) in map {
                guard let text = text(of: item) else { return nil }
                parts.append(JSONWriter.text(.string(key)) + ":" + text)
            }
            return "{" + parts.joined(separator: ",") + "}"
        case .null, .boolean, .string, .secret: return JSONWriter.text(value)
        }
    }

    /// A template as it is written, its expressions not evaluated.
    static func text(of template: Template) -> String {
        switch template.content {
        case .literal(let value): text(of: value) ?? "null"
        case .expression(let expression): "${{ \(expression.text) }}"
        case .text(let pieces):
            JSONWriter.text(
                .string(
                    pieces.map { piece in
                        switch piece {
                        case .literal(let text): text
                        case .expression(let expression): "${{ \(expression.text) }}"
                        }
                    }.joined()))
        case .list(let items): "[" + items.map { text(of: $0) }.joined(separator: ",") + "]"
        case .map(let map):
            "{" + map.map { JSONWriter.text(.string($0.key)) + ":" + text(of: $0.value) }.joined(separator: ",") + "}"
        }
    }

    // MARK: In a record

    func write(to writer: inout RecordWriter) {
        writer.text(label)
        writer.text(text)
    }

    static func list(_ reader: inout RecordReader) -> [FreshnessFact]? {
        var facts: [FreshnessFact] = []
        while reader.offset < reader.bytes.count {
            guard let label = reader.text(), let text = reader.text() else { return nil }
            facts.append(FreshnessFact(label, text))
        }
        return facts
    }
}
