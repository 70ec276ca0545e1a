import Logging
import OpsCore
import OpsPlugin

/// `sops://FILE#path.to.key`: a value in a file that is encrypted with sops.
///
/// Values are read one after the other: each may ask for a key in its own way, and a file is opened once.
struct SopsProvider: SerialProvider {
    let scheme = "sops"
    let summary = "A value in a YAML, JSON, dotenv, INI or binary file that is encrypted with sops"
    let example = "sops://secrets.enc.yaml#database.password"
    let manual = """
        `sops://FILE#key` is a value in a file that sops encrypted, of at most 16 MiB. A relative path starts at the \
        recipe's folder, `~/` at the home folder. The sops program is not needed.

        The format follows from the name, as in sops: `.yaml`, `.yml`, `.json`, `.env`, `.ini`; any other name is a \
        binary file, whose whole content is the secret without `#key` and without one line break at its end. \
        `?format=yaml`, `json`, `dotenv`, `ini` or `binary` states it. A member with the whole name is taken first \
        (`a.b`), then the path `a`, `b`; an item of a list is named by its number from 0; in INI files the section \
        comes first. Numbers keep their digits. A YAML file holds one document.

        The file's MAC is always checked, and a file without one is refused. The MAC does not cover the names of \
        keys whose values are not encrypted, and with `mac_only_encrypted` not their values either: a warning names \
        such keys.

        The data key is opened by age identities, which are looked for as `age://` does (`?identity=FILE` too; \
        `SOPS_AGE_KEY_CMD` is told the recipient in `SOPS_AGE_RECIPIENT`), else by PGP keys through `gpg` (or the \
        program that `SOPS_GPG_EXEC` names), else by the services that keep keys, each asked with the login of the \
        scheme in parentheses: AWS KMS (`aws-sm://`; the key's `role`, `aws_profile` and `context` are used, \
        `AWS_ENDPOINT_URL_KMS` names another address), Google Cloud KMS (`gcp-sm://`; \
        `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS`), Azure Key Vault (`azure-kv://`), and the transit engine of Vault \
        or OpenBao (`vault://`). A file does not choose who gets a token: Vault is asked where `VAULT_ADDR` names the \
        server that the file does, or `secret-hosts` permits it; an Azure vault where its host is one's, or \
        `secret-hosts` names it. Key groups need as many groups as the file says.
        """

    private let services: SopsKeyServices

    init(services: SopsKeyServices = SopsKeyServices()) { self.services = services }

    func check(_ reference: SecretReference) throws(OpsError) {
        try SecretSelection.checkOptions(reference, known: ["format", "identity"])
        if let format = reference.options["format"], SopsFormat(rawValue: format) == nil {
            throw OpsError(
                .invalid, "sops knows no format '\(format)'",
                hint: "known are: " + SopsFormat.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard reference.field != nil || SopsFormat(reference) == .binary else {
            throw OpsError(
                .invalid, "'\(reference)' names no field", hint: "write sops://\(reference.path)#path.to.key")
        }
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence {
        SecretFile.presence(context.path(reference.path)) == .missing ? .missing : .unknown
    }

    /// Opens the data key and looks for the field; decrypts no value.
    func probed(_ reference: SecretReference, _ context: SecretContext) async throws(SecretFailure) -> SecretProbe {
        let place = Self.place(reference)
        let bytes = try SecretFile.encrypted(context.path(reference.path), place: place)
        let document = try await Self.placed(place) { () async throws(SecretFailure) -> SopsDocument in
            let document = try SopsDocument(bytes, SopsFormat(reference))
            _ = try await SopsDataKey(reference, context, services).unwrapped(document.metadata)
            return document
        }
        var text = "a key at hand opens it"
        if let field = reference.field, SopsFormat(reference) != .binary {
            var encrypted = SecretSelection(reference)
            encrypted.isBase64 = false
            _ = try encrypted.apply(to: .map(document.tree), place: place)
            text += ", has field '\(field)'"
        }
        return SecretProbe(text, version: document.metadata["lastmodified"]?.scalarText)
    }

    func value(of reference: SecretReference, _ context: SecretContext) async throws(SecretFailure) -> [UInt8] {
        let place = Self.place(reference)
        let path = context.path(reference.path)
        let format = SopsFormat(reference)
        let key = "sops: \(path) \(format) \(reference.options["identity"] ?? "")"
        let secrets = try await context.session.once(key) { () async throws(SecretFailure) -> SopsSecrets in
            let bytes = try SecretFile.encrypted(path, place: place)
            let secrets = try await Self.placed(place) { () async throws(SecretFailure) -> SopsSecrets in
                let document = try SopsDocument(bytes, format)
                let dataKey = try await SopsDataKey(reference, context, services).unwrapped(document.metadata)
                return try SopsDecryption.secrets(document, dataKey, format: format)
            }
            if let warning = secrets.warning { context.logger.warning("\(place): \(warning)") }
            return secrets
        }
        let selection = SecretSelection(reference)
        guard let content = secrets.content else { return try selection.apply(to: secrets.tree, place: place) }
        return try selection.apply(to: SecretSelection.withoutLineBreak(content), place: place)
    }

    private static func place(_ reference: SecretReference) -> String { "sops file '\(reference.path)'" }

    /// Puts the file's name before what is said of it.
    private static func placed<T>(
        _ place: String, _ body: () async throws(SecretFailure) -> T
    ) async throws(SecretFailure) -> T {
        do throws(SecretFailure) {
            return try await body()
        } catch {
            throw SecretFailure(error.reason, "\(place) \(error.message)", hint: error.hint)
        }
    }
}
