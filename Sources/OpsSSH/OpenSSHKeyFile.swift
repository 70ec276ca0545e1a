import OpsCore

/// A private key in OpenSSH's own form (OpenSSH, PROTOCOL.key), as far as it can be read without a passphrase.
package struct OpenSSHKeyFile: Sendable {
    /// The key's public half, which no passphrase hides (RFC 4253, section 6.6).
    package let publicForm: [UInt8]
    /// The kind of the key, such as `ssh-ed25519`.
    package let type: String
    /// The private numbers, behind the kind; nil where a passphrase hides them.
    package let fields: SSHReader?

    /// True where a text looks like a private key in PEM, of whatever form.
    package static func isPrivateKey(_ text: String) -> Bool {
        text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----")
    }

    /// True where a text holds OpenSSH's own form.
    package static func isOpenSSH(_ text: String) -> Bool { text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") }

    /// Reads the text of a file. Nil where it is no such key, or a damaged one.
    package init?(_ text: String) {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }
        guard let begin = lines.firstIndex(of: "-----BEGINOPENSSHPRIVATEKEY-----"),
            let end = lines.firstIndex(of: "-----ENDOPENSSHPRIVATEKEY-----"), begin < end,
            let bytes = Base64.decode(Array(lines[(begin + 1)..<end].joined().utf8))
        else { return nil }
        let magic = Array("openssh-key-v1\0".utf8)
        guard bytes.starts(with: magic) else { return nil }
        var reader = SSHReader(bytes[magic.count...])
        guard let cipher = reader.text(), reader.string() != nil, reader.string() != nil, reader.number() == 1,
            let publicForm = reader.string(), let secret = reader.string()
        else { return nil }
        self.publicForm = publicForm
        var publicReader = SSHReader(publicForm)
        guard let type = publicReader.text() else { return nil }
        self.type = type
        guard cipher == "none" else {
            fields = nil
            return
        }
        reader = SSHReader(secret)
        // Equal numbers show that the right passphrase was used, where there is one.
        guard let check = reader.number(), check == reader.number(), reader.text() == type else { return nil }
        fields = reader
    }
}
