import OpsCore
import OpsPlugin
import OpsSystem

/// `file://PATH`: a file's bytes, less one line break at their end; `#field` a member of a JSON file.
///
/// A relative path starts at the recipe's folder, `~/` at the home folder.
struct FileProvider: SecretProvider {
    let scheme = "file"
    let summary = "A file's content without the line break at its end, or a field of a JSON file"
    let example = "file://secrets/registry.json#password"

    /// A secret is short; more is a mistaken path.
    private static let sizeLimit = 1 << 20

    init() {}

    func check(_ reference: SecretReference) throws(OpsError) {
        try SecretSelection.checkOptions(reference)
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence {
        do throws(OpsError) {
            _ = try FileStatus(path(of: reference, context))
        } catch {
            return error.code == .notFound ? .missing : .unknown
        }
        return reference.field == nil ? .present : .unknown
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
        let path = path(of: reference, context)
        var bytes: [UInt8]
        do throws(OpsError) {
            // Opening a pipe could wait for ever.
            guard try FileStatus(path).kind == .file else {
                throw OpsError(.invalid, "\(place) is not a regular file")
            }
            bytes = try readFile(path, limit: Self.sizeLimit)
        } catch {
            switch error.code {
            case .notFound: throw SecretFailure(.missing, "\(place) does not exist")
            case .forbidden: throw SecretFailure(.forbidden, "\(place) may not be read by this user")
            case .invalid: throw SecretFailure(.invalid, error.message)
            default: throw SecretFailure(.unreachable, error.message)
            }
        }
        if bytes.last == 0x0A {
            bytes.removeLast()
            if bytes.last == 0x0D { bytes.removeLast() }
        }
        return try SecretSelection(reference).apply(to: bytes, place: place)
    }

    private func path(of reference: SecretReference, _ context: SecretContext) -> String {
        if reference.path.hasPrefix("/") { return reference.path }
        if reference.path.hasPrefix("~/"), let home = context.environment["HOME"] {
            return home + reference.path.dropFirst(1)
        }
        return context.directory + "/" + reference.path
    }
}
