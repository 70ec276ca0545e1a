import Crypto
import OpsCore

/// Decrypts the values of a sops file: AES-256-GCM, bound to where they stand (sops, "Encryption Protocol").
struct SopsCipher: Sendable {
    /// What a value was before it was encrypted.
    enum Kind: String, Sendable { case str, int, int64, float, bytes, bool, time, comment }

    private let key: SymmetricKey

    /// Nil where the data key is not 32 bytes.
    init?(_ dataKey: [UInt8]) {
        guard dataKey.count == 32 else { return nil }
        key = SymmetricKey(data: dataKey)
    }

    private static let start = "ENC[AES256_GCM,data:"

    /// True for the form of an encrypted value.
    static func isEncrypted(_ text: String) -> Bool {
        text.utf8.starts(with: start.utf8) && text.utf8.last == UInt8(ascii: "]")
    }

    /// The value in `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`; nil where it has another form, was changed, or
    /// stands where it was not encrypted for.
    ///
    /// - Parameter place: the additional data.
    func decrypt(_ text: String, place: String) -> (kind: Kind, bytes: [UInt8])? {
        guard Self.isEncrypted(text) else { return nil }
        var fields: [String: String] = [:]
        for part in text.dropFirst(15).dropLast().split(separator: ",") {
            guard let colon = part.firstIndex(of: ":") else { return nil }
            fields[String(part[..<colon])] = String(part[part.index(after: colon)...])
        }
        func bytes(_ name: String) -> [UInt8]? { fields[name].flatMap { Base64.decode(Array($0.utf8)) } }
        guard let kind = fields["type"].flatMap({ Kind(rawValue: $0) }), let data = bytes("data"), let iv = bytes("iv"),
            let tag = bytes("tag"), tag.count == 16, let nonce = try? AES.GCM.Nonce(data: iv),
            let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: data, tag: tag),
            let plain = try? AES.GCM.open(box, using: key, authenticating: Array(place.utf8))
        else { return nil }
        return (kind, [UInt8](plain))
    }
}
