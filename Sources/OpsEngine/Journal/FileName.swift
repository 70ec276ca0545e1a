import Crypto
import OpsCore

/// Names of files made from names that people chose.
enum FileName {
    /// The text with all but letters, digits and `-_=,.` in percent form. A file's name has at most 255 bytes: a longer
    /// one keeps its head and a hash of the whole.
    static func escaped(_ text: String) -> String {
        var name = ""
        for byte in text.utf8 {
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-_=,.".contains(character) {
                name.append(character)
            } else {
                name += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        guard name.utf8.count > 200 else { return name }
        return "\(name.prefix(160))%\(hexadecimal(SHA256.hash(data: Array(text.utf8)).prefix(8)))"
    }
}
