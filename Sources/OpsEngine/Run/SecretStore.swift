import Logging
import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

/// The secrets of a run: fetched once each, known to the masking from the moment they arrive.
struct SecretStore {
    /// The longest that one provider may take for all it is asked at a time, its retries and its login included.
    static let fetchLimit: Duration = .seconds(120)

    private let declared: [String: PlannedSecret]
    private let catalog: PluginCatalog
    let environment: [String: String]
    let registry = SecretRegistry()
    /// What expressions see: a fetched secret, or null for a missing optional one. Not yet fetched ones are
    /// secrets without bytes.
    private(set) var values: [String: Value] = [:]
    private var fetched: Set<String> = []
    /// Why those that were asked for in vain are not to be had: they are not asked for again.
    private var failures: [String: Diagnostic] = [:]
    private var warnings: [String] = []

    init(plan: Plan, catalog: PluginCatalog, environment: [String: String]) {
        declared = Dictionary(plan.secrets.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        self.catalog = catalog
        self.environment = environment
        for secret in plan.secrets { values[secret.name] = .secret(Secret(planned: [secret.name])) }
    }

    /// Those of the names that were not asked for yet.
    func missing(_ names: Set<String>) -> [PlannedSecret] {
        names.subtracting(fetched).sorted().compactMap { failures[$0] == nil ? declared[$0] : nil }
    }

    /// Throws: a `DiagnosticsError` with those of the names that are not to be had.
    func refuse(_ names: Set<String>) throws(DiagnosticsError) {
        let problems = names.compactMap { failures[$0] }
        guard problems.isEmpty else { throw DiagnosticsError(problems.sorted(by: Diagnostic.inReadingOrder)) }
    }

    /// Those of the names of which each fetch makes a value that lives for a while.
    func dynamic(_ names: Set<String>) -> Set<String> {
        names.filter { name in
            declared[name]?.references.contains { catalog.providers[$0.scheme]?.isDynamic($0) ?? false } ?? false
        }
    }

    /// Takes in what was fetched.
    mutating func add(_ found: FetchedSecrets) {
        for (name, value) in found.values {
            values[name] = value
            fetched.insert(name)
            if case .secret(let secret) = value { mask(secret, name) }
        }
        failures.merge(found.failures) { $1 }
    }

    private mutating func mask(_ secret: Secret, _ name: String) {
        guard let bytes = secret.reveal() else { return }
        if let warning = registry.register(name: name, bytes: bytes) { warnings.append(warning) }
    }

    /// A shorter value that derives from a secret may be a word such as `false`, and is not masked by itself.
    private static let shortestDerived = 8

    /// Masks what a step is given that derives from secrets and does not hold them as they are: `upper(secrets.s)`.
    func maskDerived(_ value: Value) {
        switch value {
        case .secret(let secret):
            guard let bytes = secret.reveal(), bytes.count >= Self.shortestDerived, registry.names(in: bytes).isEmpty
            else { return }
            registry.register(name: secret.names.joined(separator: " "), bytes: bytes)
        case .list(let items): items.forEach(maskDerived)
        case .map(let map): map.values.forEach(maskDerived)
        default: return
        }
    }

    /// What the masking cannot do, once.
    mutating func takeWarnings() -> [String] {
        defer { warnings = [] }
        return warnings
    }

    /// An output as later steps see it: one that holds a known secret's bytes is a secret.
    mutating func tainted(_ value: Value, _ name: String) -> Value {
        switch value {
        case .string(let text): return tainted(text) ?? value
        // A secret of digits is one as a number too, however that is spelled.
        case .integer(_, let spelling), .number(_, let spelling):
            return spelling.flatMap(tainted) ?? tainted(JSONWriter.text(value)) ?? value
        case .list(let items): return .list(items.map { tainted($0, name) })
        // Where a key holds one, the whole map is a secret: its JSON text.
        case .map(let map):
            if map.keys.contains(where: { tainted($0) != nil }), let whole = tainted(JSONWriter.text(value)) {
                return whole
            }
            return .map(map.mapValues { tainted($0, name) })
        case .secret(let secret):
            mask(secret, name)
            return value
        default: return value
        }
    }

    /// Text that holds a known secret's bytes, as a secret.
    private func tainted(_ text: String) -> Value? {
        let bytes = Array(text.utf8)
        let names = registry.names(in: bytes)
        return names.isEmpty ? nil : .secret(Secret(names: names, bytes: bytes))
    }

    // MARK: asking

    /// What is asked at a time: the references of one round that one provider answers in one context.
    private struct Source: Hashable {
        var scheme: String
        var directory: String
        var hosts: SecretHosts?
    }

    /// Fetches by rounds: each secret's first reference, then the second of those that were missing … Each
    /// provider gets all of its references of a round at once, the providers of a round side by side.
    func fetch(_ wanted: [PlannedSecret], _ means: SecretMeans) async -> FetchedSecrets {
        var result = FetchedSecrets()
        var open = wanted
        var round = 0
        while !open.isEmpty {
            let groups = Dictionary(grouping: open) { secret in
                Source(scheme: secret.references[round].scheme, directory: secret.directory, hosts: secret.hosts)
            }
            var next: [PlannedSecret] = []
            await withTaskGroup(of: [(PlannedSecret, Answer)].self) { tasks in
                for (source, secrets) in groups {
                    tasks.addTask { [round] in await ask(source, secrets, round, means) }
                }
                for await answers in tasks {
                    for (secret, answer) in answers where result.take(answer, of: secret, in: round) {
                        next.append(secret)
                    }
                }
            }
            open = next
            round += 1
        }
        return result
    }

    fileprivate enum Answer {
        case value([UInt8])
        case failure(SecretFailure)
        case interrupted
    }

    private func ask(
        _ source: Source, _ secrets: [PlannedSecret], _ round: Int, _ means: SecretMeans
    ) async -> [(PlannedSecret, Answer)] {
        guard let provider = catalog.providers[source.scheme] else {
            let failure = SecretFailure(.invalid, "no secret provider has the scheme '\(source.scheme)'")
            return secrets.map { ($0, .failure(failure)) }
        }
        let context = SecretContext(
            directory: source.directory, environment: environment, logger: means.logger,
            session: means.sessions[source.hosts],
            hosts: source.hosts)
        let references = secrets.map { $0.references[round] }
        let end = await Bounded.run(for: Self.fetchLimit, on: means.clock) {
            await provider.fetch(references, context)
        }
        switch end {
        case .done(let results):
            return secrets.enumerated().map { index, secret in
                guard results.indices.contains(index) else {
                    return (secret, .failure(SecretFailure(.invalid, "'\(source.scheme)://' gave no answer")))
                }
                switch results[index] {
                case .success(let bytes): return (secret, .value(bytes))
                case .failure(let failure): return (secret, .failure(failure))
                }
            }
        case .timedOut:
            let failure = SecretFailure(
                .unreachable, "'\(source.scheme)://' gave no answer within \(Self.fetchLimit.text)")
            return secrets.map { ($0, .failure(failure)) }
        case .cancelled: return secrets.map { ($0, .interrupted) }
        }
    }
}

/// What a run lends to the fetching of its secrets.
struct SecretMeans: Sendable {
    var sessions: SecretSessions
    var logger: Logger
    var clock: any RunClock
}

/// What came of asking for some secrets.
struct FetchedSecrets: Sendable {
    /// A secret with its bytes, or null for an optional one that is nowhere.
    var values: [String: Value] = [:]
    var failures: [String: Diagnostic] = [:]
    /// Those of which the run's end cut the asking short: they may be asked for again.
    var interrupted: [Diagnostic] = []

    /// Takes in the answer to one reference; true where the next one is to be asked.
    fileprivate mutating func take(_ answer: SecretStore.Answer, of secret: PlannedSecret, in round: Int) -> Bool {
        switch answer {
        case .value(let bytes): values[secret.name] = .secret(Secret(names: [secret.name], bytes: bytes))
        case .failure(let failure) where failure.reason == .missing:
            if round + 1 < secret.references.count { return true }
            if secret.isOptional {
                values[secret.name] = .null
            } else {
                failures[secret.name] = Self.problem(failure, of: secret)
            }
        case .failure(let failure): failures[secret.name] = Self.problem(failure, of: secret)
        case .interrupted:
            interrupted.append(Self.problem(SecretFailure(.unreachable, "the run was interrupted"), of: secret))
        }
        return false
    }

    private static func problem(_ failure: SecretFailure, of secret: PlannedSecret) -> Diagnostic {
        Diagnostic(
            code: "secret-\(failure.reason.rawValue)",
            "the secret '\(secret.name)' is not to be had: \(failure.message)",
            hint: failure.hint ?? "'ops secrets check' asks each source in turn", at: secret.range)
    }
}
