import Crypto
import OpsCore
import OpsPlugin
import OrderedCollections

/// A sops file's values after its MAC was found right.
struct SopsSecrets: Sendable {
    var tree: Value
    /// The content of a binary file.
    var content: [UInt8]?
    /// What whoever can write the file can change unseen; nil where that is nothing.
    var warning: String?
}

/// One walk over the encrypted tree, which decrypts it and computes its MAC (sops, "Message Authentication Code").
struct SopsDecryption {
    private let cipher: SopsCipher
    private let rules: SopsRules
    private let coversEncryptedOnly: Bool
    /// Over numbers with all their digits, and over numbers as sops' JSON reader rounds them.
    private var exact = SHA512()
    private var rounded = SHA512()
    private var roundedNumbers: [String] = []
    /// Keys whose names nothing covers.
    private var plain: [String] = []
    private var content: [UInt8]?

    /// What sops' hash starts with where it is over encrypted values only: the SHA-256 digest of `sops`.
    private static let encryptedOnlyStart = SHA256.hash(data: Array("sops".utf8))

    /// The decrypted values.
    ///
    /// Throws: a `SecretFailure` (`invalid`) that continues the file's name: a value or the MAC is not what was
    /// encrypted.
    static func secrets(
        _ document: SopsDocument, _ dataKey: [UInt8], format: SopsFormat
    ) throws(SecretFailure) -> SopsSecrets {
        guard let cipher = SopsCipher(dataKey) else {
            throw SecretFailure(.invalid, "has a data key that is not 32 bytes")
        }
        var walk = SopsDecryption(cipher, try SopsRules(document.metadata), document.metadata)
        let tree = try walk.decrypted(.map(document.tree), [], matched: false, isBinary: format == .binary)
        let isRounded = try walk.checkMAC(document.metadata)
        if format == .binary, walk.content == nil {
            throw SecretFailure(
                .invalid, "is a binary file of sops without 'data'", hint: "write ?format=json if it is JSON")
        }
        return SopsSecrets(tree: tree, content: walk.content, warning: walk.warning(isRounded: isRounded))
    }

    private init(_ cipher: SopsCipher, _ rules: SopsRules, _ metadata: Value) {
        self.cipher = cipher
        self.rules = rules
        coversEncryptedOnly = metadata["mac_only_encrypted"]?.scalarText == "true"
        if coversEncryptedOnly {
            exact.update(data: Array(Self.encryptedOnlyStart))
            rounded.update(data: Array(Self.encryptedOnlyStart))
        }
    }

    private mutating func decrypted(
        _ value: Value, _ path: [String], matched: Bool, isBinary: Bool = false
    ) throws(SecretFailure) -> Value {
        switch value {
        case .map(let map):
            if map.isEmpty, !path.isEmpty { plain.append(Self.name(path)) }
            var result = ValueMap()
            for (key, inner) in map {
                let matched = matched || rules.matches(key)
                result[key] = try decrypted(inner, path + [key], matched: matched, isBinary: isBinary)
            }
            return .map(result)
        case .list(let items):
            if items.isEmpty { plain.append(Self.name(path)) }
            // Items have the place of their list.
            var result: [Value] = []
            for item in items { result.append(try decrypted(item, path, matched: matched)) }
            return .list(result)
        case .null:
            plain.append(Self.name(path))
            return .null
        default:
            guard rules.isEncrypted(value, matched: matched) else {
                plain.append(Self.name(path))
                if !coversEncryptedOnly { cover(value, path) }
                return value
            }
            return try decryptedLeaf(value, path, isBinary: isBinary)
        }
    }

    private mutating func decryptedLeaf(
        _ value: Value, _ path: [String], isBinary: Bool
    ) throws(SecretFailure) -> Value {
        // An empty text stays as it is.
        if value.stringValue == "" {
            plain.append(Self.name(path))
            if isBinary, path == ["data"] { content = [] }
            return value
        }
        guard let text = value.stringValue, SopsCipher.isEncrypted(text) else {
            throw SecretFailure(.invalid, "holds '\(Self.name(path))' in plain text, which should be encrypted")
        }
        guard let (kind, bytes) = cipher.decrypt(text, place: path.map { $0 + ":" }.joined()) else {
            throw SecretFailure(
                .invalid,
                "holds '\(Self.name(path))', which does not decrypt: its value was changed, or its key renamed "
                    + "or moved")
        }
        if isBinary, path == ["data"] {
            content = bytes
            update(bytes)
            return .null
        }
        guard let plain = String(validating: bytes, as: UTF8.self) else {
            throw SecretFailure(
                .invalid, "holds '\(Self.name(path))', which is not UTF-8", hint: "encrypt it as a binary file")
        }
        let result = Self.value(kind, plain)
        cover(result, path)
        return result
    }

    private static func value(_ kind: SopsCipher.Kind, _ text: String) -> Value {
        switch kind {
        case .str, .bytes, .time, .comment: return .string(text)
        case .bool: return .boolean(["1", "t", "T", "true", "TRUE", "True"].contains(text))
        case .int, .int64, .float:
            if kind != .float, let number = Int(text) { return .integer(number, spelling: text) }
            return Double(text).map { .number($0, spelling: text) } ?? .string(text)
        }
    }

    private mutating func cover(_ value: Value, _ path: [String]) {
        switch value {
        case .boolean(let flag): update(Array((flag ? "True" : "False").utf8))
        case .integer(let number, _):
            let (digits, double) = (String(number), SopsNumber.text(Double(number)))
            if digits != double { roundedNumbers.append(Self.name(path)) }
            update(Array(digits.utf8), Array(double.utf8))
        case .number(let number, let spelling):
            let double = SopsNumber.text(number)
            let isWhole = spelling?.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2D } ?? false
            if isWhole, let spelling, spelling != double {
                roundedNumbers.append(Self.name(path))
                update(Array(spelling.utf8), Array(double.utf8))
            } else {
                update(Array(double.utf8))
            }
        default: update(Array((value.stringValue ?? "").utf8))
        }
    }

    private mutating func update(_ bytes: [UInt8], _ asRounded: [UInt8]? = nil) {
        exact.update(data: bytes)
        rounded.update(data: asRounded ?? bytes)
    }

    /// True where the MAC is right only with numbers rounded.
    private func checkMAC(_ metadata: Value) throws(SecretFailure) -> Bool {
        guard let text = metadata["mac"]?.stringValue, !text.isEmpty else {
            throw SecretFailure(.invalid, "has no MAC, so nothing shows whether it was changed")
        }
        guard let (_, bytes) = cipher.decrypt(text, place: metadata["lastmodified"]?.scalarText ?? "") else {
            throw SecretFailure(.invalid, "has a MAC that does not decrypt: it or 'lastmodified' was changed")
        }
        func isRight(_ hash: SHA512) -> Bool { bytes == Array(hexadecimal(hash.finalize()).uppercased().utf8) }
        if isRight(exact) { return false }
        guard isRight(rounded) else {
            throw SecretFailure(
                .invalid,
                "has another MAC than its values: one was changed, added, removed or moved after it was encrypted")
        }
        return true
    }

    private func warning(isRounded: Bool) -> String? {
        var parts: [String] = []
        if !plain.isEmpty {
            // The items of a list have its name.
            let open = OrderedSet(plain)
            let names = open.prefix(5).map { "'\($0)'" }.joined(separator: ", ") + (open.count > 5 ? ", …" : "")
            parts.append(
                coversEncryptedOnly
                    ? "its MAC covers only encrypted values (mac_only_encrypted): whoever can write the file can "
                        + "change, rename, add and remove other keys unseen, such as \(names)"
                    : "its MAC does not cover the names of keys that are not encrypted: whoever can write the file can "
                        + "rename and move these unseen: \(names)")
        }
        if isRounded {
            let names = roundedNumbers.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
            parts.append(
                "its MAC covers large numbers only as sops rounds them: their last digits can be changed: \(names)")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    private static func name(_ path: [String]) -> String { path.joined(separator: ".") }
}
