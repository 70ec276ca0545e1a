import Crypto
package import OpsCore
import OpsSystem
package import OrderedCollections

/// `secrets.lock`: where each secret of a recipe came from, the version that its source gave it, and a keyed fingerprint
/// of its value, so that a change shows where the file is reviewed.
///
/// A fingerprint is HMAC-SHA256 (RFC 2104) under a key that is in no repository: without it nobody can try values
/// against the file. The secret's name is part of what is hashed, so that equal values do not show as equal.
package struct SecretLock: Sendable, Hashable {
    package static let schema = "ops/secrets-lock/v1"

    package struct Entry: Sendable, Hashable {
        /// That gave the value; nil for an optional secret that was nowhere.
        package var reference: String?
        package var version: String?
        /// Nil where each fetch makes a value of its own, and for the secret that the key is made from.
        package var fingerprint: String?

        package init(reference: String?, version: String?, fingerprint: String?) {
            self.reference = reference
            self.version = version
            self.fingerprint = fingerprint
        }
    }

    /// Where the key comes from.
    package enum KeySource: Sendable, Hashable {
        /// A file of this machine's state folder; the text tells it from other machines'.
        case machine(String)
        /// A secret of the recipe with a salt of the lock's own: the same for all who can fetch it.
        case secret(String, salt: [UInt8])
    }

    package var key: KeySource
    package var entries: OrderedDictionary<String, Entry>

    package init(key: KeySource, entries: OrderedDictionary<String, Entry>) {
        self.key = key
        self.entries = entries
    }

    /// The file's text: the same lock gives the same bytes.
    package var text: String {
        let source: ValueMap =
            switch key {
            case .machine(let id): ["machine": .string(id)]
            case .secret(let name, let salt): ["secret": .string(name), "salt": .string(Base64.encode(salt))]
            }
        var secrets: ValueMap = [:]
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            secrets[name] = .map([
                "reference": Self.text(entry.reference), "version": Self.text(entry.version),
                "fingerprint": Self.text(entry.fingerprint),
            ])
        }
        let json = Value.map(["schema": .string(Self.schema), "key": .map(source), "secrets": .map(secrets)])
        return JSONWriter.text(json, indentation: 2) + "\n"
    }

    private static func text(_ text: String?) -> Value { text.map { .string($0) } ?? .null }

    /// Reads a lock. Throws: an `OpsError` (`invalid`) that names the file.
    package init(_ bytes: [UInt8], file: String) throws(OpsError) {
        guard let json = try? JSONReader.value(bytes), json["schema"]?.stringValue == Self.schema,
            let secrets = json["secrets"]?.mapValue
        else {
            throw OpsError(
                .invalid, "\(file) is no lock of secrets of the form '\(Self.schema)'",
                hint: "remove it, then 'ops secrets lock' makes a new one")
        }
        if let id = json["key"]?["machine"]?.stringValue {
            key = .machine(id)
        } else if let name = json["key"]?["secret"]?.stringValue,
            let salt = json["key"]?["salt"]?.stringValue.flatMap({ Base64.decode(Array($0.utf8)) })
        {
            key = .secret(name, salt: salt)
        } else {
            throw OpsError(.invalid, "\(file) does not say where its key comes from")
        }
        entries = [:]
        for (name, entry) in secrets {
            entries[name] = Entry(
                reference: entry["reference"]?.stringValue, version: entry["version"]?.stringValue,
                fingerprint: entry["fingerprint"]?.stringValue)
        }
    }
}

/// The key of fingerprints.
package struct SecretLockKey: Sendable {
    /// A key secret is no shorter than this: a password could be found by trying.
    package static let shortestSecret = 24

    private let key: SymmetricKey
    package let source: SecretLock.KeySource

    /// The machine's own key, made when it is first asked for.
    ///
    /// Throws: an `OpsError` with the path.
    package init(machine state: StateDirectory) throws(OpsError) {
        let path = state.path + "/secrets-lock.key"
        if FileStatus.find(path) == nil {
            try makeFolders(state.path, mode: 0o700)
            let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { [UInt8]($0) }
            try writeAtomically(fresh, to: path, mode: 0o600)
        }
        let bytes = try readFile(path, limit: 4096)
        guard bytes.count == 32 else {
            throw OpsError(.invalid, "\(path) is no key", hint: "remove it, then lock again")
        }
        key = SymmetricKey(data: bytes)
        let id = Array(HMAC<SHA256>.authenticationCode(for: Array("id".utf8), using: key))
        source = .machine(hexadecimal(id.prefix(8)))
    }

    /// A key derived from a secret's value (HKDF, RFC 5869).
    ///
    /// Throws: an `OpsError` (`invalid`) where it is so short that it could be guessed.
    package init(secret name: String, value: Secret, salt: [UInt8]?) throws(OpsError) {
        guard let bytes = value.reveal(), bytes.count >= Self.shortestSecret else {
            throw OpsError(
                .invalid, "the secret '\(name)' is too short to make a key from",
                hint: "take one of \(Self.shortestSecret) random bytes or more, such as 'openssl rand -base64 32' gives"
            )
        }
        let salt = salt ?? SymmetricKey(size: .bits256).withUnsafeBytes { [UInt8]($0) }
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: bytes), salt: salt, info: Array("ops secrets.lock v1".utf8),
            outputByteCount: 32)
        source = .secret(name, salt: salt)
    }

    /// The fingerprint of a secret's value: `hmac-sha256:` and hexadecimal digits.
    package func fingerprint(of name: String, _ value: Secret) -> String? {
        guard let bytes = value.reveal() else { return nil }
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array(name.utf8) + [0])
        code.update(data: bytes)
        return "hmac-sha256:" + hexadecimal(Array(code.finalize()))
    }
}

/// What is different between a lock and what the sources give now.
package enum SecretChange: Sendable, Hashable {
    case added
    case removed
    /// It comes from another reference than the one that is named.
    case moved(from: String?)
    case version(from: String?)
    case value
    /// Only the fingerprint would tell, and it was made under another machine's key.
    case unknown

    /// What is wrong, for people; nil for what is only not known.
    package var isDifference: Bool { self != .unknown }
}

extension SecretLock {
    /// What `now` has otherwise, by name.
    package func changes(to now: SecretLock) -> OrderedDictionary<String, SecretChange> {
        var changes: OrderedDictionary<String, SecretChange> = [:]
        for (name, new) in now.entries {
            guard let old = entries[name] else {
                changes[name] = .added
                continue
            }
            let isComparable = key == now.key && old.fingerprint != nil && new.fingerprint != nil
            if isComparable, old.fingerprint != new.fingerprint {
                changes[name] = .value
            } else if old.reference != new.reference {
                changes[name] = .moved(from: old.reference)
            } else if old.version != new.version {
                changes[name] = .version(from: old.version)
            } else if !isComparable, new.version == nil, old.fingerprint != nil || new.fingerprint != nil {
                changes[name] = .unknown
            }
        }
        for name in entries.keys where now.entries[name] == nil { changes[name] = .removed }
        return changes
    }
}
