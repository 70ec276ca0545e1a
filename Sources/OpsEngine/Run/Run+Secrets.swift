import Logging
import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem

extension Run {
    /// How long the run's end waits until all that was made for its secrets is taken back.
    static let revocationLimit: Duration = .seconds(30)

    /// The values that are masked in all that the run says.
    package var secretRegistry: SecretRegistry { secrets.registry }

    /// What the run lends to the fetching of its secrets; its sessions begin with the first use.
    var secretMeans: SecretMeans {
        let sessions = secretSessions ?? makeSecretSessions()
        secretSessions = sessions
        return SecretMeans(sessions: sessions, logger: secretLogger, clock: clock)
    }

    private var secretLogger: Logger {
        Logger(label: "ops.secrets") { _ in EventLogHandler(run: self, step: nil) }
    }

    private func makeSecretSessions() -> SecretSessions {
        let registry = secrets.registry
        return SecretSessions(
            SecretSession.Listener(
                masks: { name, bytes in registry.register(name: name, bytes: bytes) },
                owes: { [weak self] debt in
                    guard let self else { return }
                    onLoop { self.owe(debt) }
                },
                paid: { [weak self] debt in
                    guard let self else { return }
                    onLoop { self.emit(.secretRevoked(debt, earlierRun: nil)) }
                }))
    }

    private func owe(_ debt: SecretDebt) {
        guard secrets.registry.names(in: Array(debt.id.utf8)).isEmpty else {
            // A journal holds no secret: after a kill, this one is left to its own expiry.
            return message(
                .warning, "what '\(debt.scheme)://' made has a name that holds a secret: not recorded", step: nil)
        }
        emit(.secretOwed(debt))
    }

    /// Makes sure that the named secrets are fetched. Only one fetch is under way at a time, so that none is
    /// fetched twice.
    ///
    /// Throws: a `DiagnosticsError` with every one that is not to be had.
    func ensureSecrets(_ names: Set<String>) async throws {
        while true {
            let missing = secrets.missing(names)
            if missing.isEmpty { return try secrets.refuse(names) }
            try SwiftTask.checkCancellation()
            if let current = fetching {
                _ = await current.value
                continue
            }
            let (store, means) = (secrets, secretMeans)
            let work = SwiftTask(executorPreference: EventLoop.shared) { await store.fetch(missing, means) }
            fetching = work
            let found = await work.value
            fetching = nil
            secrets.add(found)
            try SwiftTask.checkCancellation()
            guard found.interrupted.isEmpty else {
                throw DiagnosticsError(found.interrupted.sorted(by: Diagnostic.inReadingOrder))
            }
        }
    }

    /// Begins to take back what earlier runs that were killed had made; the run's tasks do not wait for it.
    func beginToPayEarlierDebts() {
        guard !earlierDebts.isEmpty else { return }
        // Sessions of its own: what it takes is not taken from the time that this run's own end has.
        let sessions = makeSecretSessions()
        let context = SecretContext(
            directory: plan.recipe.directory, environment: secrets.environment, logger: secretLogger,
            session: sessions[plan.recipe.secretHosts], hosts: plan.recipe.secretHosts)
        let task = SwiftTask(executorPreference: EventLoop.shared) {
            for earlier in self.earlierDebts { await self.pay(earlier, context) }
        }
        payment = (task, sessions)
    }

    private func pay(_ earlier: EarlierDebts, _ context: SecretContext) async {
        for (scheme, debts) in Dictionary(grouping: earlier.debts, by: \.scheme).sorted(by: { $0.key < $1.key }) {
            guard let provider = catalog.providers[scheme] else { continue }
            let results = await provider.revoke(debts, context)
            for (debt, result) in zip(debts, results) {
                switch result {
                case .success:
                    emit(.secretRevoked(debt, earlierRun: earlier.run))
                    message(.notice, "took back what the run \(earlier.run) left: \(scheme) \(debt.id)", step: nil)
                case .failure(let failure): warn(ofDebt: debt, failure, "the run \(earlier.run) left")
                }
            }
        }
    }

    /// Takes back what was made to get the run's secrets, the newest first, and says what could not be.
    func endSecrets() async {
        let payment = SwiftTask(executorPreference: EventLoop.shared) { await self.endPayment() }
        if let secretSessions {
            await end(
                secretSessions, after: nil,
                late: "not all that this run made for its secrets was taken back within \(Self.revocationLimit.text)")
        }
        await payment.value
    }

    private func endPayment() async {
        guard let (task, sessions) = payment else { return }
        await end(
            sessions, after: task,
            late: "not all that earlier runs left was taken back within \(Self.revocationLimit.text)")
    }

    private func end(_ sessions: SecretSessions, after task: SwiftTask<Void, Never>?, late: String) async {
        let end = await Bounded.run(for: Self.revocationLimit, on: clock) {
            await task?.value
            return await sessions.end()
        }
        switch end {
        case .done(let failures):
            for (debt, failure) in failures { warn(ofDebt: debt, failure, "this run made") }
        case .timedOut, .cancelled:
            task?.cancel()
            message(.warning, "\(late): the next run tries again", step: nil)
        }
    }

    private func warn(ofDebt debt: SecretDebt, _ failure: SecretFailure, _ whose: String) {
        let hint = failure.hint.map { " (\($0))" } ?? ""
        message(
            .warning, "what \(whose) could not be taken back: \(debt.scheme) \(debt.id): \(failure.message)\(hint)",
            step: nil)
    }
}
