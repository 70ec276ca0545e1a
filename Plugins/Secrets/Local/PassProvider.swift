import OpsCore
import OpsPlugin
import OpsSystem

/// `pass://PATH`: an entry of the password store of pass(1).
struct PassProvider: SecretProvider {
    let scheme = "pass"
    let summary = "The first line of an entry of pass, the standard password store, or a field below it"
    let example = "pass://team/registry#login"
    let manual = """
        `pass://PATH` is the first line of the entry PATH, as `pass show PATH` prints it. `#field` is what stands \
        behind `field:` in one of the lines below, without white space around it; the name as written is taken \
        first, then without regard to case. `#N` is line N, counted from 1, where no field has that name. \
        `?whole=true` is the whole entry without one line break at its end. `?decode=base64` decodes what was \
        selected.

        The store is the folder `PASSWORD_STORE_DIR`, else `~/.password-store`; pass and gpg get the environment \
        that ops was started with (`GNUPGHOME`, `PASSWORD_STORE_GPG_OPTS`). An entry that is not there \
        is `missing`. Where gpg has no key that opens it, or nobody gives the key's passphrase, it is `forbidden`; \
        where gpg fails otherwise, or has not ended within two minutes, it is `unreachable`.

        An entry is decrypted once a run. `ops secrets check` looks for its file and decrypts nothing.
        """

    init() {}

    func check(_ reference: SecretReference) throws(OpsError) {
        let parts = reference.path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw OpsError(
                .invalid, "'\(reference)' does not name an entry of the password store",
                hint: "write pass://folder/entry")
        }
        try SecretSelection.checkOptions(reference, known: ["whole"])
        guard let whole = reference.options["whole"] else { return }
        guard whole == "true" || whole == "false" else {
            throw OpsError(.invalid, "'whole' in '\(reference)' is neither true nor false")
        }
        guard whole == "false" || reference.field == nil else {
            throw OpsError(.invalid, "'\(reference)' names a field and asks for the whole entry")
        }
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence {
        guard let file = try? file(of: reference, context) else { return .unknown }
        let presence = SecretFile.presence(file)
        return presence == .present && reference.field != nil ? .unknown : presence
    }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        await fetchEach(references) { reference async throws(SecretFailure) in
            let file = try existingFile(of: reference, context)
            let entry = try await context.session.once("pass:" + file) { () async throws(SecretFailure) -> [UInt8] in
                try await show(reference.path, context)
            }
            let place = "pass entry '\(reference.path)'"
            var selection = SecretSelection(reference)
            selection.field = nil
            let part = try PassEntry(entry).part(reference, place: place)
            return try selection.apply(to: part, place: reference.field.map { "field '\($0)' of \(place)" } ?? place)
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        do throws(SecretFailure) {
            _ = try existingFile(of: reference, context)
            guard program(reference.path, context).file != nil else {
                throw program(reference.path, context).notInstalled
            }
            return .success(SecretProbe("the entry is there; it is not decrypted"))
        } catch {
            return .failure(error)
        }
    }

    private func file(of reference: SecretReference, _ context: SecretContext) throws(SecretFailure) -> String {
        func set(_ name: String) -> String? { context.environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let store = set("PASSWORD_STORE_DIR") ?? set("HOME").map({ $0 + "/.password-store" }) else {
            throw SecretFailure(
                .invalid, "neither PASSWORD_STORE_DIR nor HOME is set, so there is no password store")
        }
        return (store.hasPrefix("/") ? store : context.directory + "/" + store) + "/" + reference.path + ".gpg"
    }

    /// Asked for first, since `pass show` lists a folder as if it were an entry.
    private func existingFile(
        of reference: SecretReference, _ context: SecretContext
    ) throws(SecretFailure) -> String {
        let file = try file(of: reference, context)
        switch SecretFile.presence(file) {
        case .present: return file
        case .unknown:
            throw SecretFailure(.forbidden, "the password store may not be read by this user")
        case .missing:
            let isFolder = FileStatus.find(String(file.dropLast(4)))?.kind == .folder
            throw SecretFailure(
                .missing, "there is no entry '\(reference.path)' in the password store",
                hint: isFolder ? "'\(reference.path)' is a folder of it" : nil)
        }
    }

    private func show(_ path: String, _ context: SecretContext) async throws(SecretFailure) -> [UInt8] {
        let answer = try await program(path, context).run()
        if answer.status.isSuccess { return answer.output }
        if answer.said.contains("is not in the password store") {
            throw SecretFailure(.missing, "there is no entry '\(path)' in the password store")
        }
        // gpg 2.2 says so as well where it cannot ask for the key's passphrase.
        let isKeyless = answer.said.contains("No secret key")
        throw SecretFailure(
            isKeyless ? .forbidden : .unreachable,
            "pass entry '\(path)' cannot be decrypted: pass ended \(answer.ending)",
            hint: isKeyless
                ? "GNUPGHOME names the folder of the keys; a key with a passphrase is unlocked before, or GPG_TTY set"
                : nil)
    }

    private func program(_ path: String, _ context: SecretContext) -> SecretProgram {
        var environment = context.environment
        // Messages are told apart, so they must be in English; file names keep their encoding.
        if let locale = environment.removeValue(forKey: "LC_ALL") { environment["LC_CTYPE"] = locale }
        environment["LC_MESSAGES"] = "C"
        environment["LANGUAGE"] = nil
        return SecretProgram(
            name: "pass", arguments: ["show", "--", path], environment: environment, directory: context.directory,
            limit: .seconds(120), installation: "install the package pass")
    }
}
