import OpsCore
import OpsPlugin
import OpsSystem

/// The identities at hand, and what is said where none of them fits.
struct AgeIdentities: Sendable {
    var all: [any AgeIdentity] = []
    /// Where there were some: `SOPS_AGE_KEY`, `~/.ssh/id_ed25519`.
    var places: [String] = []
    /// What could not be used, and why.
    var problems: [String] = []
    var hint: String?

    mutating func add(_ place: String, _ found: () throws(AgeIdentityProblem) -> [any AgeIdentity]) {
        do throws(AgeIdentityProblem) {
            let identities = try found()
            guard !identities.isEmpty else { return }
            all += identities
            places.append(place)
        } catch {
            problems.append("\(place) \(error.message)")
            hint = hint ?? error.hint
        }
    }
}

/// Where identities are looked for: the variables and files that sops reads (sops, "Encrypting using age").
struct AgeIdentitySources: Sendable {
    static let passphraseVariable = "OPS_AGE_PASSPHRASE"

    private let context: SecretContext
    /// `?identity=FILE`: nothing else is looked at.
    private let file: String?
    private let takesPassphrases: Bool
    private var environment: [String: String] { context.environment }

    init(_ reference: SecretReference, _ context: SecretContext, takesPassphrases: Bool = true) {
        self.context = context
        self.takesPassphrases = takesPassphrases
        file = reference.options["identity"]
    }

    /// Opens an age file with the first identity that fits. The command in `SOPS_AGE_KEY_CMD` is run only where no
    /// other identity does.
    ///
    /// - Parameters:
    ///   - place: names the file in messages.
    ///   - recipient: who the file is encrypted for, where that is known; the command is told.
    ///   - use: what is done with the file and the identities; on a thread of its own.
    /// Throws: a `SecretFailure`: `forbidden` where no identity fits, `invalid` where the file is damaged.
    func open<T: Sendable>(
        _ bytes: [UInt8], place: String, recipient: String? = nil,
        _ use: @escaping @Sendable (AgeFile, [any AgeIdentity], () -> Bool) throws(AgeError) -> T
    ) async throws(SecretFailure) -> T {
        var identities = try await identities()
        if !takesPassphrases { identities.all.removeAll { $0 is PassphraseIdentity } }
        let first = await Self.attempt(bytes, identities.all, use)
        guard case .failure(let error) = first, error.kind == .noMatch, let command = await commanded(recipient) else {
            return try Self.value(first, place, identities)
        }
        identities.all = command.all
        identities.places += command.places
        identities.problems += command.problems
        return try Self.value(await Self.attempt(bytes, command.all, use), place, identities)
    }

    /// Decrypting is work for seconds where there is a passphrase: not on the loop.
    private static func attempt<T: Sendable>(
        _ bytes: [UInt8], _ identities: [any AgeIdentity],
        _ use: @escaping @Sendable (AgeFile, [any AgeIdentity], () -> Bool) throws(AgeError) -> T
    ) async -> Result<T, AgeError> {
        do {
            return .success(try await onThread { flag in try use(AgeFile(bytes), identities) { flag.isCancelled } })
        } catch {
            return .failure(error as? AgeError ?? AgeError(.header, "was not decrypted: \(OpsError.text(of: error))"))
        }
    }

    private static func value<T>(
        _ result: Result<T, AgeError>, _ place: String, _ identities: AgeIdentities
    ) throws(SecretFailure) -> T {
        switch result {
        case .success(let value): return value
        case .failure(let error):
            guard error.kind == .noMatch else { throw SecretFailure(.invalid, "\(place) \(error.message)") }
            var message = "\(place) \(error.message)"
            if !identities.places.isEmpty { message += "; tried: " + identities.places.joined(separator: ", ") }
            for problem in identities.problems.prefix(5) { message += "; \(problem)" }
            let hint =
                error.message.hasSuffix("passphrase")
                ? "set \(passphraseVariable) to it" : "set SOPS_AGE_KEY or SOPS_AGE_KEY_FILE, or write ?identity=FILE"
            throw SecretFailure(.forbidden, message, hint: identities.hint ?? hint)
        }
    }

    /// What files and variables hold, read once a run.
    private func identities() async throws(SecretFailure) -> AgeIdentities {
        let sources = self
        return try await context.session.once("age identities: \(file ?? "")") {
            () async throws(SecretFailure) -> AgeIdentities in
            do {
                return try await onThread { _ in sources.load() }
            } catch {
                throw SecretFailure(.unreachable, "no identities of age were read: \(OpsError.text(of: error))")
            }
        }
    }

    private func load() -> AgeIdentities {
        var result = AgeIdentities()
        let passphrase = environment[Self.passphraseVariable].flatMap { $0.isEmpty ? nil : $0 }
        if let passphrase { context.session.mask(Self.passphraseVariable, Array(passphrase.utf8)) }
        let opener = passphrase.map { PassphraseIdentity($0) }
        func add(_ path: String, as place: String) {
            result.add(place) { () throws(AgeIdentityProblem) in
                try AgeIdentityFile.identities(Self.content(path), passphrase: opener)
            }
        }
        if let file {
            add(context.path(file), as: "'\(file)'")
        } else {
            if let text = environment["SOPS_AGE_KEY"], !text.isEmpty {
                mask("SOPS_AGE_KEY", text)
                result.add("SOPS_AGE_KEY") { () throws(AgeIdentityProblem) in
                    try AgeIdentityFile.identities(Array(text.utf8), passphrase: opener)
                }
            }
            for variable in ["SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"] {
                if let path = environment[variable], !path.isEmpty { add(path, as: "\(variable) ('\(path)')") }
            }
            for (path, name) in standardFiles where FileStatus.find(path) != nil { add(path, as: name) }
        }
        if let opener { result.add(Self.passphraseVariable) { () throws(AgeIdentityProblem) in [opener] } }
        return result
    }

    /// Files that count where they are there.
    private var standardFiles: [(path: String, name: String)] {
        var files: [(String, String)] = []
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        if let folder = environment["XDG_CONFIG_HOME"].flatMap({ $0.isEmpty ? nil : $0 }) {
            files.append((folder + "/sops/age/keys.txt", "'\(folder)/sops/age/keys.txt'"))
        } else if let home {
            files.append((home + "/.config/sops/age/keys.txt", "'~/.config/sops/age/keys.txt'"))
        }
        if let home {
            for name in [".ssh/id_ed25519", ".ssh/id_rsa"] { files.append((home + "/" + name, "'~/\(name)'")) }
        }
        return files
    }

    private static func content(_ path: String) throws(AgeIdentityProblem) -> [UInt8] {
        do throws(SecretFailure) {
            return try SecretFile.encrypted(path, place: "")
        } catch {
            throw AgeIdentityProblem(String(error.message.drop { $0 == " " }))
        }
    }

    /// What the command prints, asked once for each recipient; nil where there is none to run.
    private func commanded(_ recipient: String?) async -> AgeIdentities? {
        guard file == nil, let text = environment["SOPS_AGE_KEY_CMD"], !text.isEmpty else { return nil }
        let sources = self
        let result = try? await context.session.once("age key command: \(recipient ?? "")") {
            () async throws(SecretFailure) -> AgeIdentities in
            await sources.run(text, recipient)
        }
        return result
    }

    private func run(_ text: String, _ recipient: String?) async -> AgeIdentities {
        var result = AgeIdentities()
        let place = "SOPS_AGE_KEY_CMD"
        do throws(SecretFailure) {
            guard let words = CommandWords.split(text), let name = words.first else {
                throw SecretFailure(.invalid, "is no command: a quote is not closed")
            }
            var environment = environment
            environment["SOPS_AGE_RECIPIENT"] = recipient
            let answer = try await SecretProgram(
                name: name, arguments: Array(words.dropFirst()), environment: environment,
                directory: context.directory, limit: .seconds(60)
            ).run()
            guard answer.status.isSuccess else { throw SecretFailure(.forbidden, "failed \(answer.ending)") }
            mask(place, String(decoding: answer.output, as: UTF8.self))
            result.add(place) { () throws(AgeIdentityProblem) in
                try AgeIdentityFile.identities(answer.output, passphrase: nil)
            }
        } catch {
            result.problems.append("\(place): \(error.message)")
        }
        return result
    }

    private func mask(_ name: String, _ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("AGE-SECRET-KEY-") {
            context.session.mask(name, Array(line.utf8))
        }
    }
}
