import OpsCore
import OpsPlugin
import Synchronization
import TestKit

@testable import SecretsPlugin

/// One run against a server, and what it tells of itself.
struct VaultScene {
    /// What a session told.
    final class Heard: Sendable {
        private let heard = Mutex<(masks: [String], owed: [SecretDebt], paid: [SecretDebt])>(([], [], []))

        var masks: [String] { heard.withLock { $0.masks } }
        var owed: [SecretDebt] { heard.withLock { $0.owed } }
        var paid: [SecretDebt] { heard.withLock { $0.paid } }

        var listener: SecretSession.Listener {
            SecretSession.Listener(
                masks: { _, bytes in self.heard.withLock { $0.masks.append(String(decoding: bytes, as: UTF8.self)) } },
                owes: { debt in self.heard.withLock { $0.owed.append(debt) } },
                paid: { debt in self.heard.withLock { $0.paid.append(debt) } })
        }
    }

    let provider: VaultProvider
    let heard = Heard()
    let log = TestLog()
    let context: SecretContext

    /// - Parameter clock: by which leases are renewed; by default no time passes for them.
    init(_ environment: [String: String], hosts: [String]? = nil, clock: HandClock = HandClock()) {
        provider = VaultProvider(pace: VaultPace(retryDelay: .milliseconds(10), clock: clock))
        context = SecretContext(
            directory: "/", environment: environment, logger: log.logger, session: SecretSession(heard.listener),
            hosts: hosts.map { SecretHosts($0) })
    }

    /// The values as text, failures as `reason: message`.
    func fetch(_ references: String...) async throws -> [String] { try await fetch(references) }

    func fetch(_ references: [String]) async throws -> [String] {
        let parsed = try references.map { try SecretReference($0) }
        for reference in parsed { try provider.check(reference) }
        return await provider.fetch(parsed, context).map { result in
            switch result {
            case .success(let bytes): String(decoding: bytes, as: UTF8.self)
            case .failure(let failure): "\(failure.reason): \(failure.message)"
            }
        }
    }

    func probe(_ reference: String) async throws -> Result<SecretProbe, SecretFailure> {
        let reference = try SecretReference(reference)
        try provider.check(reference)
        return await provider.probe(reference, context)
    }

    /// The end of the run; gives what could not be taken back.
    func end() async -> [String] { await context.session.end().map { "\($0.debt.id): \($0.failure.message)" } }

    func revoke(_ debts: [SecretDebt]) async -> [String] {
        await provider.revoke(debts, context).map { result in
            if case .failure(let failure) = result { "\(failure.reason): \(failure.message)" } else { "done" }
        }
    }
}
