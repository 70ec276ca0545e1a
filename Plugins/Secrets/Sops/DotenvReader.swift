import OpsCore
import OpsPlugin
import OrderedCollections

/// Reads dotenv files as sops writes them: `KEY=value` lines without quotes, `\n` for a line break, `#` comments.
enum DotenvReader {
    /// Throws: a `SecretFailure` (`invalid`) that continues the file's name.
    static func entries(_ bytes: [UInt8]) throws(SecretFailure) -> ValueMap {
        var entries = ValueMap()
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")),
                let key = String(validating: line[..<equals], as: UTF8.self),
                let value = String(validating: line[(equals + 1)...], as: UTF8.self)
            else { throw SecretFailure(.invalid, "is no dotenv file: line \(index + 1) is not KEY=value") }
            guard entries.updateValue(.string(value.replacing("\\n", with: "\n")), forKey: key) == nil else {
                throw SecretFailure(.invalid, "has the key '\(key)' twice")
            }
        }
        return entries
    }
}
