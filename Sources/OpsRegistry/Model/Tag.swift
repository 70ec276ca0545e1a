package import OpsCore

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (OCI distribution-spec, "Pulling manifests").
package struct Tag: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// Throws: an `OpsError` (`invalid`).
    package init(_ text: String) throws(OpsError) {
        func isWord(_ byte: UInt8) -> Bool {
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                || byte == 0x5F
        }
        guard let first = text.utf8.first, isWord(first), text.utf8.count <= 128,
            text.utf8.allSatisfy({ isWord($0) || $0 == 0x2E || $0 == 0x2D })
        else {
            throw OpsError(
                .invalid, "'\(text)' is not a tag",
                hint: "letters, digits, '_', '.' and '-', at most 128, not starting with '.' or '-'")
        }
        description = text
    }
}
