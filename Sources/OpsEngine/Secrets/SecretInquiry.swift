package import Logging
package import OpsCore
package import OpsPlugin
package import OpsRecipe
import OpsSystem

/// What asking one reference of a secret gave.
package struct SecretFinding: Sendable {
    package var reference: SecretReference
    package var probe: Result<SecretProbe, SecretFailure>
    /// The value, where it was asked for and the probe said nothing against it.
    package var value: Result<Secret, SecretFailure>?
    /// Why the value cannot be masked in output.
    package var warning: String?

    /// Why it is not to be had; nil where it is.
    package var failure: SecretFailure? {
        if case .failure(let failure) = probe { return failure }
        if case .failure(let failure)? = value { return failure }
        return nil
    }
}

/// What came of one secret's references: those that a run would ask, the last of which decides.
package struct SecretAnswer: Sendable {
    package var secret: NamedSecret
    package var findings: [SecretFinding]

    /// True where a run gets a value, or does without.
    package var isFine: Bool {
        guard let failure = findings.last?.failure else { return !findings.isEmpty }
        return failure.reason == .missing && secret.declaration.isOptional
    }
}

/// Which values are fetched besides asking for them.
package enum SecretDepth: Sendable {
    case none
    /// Not of references that make a value of their own each time.
    case lasting
    case all
}

/// Asks for the secrets of a recipe without a run: all of them at a time, with one login for each source.
package struct SecretInquiry: Sendable {
    /// The longest that one reference may take.
    private static let limit: Duration = .seconds(60)

    private let catalog: PluginCatalog
    private let environment: [String: String]
    private let logger: Logger
    private let sessions: SecretSessions
    /// Masks what came to be known on the way.
    package let registry = SecretRegistry()

    package init(catalog: PluginCatalog, environment: [String: String], logger: Logger) {
        self.catalog = catalog
        self.environment = environment
        self.logger = logger
        let registry = registry
        sessions = SecretSessions(
            SecretSession.Listener(masks: { name, bytes in registry.register(name: name, bytes: bytes) }))
    }

    /// Asks each secret's references in order until one is not missing.
    ///
    /// - Parameter depth: a value that is fetched checks the field that is selected and how it is decoded.
    /// Gives the answers in the order of the secrets.
    package func ask(_ secrets: [NamedSecret], _ depth: SecretDepth) async -> [SecretAnswer] {
        await withTaskGroup(of: (Int, SecretAnswer).self) { tasks in
            for (place, secret) in secrets.enumerated() {
                tasks.addTask { (place, await answer(secret, depth)) }
            }
            var answers: [(Int, SecretAnswer)] = []
            for await answer in tasks { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Takes back what was made on the way; gives what could not be.
    package func end() async -> [(debt: SecretDebt, failure: SecretFailure)] {
        let sessions = sessions
        switch await Bounded.run(for: Run.revocationLimit, on: SystemRunClock(), { await sessions.end() }) {
        case .done(let failures): return failures
        case .timedOut, .cancelled: return []
        }
    }

    private func answer(_ secret: NamedSecret, _ depth: SecretDepth) async -> SecretAnswer {
        let context = SecretContext(
            directory: secret.directory, environment: environment, logger: logger,
            session: sessions[secret.hosts],
            hosts: secret.hosts)
        var answer = SecretAnswer(secret: secret, findings: [])
        for (reference, _) in secret.declaration.from {
            guard let provider = catalog.providers[reference.scheme] else { continue }
            let probe = await bounded(reference) { await provider.probe(reference, context) }
            var finding = SecretFinding(reference: reference, probe: probe)
            let isFetched =
                switch depth {
                case .none: false
                case .lasting: !provider.isDynamic(reference)
                case .all: true
                }
            if isFetched, finding.failure == nil {
                let fetched = await bounded(reference) { () async -> Result<[UInt8], SecretFailure> in
                    await provider.fetch([reference], context).first
                        ?? .failure(SecretFailure(.invalid, "'\(reference.scheme)://' gave no answer"))
                }
                finding.value = fetched.map { bytes in
                    Secret(names: [secret.name], bytes: bytes)
                }
                if case .success(let value)? = finding.value, let bytes = value.reveal() {
                    finding.warning = registry.register(name: secret.name, bytes: bytes)
                }
            }
            answer.findings.append(finding)
            if finding.failure?.reason != .missing { break }
        }
        return answer
    }

    private func bounded<Value: Sendable>(
        _ reference: SecretReference, _ body: @escaping @Sendable () async -> Result<Value, SecretFailure>
    ) async -> Result<Value, SecretFailure> {
        switch await Bounded.run(for: Self.limit, on: SystemRunClock(), body) {
        case .done(let result): result
        case .timedOut:
            .failure(SecretFailure(.unreachable, "'\(reference.scheme)://' gave no answer within \(Self.limit.text)"))
        case .cancelled: .failure(SecretFailure(.unreachable, "interrupted"))
        }
    }
}
