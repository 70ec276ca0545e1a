import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// Files that tools and platforms leave credentials in.
enum TokenFile {
    /// A token's text, without white space at its ends.
    ///
    /// - Parameter source: what names the file, for messages: `AZURE_FEDERATED_TOKEN_FILE`.
    /// Throws: a `SecretFailure` (`forbidden`, `invalid`) with the path.
    static func text(_ path: String, source: String) throws(SecretFailure) -> String {
        let bytes = try bytes(path, source: source)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SecretFailure(.invalid, "'\(path)', which \(source) names, is not text")
        }
        guard let start = text.firstIndex(where: { !$0.isWhitespace }),
            let end = text.lastIndex(where: { !$0.isWhitespace })
        else { throw SecretFailure(.invalid, "'\(path)', which \(source) names, is empty") }
        return String(text[start...end])
    }

    /// A JSON document's value.
    static func json(_ path: String, source: String) throws(SecretFailure) -> Value {
        let bytes = try bytes(path, source: source)
        // The reader's own words could quote what it read.
        guard let value = try? JSONReader.value(bytes), value.mapValue != nil else {
            throw SecretFailure(.invalid, "'\(path)', which \(source) names, is not a JSON object")
        }
        return value
    }

    static func bytes(_ path: String, source: String) throws(SecretFailure) -> [UInt8] {
        do throws(OpsError) {
            return try readFile(path, limit: 1 << 20)
        } catch {
            throw SecretFailure(
                error.code == .forbidden ? .forbidden : .invalid, "\(source) cannot be used: \(error.message)")
        }
    }
}
