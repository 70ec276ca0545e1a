import ArgumentParser
import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import OpsReport
import OpsSystem
import OrderedCollections

/// `ops secrets lock`: records which versions of its secrets a recipe has, without their values.
struct SecretsLockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Record which versions of its secrets the recipe has, without their values.",
        discussion: """
            Writes secrets.lock beside the recipe: for each secret its reference, the version that its source gives \
            it, and a keyed fingerprint of its value. With --check nothing is written, and exit status 1 says that \
            something is different.
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Compare with the file that is there.") var check = false
    @Option(
        help: ArgumentHelp(
            "A secret of the recipe that keys the fingerprints: all who can fetch it can compare them.",
            discussion: "Without it a key of this machine does.", valueName: "secret"))
    var key: String?

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try global.session()
            let path = Self.path(of: session)
            let known: SecretLock? =
                if FileStatus.find(path) == nil { nil } else {
                    try SecretLock(try readFile(path, limit: 8 << 20), file: path)
                }
            guard known != nil || !check else {
                throw OpsError(.notFound, "there is no \(path)", hint: "'ops secrets lock' writes it")
            }
            let inquiry = SecretInquiry(session)
            let answers = await inquiry.ask(session.recipe.allSecrets, .lasting)
            inquiry.warn(of: await inquiry.end())
            try Self.refuse(answers, inquiry.registry)
            for warning in Set(answers.flatMap { $0.findings.compactMap(\.warning) }).sorted() {
                Console.error("ops: warning: \(warning)\n")
            }
            let key = try Self.key(named: key, known, answers, session)
            let now = SecretLock(key: key.source, entries: Self.entries(answers, key))
            let changes = (known ?? SecretLock(key: key.source, entries: [:])).changes(to: now)
            try Console.output(Self.text(changes, now, try global.style(session.context)))
            if check {
                if changes.values.contains(where: \.isDifference) { throw ExitCode(1) }
            } else if known != now {
                try writeAtomically(Array(now.text.utf8), to: path, mode: 0o644)
            }
        }
    }

    /// Beside the recipe: `secrets.lock`, or `NAME.secrets.lock` for a recipe that has a name of its own.
    private static func path(of session: RecipeSession) -> String {
        let folder = parentFolder(of: session.path)
        let file = session.path.dropFirst(folder == "/" ? 1 : folder.count + 1)
        guard !RecipeLocator.names.contains(String(file)) else { return folder + "/secrets.lock" }
        let stem = file.lastIndex(of: ".").map { file[..<$0] } ?? file
        return "\(folder)/\(stem).secrets.lock"
    }

    /// Throws: a `DiagnosticsError` with every secret that is not to be had: half a lock would hide a change.
    private static func refuse(_ answers: [SecretAnswer], _ registry: SecretRegistry) throws(DiagnosticsError) {
        let problems = answers.filter { !$0.isFine }.map { answer in
            let failure = answer.findings.last?.failure
            return Diagnostic(
                code: "secret-\(failure?.reason.rawValue ?? "invalid")",
                "the secret '\(answer.secret.name)' is not to be had: "
                    + registry.redact(failure?.message ?? "it has no reference"),
                hint: failure?.hint.map { registry.redact($0) }, at: answer.secret.declaration.range)
        }
        if !problems.isEmpty { throw DiagnosticsError(problems) }
    }

    private static func key(
        named name: String?, _ known: SecretLock?, _ answers: [SecretAnswer], _ session: RecipeSession
    ) throws(OpsError) -> SecretLockKey {
        var (name, salt): (String?, [UInt8]?) = (name, nil)
        if case .secret(let last, let its)? = known?.key, name ?? last == last { (name, salt) = (last, its) }
        guard let name else {
            return try SecretLockKey(machine: StateDirectory(environment: session.context.environment))
        }
        guard let answer = answers.first(where: { $0.secret.name == name }) else {
            throw OpsError(
                .invalid, "the recipe has no secret '\(name)' to make the key from",
                hint: nearestName(to: name, among: answers.map(\.secret.name)).map { "did you mean '\($0)'?" })
        }
        guard case .success(let value)? = answer.findings.last?.value else {
            throw OpsError(.invalid, "the secret '\(name)' has no lasting value to make the key from")
        }
        return try SecretLockKey(secret: name, value: value, salt: salt)
    }

    private static func entries(
        _ answers: [SecretAnswer], _ key: SecretLockKey
    ) -> OrderedDictionary<String, SecretLock.Entry> {
        var entries: OrderedDictionary<String, SecretLock.Entry> = [:]
        for answer in answers {
            let name = answer.secret.name
            guard let last = answer.findings.last, case .success(let probe) = last.probe, last.failure == nil else {
                entries[name] = SecretLock.Entry(reference: nil, version: nil, fingerprint: nil)
                continue
            }
            var fingerprint: String?
            var isKey = false
            if case .secret(name, _) = key.source { isKey = true }
            if !isKey, case .success(let value)? = last.value { fingerprint = key.fingerprint(of: name, value) }
            entries[name] = SecretLock.Entry(
                reference: last.reference.description, version: probe.version, fingerprint: fingerprint)
        }
        return entries
    }

    private static func text(
        _ changes: OrderedDictionary<String, SecretChange>, _ now: SecretLock, _ style: Style
    ) -> String {
        guard !changes.isEmpty else { return "\(now.entries.count) secrets are as they were.\n" }
        let arrow = style.unicode ? "→" : "->"
        var table = TableText(width: style.width)
        for (name, change) in changes {
            let entry = now.entries[name]
            let words =
                switch change {
                case .added: ["new", entry?.reference ?? "nowhere"]
                case .removed: ["gone", ""]
                case .moved(let from): ["moved", "\(from ?? "nowhere") \(arrow) \(entry?.reference ?? "nowhere")"]
                case .version(let from): ["changed", "version \(from ?? "none") \(arrow) \(entry?.version ?? "none")"]
                case .value: ["changed", entry?.version.map { "version \($0)" } ?? "another value"]
                case .unknown: ["unknown", "its fingerprint has another machine's key"]
                }
            table.row([style.paint(words[0], change.isDifference ? .yellow : .dim), style.paint(name, .bold), words[1]])
        }
        return table.text
    }
}
