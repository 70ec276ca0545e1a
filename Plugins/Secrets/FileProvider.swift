import OpsCore
import OpsPlugin

/// `file://PATH`: a file's bytes, less one line break at their end; `#field` a member of a JSON or YAML file.
///
/// A relative path starts at the recipe's folder, `~/` at the home folder.
struct FileProvider: SecretProvider {
    let scheme = "file"
    let summary = "A file's content without the line break at its end, or a field of a JSON or YAML file"
    let example = "file://secrets/registry.json#password"
    let manual = """
        `file://PATH` is the content of a regular file of at most 1 MiB. A relative path starts at the recipe's \
        folder, `~/` at the home folder (`HOME`).

        One line break at the end, LF or CR LF, is not part of the secret; all other white space is. A file that \
        holds nothing else is `empty`, which is an error and does not fall through to the next reference.

        `#field` selects a member of a JSON or YAML document: `.json` is read as JSON, `.yaml` and `.yml` as YAML, \
        any other name as JSON where it is that and as YAML where it is not. A member with the whole name is taken \
        first (`a.b`), then the path `a`, `b`; an item of a list is named by its number from 0. Numbers keep their \
        digits as they are written, a list or a map becomes JSON text, null is `missing`.

        `?decode=base64` decodes what was selected; the standard and the URL alphabet are understood.
        """

    init() {}

    func check(_ reference: SecretReference) throws(OpsError) {
        try SecretSelection.checkOptions(reference)
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence {
        let presence = SecretFile.presence(path(of: reference, context))
        return presence == .present && reference.field != nil ? .unknown : presence
    }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<
        [UInt8], SecretFailure
    >] {
        references.map { reference in Result { () throws(SecretFailure) in try value(of: reference, context) } }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        Result { () throws(SecretFailure) in try value(of: reference, context) }
            .map { _ in SecretProbe(reference.field.map { "readable, has field '\($0)'" } ?? "readable") }
    }

    private func value(of reference: SecretReference, _ context: SecretContext) throws(SecretFailure) -> [UInt8] {
        let place = "file '\(reference.path)'"
        let bytes = try SecretFile.read(path(of: reference, context), place: place)
        return try SecretSelection(reference).apply(to: bytes, place: place, as: SecretDocument(path: reference.path))
    }

    private func path(of reference: SecretReference, _ context: SecretContext) -> String {
        if reference.path.hasPrefix("/") { return reference.path }
        if reference.path.hasPrefix("~/"), let home = context.environment["HOME"] {
            return home + reference.path.dropFirst(1)
        }
        return context.directory + "/" + reference.path
    }
}
