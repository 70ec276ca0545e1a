/// How many columns text takes on a terminal (Unicode Standard Annex 11, "East Asian Width"; emoji as UTS 51).
package enum DisplayWidth {
    /// The columns of a text; SGR colour sequences take none.
    package static func of(_ text: String) -> Int {
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text.utf8.count }
        var width = 0
        forEachPart(of: text) { width += $0.width }
        return width
    }

    /// The text cut to at most `width` columns, with `…` (or `~`) where something went.
    package static func clip(_ text: String, to width: Int, unicode: Bool = true) -> String {
        guard of(text) > width else { return text }
        guard width > 0 else { return "" }
        var result = ""
        var used = 0
        var isCut = false
        var isColored = false
        forEachPart(of: text) { part in
            if part.isColor {
                result += part.text
                isColored = true
            } else if !isCut, used + part.width <= width - 1 {
                result += part.text
                used += part.width
            } else if !isCut {
                isCut = true
                result += unicode ? "…" : "~"
            }
        }
        return isColored ? result + "\u{1B}[0m" : result
    }

    /// The columns of one character.
    package static func of(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.value < 0x7F { return first.value < 0x20 ? 0 : character.unicodeScalars.contains("\u{FE0F}") ? 2 : 1 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        if first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
        return isWide(first.value) ? 2 : 1
    }

    /// The blocks of wide and full-width characters.
    private static func isWide(_ scalar: UInt32) -> Bool {
        guard scalar >= 0x1100 else { return false }
        switch scalar {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
            0x16FE0...0x18CFF, 0x1AFF0...0x1B2FB, 0x1F200...0x1F265, 0x20000...0x3FFFD:
            return true
        default: return false
        }
    }

    private static func forEachPart(of text: String, _ body: ((text: Substring, width: Int, isColor: Bool)) -> Void) {
        var rest = text[...]
        while let character = rest.first {
            if character == "\u{1B}", let end = rest.firstIndex(of: "m") {
                body((rest[...end], 0, true))
                rest = rest[rest.index(after: end)...]
            } else {
                body((rest.prefix(1), of(character), false))
                rest = rest.dropFirst()
            }
        }
    }
}
