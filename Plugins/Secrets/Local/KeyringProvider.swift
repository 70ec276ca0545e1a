import OpsCore
import OpsPlugin
import OpsSystem

/// `keyring://SERVICE/ACCOUNT`: a password of the desktop's keyring: the Secret Service, or the macOS keychain.
struct KeyringProvider: SecretProvider {
    /// Whose keyring is asked.
    enum System: Sendable {
        /// freedesktop.org's Secret Service (gnome-keyring, KWallet, KeePassXC), through `secret-tool`.
        case secretService
        /// Through `security`.
        case keychain
    }

    let scheme = "keyring"
    let summary = "A password in the desktop's keyring (Secret Service), or in the macOS keychain"
    let example = "keyring://registry.example.com/release-bot"
    let manual = """
        `keyring://SERVICE/ACCOUNT` is the password that the keyring keeps for an account at a service; the account \
        is what stands behind the last slash. `keyring://SERVICE` is any account of it.

        With the Secret Service the attributes `service` and `username` are looked for, which most programs set. \
        Options are further attributes: `keyring://-?server=example.com&user=ada`, where `-` stands for no service. \
        The program `secret-tool` asks (Debian: libsecret-tools), over the session bus that \
        `DBUS_SESSION_BUS_ADDRESS` names. On macOS the program `security` asks for a generic password, with the \
        options `label`, `kind` and `comment`.

        One line break at the end, LF or CR LF, is not part of the secret. `?decode=base64` decodes it, so an \
        attribute of the name `decode` cannot be asked for. A keyring that stays locked for two minutes is \
        `unreachable`; no such password is `missing`. `ops secrets check` searches without reading the password \
        where `dbus-send` is installed, and always on macOS.
        """

    private let system: System
    private let limit: Duration

    init(limit: Duration = .seconds(120)) {
        #if os(macOS)
            self.init(.keychain, limit: limit)
        #else
            self.init(.secretService, limit: limit)
        #endif
    }

    init(_ system: System, limit: Duration = .seconds(120)) {
        self.system = system
        self.limit = limit
    }

    func check(_ reference: SecretReference) throws(OpsError) {
        guard reference.field == nil else {
            throw OpsError(
                .invalid, "'\(reference)' names a field, which a password in a keyring does not have",
                hint: "write keyring://SERVICE/ACCOUNT")
        }
        let query = KeyringQuery(reference)
        guard !query.attributes.isEmpty, query.attributes.allSatisfy({ !$0.value.isEmpty }) else {
            throw OpsError(
                .invalid, "'\(reference)' does not say which password it means", hint: "write keyring://SERVICE/ACCOUNT"
            )
        }
        let names = system == .keychain ? KeyringQuery.keychainOptions.map(\.name) : reference.options.map(\.key)
        try SecretSelection.checkOptions(reference, known: names)
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        await fetchEach(references) { reference async throws(SecretFailure) in
            let query = KeyringQuery(reference)
            let bytes = try await context.session.once("keyring:\(query.key)") {
                () async throws(SecretFailure) -> [UInt8] in
                try await lookup(query, context)
            }
            return try SecretSelection(reference).apply(to: bytes, place: query.place)
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        let query = KeyringQuery(reference)
        do throws(SecretFailure) {
            switch system {
            case .keychain:
                try check(try await program("security", query.security(isValue: false), context).run(), query)
                return .success(SecretProbe("in the keychain"))
            case .secretService:
                switch query.canBeSearched ? try await search(query, context) : nil {
                case .open?: return .success(SecretProbe("in the keyring"))
                case .locked?: return .success(SecretProbe("in the keyring, which is locked"))
                case .nowhere?: throw missing(query)
                case nil:
                    _ = try await lookup(query, context)
                    return .success(SecretProbe("in the keyring (it was read, since a search was not possible)"))
                }
            }
        } catch {
            return .failure(error)
        }
    }

    private func lookup(_ query: KeyringQuery, _ context: SecretContext) async throws(SecretFailure) -> [UInt8] {
        switch system {
        case .keychain:
            let answer = try await program("security", query.security(isValue: true), context).run()
            try check(answer, query)
            return SecretSelection.withoutLineBreak(answer.output)
        case .secretService:
            let answer = try await program("secret-tool", ["lookup", "--"] + query.words, context).run()
            if answer.status.isSuccess { return SecretSelection.withoutLineBreak(answer.output) }
            guard answer.status == .exited(1), answer.said.isEmpty else { throw noService("secret-tool", answer) }
            // It says as little of a keyring that is locked as of a password that is not there.
            switch try await search(query, context) {
            case .nowhere?: throw missing(query)
            case .locked?:
                throw SecretFailure(
                    .unreachable, "\(query.place) is locked, and nobody unlocked it",
                    hint: "unlock the keyring before, such as with: gnome-keyring-daemon --unlock")
            case .open?, nil:
                throw SecretFailure(
                    .unreachable, "secret-tool does not give \(query.place); it may be missing, or locked",
                    hint: "with dbus-send (Debian: dbus-bin) and values without commas the two are told apart")
            }
        }
    }

    /// Throws: a `SecretFailure` where `security` did not find it.
    private func check(_ answer: SecretProgram.Answer, _ query: KeyringQuery) throws(SecretFailure) {
        // The last bytes of errSecItemNotFound, errSecAuthFailed, errSecInteractionNotAllowed, errSecUserCanceled.
        switch answer.status.code {
        case 0: return
        case 44: throw missing(query)
        case 51, 36, 128:
            throw SecretFailure(
                .forbidden, "the keychain does not give \(query.place): security ended \(answer.ending)",
                hint: "allow the program security to use it, or unlock the keychain with: security unlock-keychain")
        default:
            throw SecretFailure(.unreachable, "the keychain cannot be asked: security ended \(answer.ending)")
        }
    }

    private func missing(_ query: KeyringQuery) -> SecretFailure {
        SecretFailure(.missing, "\(query.place) does not exist")
    }

    private func noService(_ name: String, _ answer: SecretProgram.Answer) -> SecretFailure {
        SecretFailure(
            .unreachable, "the keyring cannot be asked: \(name) ended \(answer.ending)",
            hint: "it needs a session bus with a Secret Service, such as dbus-run-session with gnome-keyring")
    }

    private enum Found: Sendable { case open, locked, nowhere }

    /// Searches by the bus itself, since `secret-tool search` reads every value. Nil where that cannot be done here.
    private func search(_ query: KeyringQuery, _ context: SecretContext) async throws(SecretFailure) -> Found? {
        guard let arguments = query.busSearch else { return nil }
        let program = program("dbus-send", arguments, context)
        guard program.file != nil else { return nil }
        let answer = try await program.run()
        guard answer.status.isSuccess else { throw noService("dbus-send", answer) }
        // Two lists of object paths: items that are unlocked, and items that are not.
        let lists = String(decoding: answer.output, as: UTF8.self).split(separator: "array [").dropFirst()
        let counts = lists.map { $0.ranges(of: "object path").count }
        guard counts.count == 2 else { return nil }
        if counts[0] > 0 { return query.canBeSearched ? .open : nil }
        if counts[1] > 0 { return query.canBeSearched ? .locked : nil }
        return .nowhere
    }

    private func program(_ name: String, _ arguments: [String], _ context: SecretContext) -> SecretProgram {
        SecretProgram(
            name: name, arguments: arguments, environment: context.environment, directory: context.directory,
            limit: limit,
            installation: name == "secret-tool" ? "install libsecret-tools (Debian) or libsecret (Fedora, Arch)" : nil)
    }
}
