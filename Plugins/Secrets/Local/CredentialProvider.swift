import OpsCore
import OpsPlugin

/// `systemd://NAME`: a credential that systemd gave the service (systemd.exec(5), "Credentials").
struct CredentialProvider: SecretProvider {
    let scheme = "systemd"
    let summary = "A credential that systemd passed to the service that ops runs in"
    let example = "systemd://registry-password"
    let manual = """
        `systemd://NAME` is the file NAME in the folder that `CREDENTIALS_DIRECTORY` names: what \
        `LoadCredential=`, `LoadCredentialEncrypted=`, `SetCredential=` or `ImportCredential=` of the unit give. \
        NAME has no slash and no colon. Outside a service, and where the unit passes no such credential, it is \
        `missing`.

        One line break at the end, LF or CR LF, is not part of the secret. `#field` selects a member of a JSON or \
        YAML document, as for `file://`; `?decode=base64` decodes what was selected.
        """

    private static let variable = "CREDENTIALS_DIRECTORY"

    init() {}

    func check(_ reference: SecretReference) throws(OpsError) {
        // systemd's own rule (credential_name_valid): a file name of printable ASCII that has no colon.
        let name = reference.path
        guard name != ".", name != "..", name.utf8.count <= 255,
            name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") })
        else {
            throw OpsError(
                .invalid, "'\(name)' is not the name of a systemd credential", hint: "write systemd://NAME, no slashes")
        }
        try SecretSelection.checkOptions(reference)
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence {
        guard let path = try? path(of: reference, context) else { return .missing }
        let presence = SecretFile.presence(path)
        return presence == .present && reference.field != nil ? .unknown : presence
    }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        references.map { reference in Result { () throws(SecretFailure) in try value(of: reference, context) } }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        Result { () throws(SecretFailure) in try value(of: reference, context) }
            .map { _ in SecretProbe(reference.field.map { "readable, has field '\($0)'" } ?? "readable") }
    }

    private func value(of reference: SecretReference, _ context: SecretContext) throws(SecretFailure) -> [UInt8] {
        let place = "systemd credential '\(reference.path)'"
        do throws(SecretFailure) {
            let bytes = try SecretFile.read(try path(of: reference, context), place: place)
            return try SecretSelection(reference).apply(to: bytes, place: place)
        } catch {
            guard error.reason == .missing, error.hint == nil, reference.field == nil else { throw error }
            throw SecretFailure(.missing, error.message, hint: Self.hint(reference.path))
        }
    }

    private func path(of reference: SecretReference, _ context: SecretContext) throws(SecretFailure) -> String {
        guard let folder = context.environment[Self.variable], !folder.isEmpty else {
            throw SecretFailure(
                .missing, "\(Self.variable) is not set: systemd passed no credentials",
                hint: Self.hint(reference.path))
        }
        guard folder.hasPrefix("/") else {
            throw SecretFailure(.invalid, "\(Self.variable) is not an absolute path")
        }
        return folder + "/" + reference.path
    }

    private static func hint(_ name: String) -> String {
        "add LoadCredential=\(name):FILE or LoadCredentialEncrypted=\(name):FILE to the service's unit"
    }
}
