import Crypto
import OpsCore

/// Writes sops files as sops' documentation describes them; the judge is a file that was written independently
/// (`SopsFixtures.golden`).
struct SopsWriter {
    /// A value as it stands in a file.
    enum Leaf {
        /// Encrypted; the text is as sops encrypts it.
        case sealed(String, type: String = "str")
        /// In JSON, and as the MAC has it; nil where the MAC leaves it out.
        case plain(String, covered: String?)

        static func text(_ text: String) -> Leaf { .plain("\"\(text)\"", covered: text) }
    }

    static let dataKey = Array(SHA256.hash(data: Array("a data key for tests".utf8)))
    static let modified = "2026-01-31T12:00:00Z"

    private var hash = SHA512()
    private let coversEncryptedOnly: Bool

    init(macOnlyEncrypted: Bool = false) {
        coversEncryptedOnly = macOnlyEncrypted
        if macOnlyEncrypted { hash.update(data: Array(SHA256.hash(data: Array("sops".utf8)))) }
    }

    /// The text of a value, which is added to the MAC.
    ///
    /// - Parameter place: its keys, each with a colon behind it.
    mutating func value(_ leaf: Leaf, at place: String) throws -> String {
        switch leaf {
        case .sealed(let text, let type):
            cover(Array(text.utf8))
            return try Self.seal(Array(text.utf8), type, place)
        case .plain(let text, let covered):
            if !coversEncryptedOnly, let covered { cover(Array(covered.utf8)) }
            return text
        }
    }

    /// Adds to the MAC.
    mutating func cover(_ bytes: [UInt8]) { hash.update(data: bytes) }

    func mac() throws -> String {
        try Self.seal(Array(hexadecimal(hash.finalize()).uppercased().utf8), "str", Self.modified)
    }

    static func seal(_ bytes: [UInt8], _ type: String, _ place: String) throws -> String {
        let iv = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        let box = try AES.GCM.seal(
            bytes, using: SymmetricKey(data: dataKey), nonce: AES.GCM.Nonce(data: iv), authenticating: Array(place.utf8)
        )
        func text(_ bytes: some Sequence<UInt8>) -> String { Base64.encode(Array(bytes)) }
        return "ENC[AES256_GCM,data:\(text(box.ciphertext)),iv:\(text(iv)),tag:\(text(box.tag)),type:\(type)]"
    }

    /// A JSON file of top-level members.
    ///
    /// - Parameters:
    ///   - metadata: further members of sops' own, in JSON.
    ///   - keys: who opens it.
    static func json(
        _ members: KeyValuePairs<String, Leaf>, metadata: String = "", keys: String = SopsFixtures.ageKeys,
        macOnlyEncrypted: Bool = false
    ) throws -> String {
        var writer = SopsWriter(macOnlyEncrypted: macOnlyEncrypted)
        var lines: [String] = []
        for (key, leaf) in members {
            let value = try writer.value(leaf, at: key + ":")
            lines.append("\"\(key)\": \(value.hasPrefix("ENC[") ? "\"\(value)\"" : value)")
        }
        let only = macOnlyEncrypted ? #""mac_only_encrypted": true,"# : ""
        let mac = try writer.mac()
        let own = #"\#(keys), "lastmodified": "\#(modified)", \#(only) \#(metadata) "mac": "\#(mac)""#
        return "{\n" + lines.map { $0 + ",\n" }.joined() + "\"sops\": {\(own)}\n}\n"
    }
}
