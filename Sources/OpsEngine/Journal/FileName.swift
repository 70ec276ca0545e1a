import Crypto
import OpsCore

/// Names of files made from names that people chose.
enum FileName {
    /// The text with all but letters, digits and `-_=,.` in percent form. A file's name has at most 255 bytes: a longer
    /// one keeps its head and a hash of the whole.
    static func escaped(_ text: String) -> String {
        var name = ""
        if text.utf8.count <= 200, text.utf8.allSatisfy(isPlain) { return text }
        for byte in text.utf8 {
            if isPlain(byte) {
                name.append(Character(Unicode.Scalar(byte)))
            } else {
                name += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        guard name.utf8.count > 200 else { return name }
        return "\(name.prefix(160))%\(hexadecimal(SHA256.hash(data: Array(text.utf8)).prefix(8)))"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "."): true
        default: false
        }
    }
}
