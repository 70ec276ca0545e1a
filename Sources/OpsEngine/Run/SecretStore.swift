import Logging
import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

/// The secrets of a run: fetched once each, known to the masking from the moment they arrive.
struct SecretStore {
    private let declared: [String: PlannedSecret]
    private let catalog: PluginCatalog
    private let environment: [String: String]
    let registry = SecretRegistry()
    /// What expressions see: a fetched secret, or null for a missing optional one. Not yet fetched ones are
    /// secrets without bytes.
    private(set) var values: [String: Value] = [:]
    private var fetched: Set<String> = []
    private var warnings: [String] = []

    init(plan: Plan, catalog: PluginCatalog, environment: [String: String]) {
        declared = Dictionary(plan.secrets.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        self.catalog = catalog
        self.environment = environment
        for secret in plan.secrets { values[secret.name] = .secret(Secret(planned: [secret.name])) }
    }

    /// Those of the names that are not fetched yet.
    func missing(_ names: Set<String>) -> [PlannedSecret] {
        names.subtracting(fetched).sorted().compactMap { declared[$0] }
    }

    /// Takes in what was fetched.
    mutating func add(_ found: [String: Value]) {
        for (name, value) in found {
            values[name] = value
            fetched.insert(name)
            if case .secret(let secret) = value { mask(secret, name) }
        }
    }

    private mutating func mask(_ secret: Secret, _ name: String) {
        guard let bytes = secret.reveal() else { return }
        if let warning = registry.register(name: name, bytes: bytes) { warnings.append(warning) }
    }

    /// What the masking cannot do, once.
    mutating func takeWarnings() -> [String] {
        defer { warnings = [] }
        return warnings
    }

    /// An output as later steps see it: one that holds a known secret's bytes is a secret.
    mutating func tainted(_ value: Value, _ name: String) -> Value {
        switch value {
        case .string(let text):
            let names = registry.names(in: Array(text.utf8))
            return names.isEmpty ? value : .secret(Secret(names: names, bytes: Array(text.utf8)))
        case .list(let items): return .list(items.map { tainted($0, name) })
        case .map(let map): return .map(map.mapValues { tainted($0, name) })
        case .secret(let secret):
            mask(secret, name)
            return value
        default: return value
        }
    }

    /// Fetches by rounds: each secret's first reference, then the second of those that were missing … Each
    /// provider gets all of its references of a round at once.
    ///
    /// Throws: a `DiagnosticsError` with every secret that is not to be had.
    func fetch(_ wanted: [PlannedSecret]) async throws -> [String: Value] {
        var found: [String: Value] = [:]
        var problems: [Diagnostic] = []
        var open = wanted
        var round = 0
        while !open.isEmpty {
            var next: [PlannedSecret] = []
            let groups = Dictionary(grouping: open) { [$0.references[round].scheme, $0.directory] }
            for (key, secrets) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                guard let provider = catalog.providers[key[0]] else { continue }
                let context = SecretContext(
                    directory: key[1], environment: environment, logger: Logger(label: "ops.secrets"))
                let results = await provider.fetch(secrets.map { $0.references[round] }, context)
                for (secret, result) in zip(secrets, results) {
                    switch result {
                    case .success(let bytes): found[secret.name] = .secret(Secret(names: [secret.name], bytes: bytes))
                    case .failure(let failure) where failure.reason == .missing && round + 1 < secret.references.count:
                        next.append(secret)
                    case .failure(let failure) where failure.reason == .missing && secret.isOptional:
                        found[secret.name] = .null
                    case .failure(let failure):
                        problems.append(
                            Diagnostic(
                                code: "secret-\(failure.reason.rawValue)",
                                "the secret '\(secret.name)' is not to be had: \(failure.message)",
                                hint: failure.hint ?? "'ops secrets check' asks every reference",
                                at: secret.range))
                    }
                }
            }
            open = next
            round += 1
        }
        guard problems.isEmpty else { throw DiagnosticsError(problems.sorted(by: Diagnostic.inReadingOrder)) }
        return found
    }
}

extension Run {
    /// Makes sure that the named secrets are fetched. Only one fetch is under way at a time, so that none is
    /// fetched twice.
    func ensureSecrets(_ names: Set<String>) async throws {
        while true {
            let missing = secrets.missing(names)
            if missing.isEmpty { return }
            if let current = fetching {
                _ = await current.result
                continue
            }
            let store = secrets
            let work = SwiftTask(executorPreference: EventLoop.shared) { try await store.fetch(missing) }
            fetching = work
            let result = await work.result
            fetching = nil
            secrets.add(try result.get())
        }
    }
}
