/// A byte string in base64 (RFC 4648 §4 and §5) and in hexadecimal digits.
enum DigitForms {
    /// Shorter digits of a part of a value are not masked: they may be anybody's.
    private static let shortestPart = 8

    /// All needles. Each is there in one piece; what wraps it is left to `FoldedCursor`.
    static func all(of bytes: [UInt8]) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for alphabet in [standard, url] {
            // Encoded alone it has a last group that is its own.
            forms.append(group(bytes, alphabet))
            for before in 0..<3 { forms.append(stable(bytes[...], behind: before, alphabet)) }
            // A line may end behind the first one or two digits of a needle: they stand in front of a group.
            for dropped in 1...2 {
                let part = stable(bytes.dropFirst(dropped), behind: 0, alphabet)
                if part.count >= shortestPart { forms.append(part) }
            }
        }
        for digits in [lower, upper] {
            var text: [UInt8] = []
            text.reserveCapacity(2 * bytes.count)
            for byte in bytes {
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
            // As above: a line may end behind the first byte.
            if text.count >= shortestPart + 2 { forms.append(Array(text[2...])) }
            forms.append(text)
        }
        return forms
    }

    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let standard = Array((letters + "+/").utf8)
    private static let url = Array((letters + "-_").utf8)
    private static let lower = Array("0123456789abcdef".utf8)
    private static let upper = Array("0123456789ABCDEF".utf8)

    /// The digits that depend on the bytes alone when so many others (0 to 2) stand before them in a group and
    /// anything behind them.
    private static func stable(_ bytes: ArraySlice<UInt8>, behind before: Int, _ alphabet: [UInt8]) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.count * 4 / 3 + 1)
        // The first digit that shares no bit with what stands before.
        var bits = 0
        var count = 0
        var skipped = (6 - before * 8 % 6) % 6
        for byte in bytes {
            bits = (bits << 8 | Int(byte)) & 0xFFFF
            count += 8
            if skipped > 0 {
                count -= skipped
                skipped = 0
            }
            while count >= 6 {
                count -= 6
                digits.append(alphabet[bits >> count & 63])
            }
        }
        return digits
    }

    /// The whole encoding, with padding.
    private static func group(_ bytes: [UInt8], _ alphabet: [UInt8]) -> [UInt8] {
        guard bytes.count % 3 != 0 else { return [] }
        let padding = 3 - bytes.count % 3
        // Zero bits fill the last digit, as zero bytes would.
        let digits = stable(bytes[...] + [UInt8](repeating: 0, count: padding), behind: 0, alphabet)
        return digits.dropLast(padding) + [UInt8](repeating: UInt8(ascii: "="), count: padding)
    }
}
