package import OpsEngine

/// How text may look on its way to a reader. The caller decides it from the options, the environment and the
/// terminal.
package struct Style: Sendable {
    /// SGR colour sequences may be used.
    package var color: Bool
    /// Marks and lines outside ASCII may be used.
    package var unicode: Bool
    /// The columns of the terminal; nil is no limit.
    package var width: Int?
    /// The rows of the terminal.
    package var height: Int?

    package init(color: Bool = false, unicode: Bool = true, width: Int? = nil, height: Int? = nil) {
        self.color = color
        self.unicode = unicode
        self.width = width
        self.height = height
    }

    /// A colour or weight of text.
    package enum Paint: String, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    /// The text in a colour, where colour may be used.
    package func paint(_ text: String, _ paint: Paint) -> String {
        color && !text.isEmpty ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The mark in front of what ended in a way, painted.
    package func mark(_ outcome: Outcome) -> String {
        switch outcome {
        case .succeeded, .upToDate: paint(unicode ? "✓" : "ok", .green)
        case .failed, .timedOut: paint(unicode ? "✗" : "FAILED", .red)
        case .skipped: paint(unicode ? "–" : "skipped", .dim)
        case .cancelled: paint(unicode ? "⊘" : "cancelled", .yellow)
        }
    }

    /// The line in front of a task's output.
    package var gutter: String { paint(unicode ? "│" : "|", .dim) }
}
