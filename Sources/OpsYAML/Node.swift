package import OpsCore

/// A YAML value with its place in the text, after anchors, aliases and `<<` were resolved.
package struct Node: Sendable {
    package indirect enum Content: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Entry])
    }

    /// One `key: value`; keys are unique and textual.
    package struct Entry: Sendable {
        package var key: String
        package var keyRange: SourceRange
        package var value: Node

        package init(key: String, keyRange: SourceRange, value: Node) {
            self.key = key
            self.keyRange = keyRange
            self.value = value
        }
    }

    package struct Scalar: Sendable {
        /// How it was written; only a plain scalar has a type other than text.
        package enum Style: Sendable { case plain, singleQuoted, doubleQuoted, literal, folded }

        /// The text after YAML's own unescaping.
        package var text: String
        package var style: Style
        /// The value by YAML 1.2's core schema; numbers keep their spelling.
        package var value: Value
        /// The file it stands in, for places inside it; nil for text that was not read from a file.
        package var source: YAMLSource?

        package init(text: String, style: Style, value: Value, source: YAMLSource? = nil) {
            self.text = text
            self.style = style
            self.value = value
            self.source = source
        }
    }

    package var content: Content
    package var range: SourceRange

    package init(_ content: Content, _ range: SourceRange) {
        self.content = content
        self.range = range
    }

    /// How a message names what stands here: `a list`, `text`, `the number 30`. Text may be a secret, and is not shown.
    package var kindName: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a map"
        case .scalar(let scalar):
            switch scalar.value {
            case .null: "nothing"
            case .boolean: "a boolean"
            case .integer, .number: "the number \(scalar.text)"
            default: "text"
            }
        }
    }
}

/// The file that nodes were read from, shared by them.
package final class YAMLSource: Sendable {
    package let text: SourceText

    package init(_ text: SourceText) { self.text = text }
}
