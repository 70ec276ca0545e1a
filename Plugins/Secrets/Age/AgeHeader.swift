import OpsCore

/// The file key wrapped for one recipient.
struct AgeStanza: Sendable, Hashable {
    var type: String
    var arguments: [String]
    var body: [UInt8]
}

/// The header of an age file (C2SP age, "Header").
struct AgeHeader: Sendable {
    var stanzas: [AgeStanza]
    var mac: [UInt8]
    /// What the MAC covers: all up to its `---`.
    var authenticated: ArraySlice<UInt8>

    static let version = Array("age-encryption.org/v1\n".utf8)

    /// Reads the header off the front of the bytes.
    ///
    /// Throws: an `AgeError` (`header`).
    init(_ bytes: inout ArraySlice<UInt8>) throws(AgeError) {
        let start = bytes
        guard !bytes.isEmpty else { throw AgeError(.header, "is empty") }
        guard bytes.starts(with: Self.version) else {
            throw AgeError(.header, "is of another version of age than v1, or no age file")
        }
        bytes = bytes.dropFirst(Self.version.count)
        stanzas = []
        while !bytes.starts(with: [0x2D, 0x2D, 0x2D]) { stanzas.append(try Self.stanza(&bytes)) }
        guard !stanzas.isEmpty else { throw Self.malformed("names no recipient") }
        authenticated = start[..<(bytes.startIndex + 3)]
        guard let line = Self.line(&bytes), line.count > 4, line[line.startIndex + 3] == 0x20,
            let mac = Self.base64(line.dropFirst(4)), mac.count == 32
        else { throw Self.malformed("has no MAC") }
        self.mac = mac
        // A passphrase beside another recipient would make that one its author's judge.
        guard stanzas.count == 1 || !stanzas.contains(where: { $0.type == "scrypt" }) else {
            throw Self.malformed("has other recipients beside a passphrase")
        }
    }

    private static func stanza(_ bytes: inout ArraySlice<UInt8>) throws(AgeError) -> AgeStanza {
        guard let line = Self.line(&bytes), line.starts(with: [0x2D, 0x3E, 0x20]) else {
            throw malformed("has a line that starts no recipient")
        }
        let words = line.dropFirst(3).split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (0x21...0x7E).contains($0) } }) else {
            throw malformed("has a recipient with an argument that is empty or no printable ASCII")
        }
        var body: [UInt8] = []
        while let line = Self.line(&bytes) {
            guard line.count <= 64, let part = base64(line) else {
                throw malformed("has a recipient whose body is not base64 in lines of 64")
            }
            body += part
            if line.count < 64 {
                let texts = words.map { String(decoding: $0, as: UTF8.self) }
                return AgeStanza(type: texts[0], arguments: Array(texts.dropFirst()), body: body)
            }
        }
        throw malformed("is cut off within its recipients")
    }

    /// The next line without its LF; nil where none ends.
    private static func line(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = bytes.firstIndex(of: 0x0A) else { return nil }
        defer { bytes = bytes[(end + 1)...] }
        return bytes[..<end]
    }

    /// The bytes of unpadded base64 in its one canonical form (RFC 4648, sections 3.2 and 3.5).
    static func base64(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard let bytes = Base64.decode(Array(text)) else { return nil }
        let canonical = Base64.encode(bytes).utf8
        return canonical.prefix { $0 != UInt8(ascii: "=") }.elementsEqual(text) ? bytes : nil
    }

    static func malformed(_ message: String) -> AgeError { AgeError(.header, "has a malformed header: it \(message)") }

    /// Who can open it, for messages: `2 X25519 recipients, the SSH key with fingerprint AbC/aQ`.
    var recipients: String {
        var counts: [(type: String, count: Int)] = []
        for stanza in stanzas {
            if let index = counts.firstIndex(where: { $0.type == stanza.type }) {
                counts[index].count += 1
            } else if counts.count < 5 {
                counts.append((stanza.type, 1))
            }
        }
        return counts.map { entry in
            switch entry.type {
            case "scrypt": "a passphrase"
            case "ssh-ed25519", "ssh-rsa":
                "\(entry.type) keys with the fingerprints "
                    + stanzas.filter { $0.type == entry.type }.prefix(5).map { $0.arguments.first ?? "" }
                    .joined(separator: ", ")
            default: "\(entry.count) \(entry.type.prefix(40)) recipient\(entry.count == 1 ? "" : "s")"
            }
        }.joined(separator: ", ")
    }
}
