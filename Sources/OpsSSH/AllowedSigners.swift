package import OpsCore
package import OpsSystem

/// Whose signatures count: a file of lines `PRINCIPALS [OPTIONS] KEY`, as git and ssh-keygen read it (ssh-keygen(1),
/// "ALLOWED SIGNERS").
package struct AllowedSigners: Sendable {
    /// One line: who a key belongs to, and when and for what its signatures count.
    package struct Entry: Sendable, Hashable {
        package var line: Int
        /// Names of the signer, mostly an address: `alice@example.com`.
        package var principals: SSHPatternList
        package var key: SSHKeyText
        /// Purposes; nil is any.
        package var namespaces: SSHPatternList?
        /// Seconds since 1970, both included.
        package var validAfter: Int?
        package var validBefore: Int?
        /// A key that certifies others. ops takes no certificates.
        package var isAuthority = false
    }

    package let entries: [Entry]
    /// For messages.
    package let name: String

    /// Reads the file.
    ///
    /// - Parameter zone: of dates without a `Z`; the machine's own by default.
    /// Throws: an `OpsError` with file and line.
    package static func read(
        _ path: String, zone: ZoneRules = ZoneDatabase.machine
    ) throws(OpsError) -> AllowedSigners {
        let bytes = try readFile(path, limit: 4 << 20)
        return try AllowedSigners(String(decoding: bytes, as: UTF8.self), name: path, zone: zone)
    }

    /// Throws: an `OpsError` (`invalid`) with name and line.
    package init(_ text: String, name: String, zone: ZoneRules = .utc) throws(OpsError) {
        var entries: [Entry] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            do throws(OpsError) {
                if let entry = try AllowedSignersLine.entry(line, number: index + 1, zone: zone) {
                    entries.append(entry)
                }
            } catch {
                throw OpsError(error.code, "\(name):\(index + 1): \(error.message)", hint: error.hint)
            }
        }
        self.entries = entries
        self.name = name
    }

    /// The signer of a signature that is good in itself: the first line with its key whose principals, purpose and
    /// dates allow it.
    ///
    /// - Parameters:
    ///   - principals: who may have signed; nil is anybody in the file.
    ///   - time: when it must count, in seconds since 1970.
    /// Throws: an `OpsError` (`forbidden`) that says why none does.
    package func signer(
        of signature: SSHSignature, among principals: [String]? = nil, at time: Int
    ) throws(OpsError) -> Entry {
        var reason = "its key \(signature.fingerprint) is not in \(name)"
        for entry in entries where entry.key.form == signature.keyForm {
            let place = "\(name):\(entry.line)"
            if entry.isAuthority {
                reason = "\(place) is a cert-authority, and ops takes no certificates"
            } else if let principals, !principals.contains(where: { entry.principals.matches($0) }) {
                reason = "it is by \(entry.principals.text), who is not among \(principals.joined(separator: ", "))"
            } else if entry.namespaces?.matches(signature.namespace) == false {
                reason = "\(place) does not allow signatures for '\(signature.namespace)'"
            } else if let after = entry.validAfter, time < after {
                reason = "\(place) is valid only from \(Timestamp.iso8601(Double(after)))"
            } else if let before = entry.validBefore, time > before {
                reason = "\(place) was valid only until \(Timestamp.iso8601(Double(before)))"
            } else {
                return entry
            }
        }
        throw OpsError(.forbidden, "the signature does not count: \(reason)")
    }
}
