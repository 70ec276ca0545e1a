import OpsCore
import OpsPlugin

/// `age://FILE`: the content of a file that is encrypted with age, `#field` a member of the JSON or YAML in it.
///
/// Files are opened one after the other: a passphrase takes much memory.
struct AgeProvider: SerialProvider {
    let scheme = "age"
    let summary = "A file that is encrypted with age, or a field of the JSON or YAML in it"
    let example = "age://secrets/deploy-key.age"
    let manual = """
        `age://FILE` is the decrypted content of an age file of at most 16 MiB, binary or armored. A relative path \
        starts at the recipe's folder, `~/` at the home folder. The age program is not needed. Nothing is given of a \
        file that is cut short or was changed.

        One line break at the end of the content is not part of the secret. `#field` selects a member as in \
        `file://`, by the name in front of `.age`: `config.yaml.age` holds YAML. `?decode=base64` decodes what was \
        selected.

        The file may be encrypted for X25519 and post-quantum (`mlkem768x25519`) identities, for SSH keys \
        (ssh-ed25519, ssh-rsa of 2048 bits or more, without a passphrase), or with a passphrase, which is read from \
        `OPS_AGE_PASSPHRASE` as it stands. A passphrase with a work factor above 20 is not tried. Plugins are not run.

        Identities are looked for in `SOPS_AGE_KEY` (one a line), the files that `SOPS_AGE_KEY_FILE` and \
        `SOPS_AGE_SSH_PRIVATE_KEY_FILE` name, `$XDG_CONFIG_HOME/sops/age/keys.txt` (`~/.config` where it is not set), \
        `~/.ssh/id_ed25519` and `~/.ssh/id_rsa`; where none of them fits, the command in `SOPS_AGE_KEY_CMD` is run, \
        without a shell, and prints some. `?identity=FILE` names the only file to look at. A file of identities may \
        itself be encrypted with the passphrase in `OPS_AGE_PASSPHRASE`.
        """

    init() {}

    func check(_ reference: SecretReference) throws(OpsError) {
        try SecretSelection.checkOptions(reference, known: ["identity"])
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence {
        SecretFile.presence(context.path(reference.path)) == .missing ? .missing : .unknown
    }

    func probed(_ reference: SecretReference, _ context: SecretContext) async throws(SecretFailure) -> SecretProbe {
        let place = "age file '\(reference.path)'"
        let bytes = try SecretFile.encrypted(context.path(reference.path), place: place)
        let recipients = try await AgeIdentitySources(reference, context).open(bytes, place: place) {
            (file, identities, isCancelled) throws(AgeError) -> String in
            try file.checkAccess(with: identities, isCancelled: isCancelled)
            return file.header.recipients
        }
        return SecretProbe("an identity at hand opens it, encrypted for \(recipients)")
    }

    func value(of reference: SecretReference, _ context: SecretContext) async throws(SecretFailure) -> [UInt8] {
        let place = "age file '\(reference.path)'"
        let path = context.path(reference.path)
        let sources = AgeIdentitySources(reference, context)
        let content = try await context.session.once("age: \(path) \(reference.options["identity"] ?? "")") {
            () async throws(SecretFailure) -> [UInt8] in
            let bytes = try SecretFile.encrypted(path, place: place)
            return try await sources.open(bytes, place: place) {
                (file, identities, isCancelled) throws(AgeError) -> [UInt8] in
                try file.decrypt(with: identities, isCancelled: isCancelled)
            }
        }
        let name = reference.path.hasSuffix(".age") ? String(reference.path.dropLast(4)) : reference.path
        return try SecretSelection(reference).apply(
            to: SecretSelection.withoutLineBreak(content), place: place, as: SecretDocument(path: name))
    }
}
