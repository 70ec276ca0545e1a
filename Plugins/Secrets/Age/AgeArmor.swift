import OpsCore

/// The text form of an age file: strict PEM (C2SP age, "ASCII armor").
enum AgeArmor {
    private static let begin = Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8)
    private static let end = Array("-----END AGE ENCRYPTED FILE-----".utf8)
    private static let width = 64

    /// True for a text that starts, behind white space, as an armored file does.
    static func isArmored(_ bytes: [UInt8]) -> Bool { bytes.drop(while: isSpace).starts(with: begin) }

    /// The binary file in the text. White space around it and CR LF are fine; lines of another length than 64,
    /// padding that is missing and bits that no byte takes are not.
    ///
    /// Throws: an `AgeError` (`armor`).
    static func decode(_ text: [UInt8]) throws(AgeError) -> [UInt8] {
        var rest = text.drop(while: isSpace)
        guard let first = line(&rest), first == begin[...] else {
            throw AgeError(.armor, "is no age file: it starts neither as one nor with its PEM header")
        }
        var body: [UInt8] = []
        body.reserveCapacity(rest.count / 4 * 3)
        var isLast = false
        while let next = line(&rest) {
            if next == end[...] {
                guard rest.allSatisfy(isSpace) else {
                    throw AgeError(.armor, "has something behind the end of its armor")
                }
                return body
            }
            guard !isLast, !next.isEmpty, next.count <= width else {
                throw AgeError(.armor, "has armor with a line of another length than \(width)")
            }
            guard next.count % 4 == 0, let bytes = Base64.decode(Array(next)),
                Base64.encode(bytes).utf8.elementsEqual(next)
            else { throw AgeError(.armor, "has armor with a line that is not base64") }
            isLast = next.count < width || next.last == UInt8(ascii: "=")
            body += bytes
        }
        throw AgeError(.armor, "has armor that does not end: it was cut off")
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        guard let index = rest.firstIndex(of: 0x0A) else {
            defer { rest = [] }
            return rest
        }
        let line = rest[..<index]
        rest = rest[(index + 1)...]
        return line.last == 0x0D ? line.dropLast() : line
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
