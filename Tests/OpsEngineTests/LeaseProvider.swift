import OpsCore
import OpsPlugin
import OpsSystem
import Synchronization

/// `lease://NAME`, which does as its name says, and records what it is asked.
///
/// `static…` has a value; `dynamic…` makes one that is to be taken back; `gone`, `denied`, `away`, `blank` and `wrong` fail
/// for their reasons; `never` never answers, cancelled or not; `login…` masks a token and owes a debt for it. A debt
/// that ends in `stuck` is never paid, one that ends in `refused` is not.
final class LeaseProvider: SecretProvider {
    let scheme = "lease"
    let summary = "Made up"
    let example = "lease://static"

    /// Where its fetches stand among the steps.
    private let record: CallRecord?

    init(record: CallRecord? = nil) { self.record = record }

    private let state = Mutex<(asked: [[String]], revoked: [String], hosts: [SecretHosts?])>(([], [], []))

    /// The paths of each call of `fetch`.
    var asked: [[String]] { state.withLock { $0.asked } }
    /// The ids that were taken back.
    var revoked: [String] { state.withLock { $0.revoked } }
    var hosts: [SecretHosts?] { state.withLock { $0.hosts } }

    func check(_ reference: SecretReference) throws(OpsError) {}

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func isDynamic(_ reference: SecretReference) -> Bool { reference.path.hasPrefix("dynamic") }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        record?.start("fetch " + references.map(\.path).joined(separator: " "))
        record?.end()
        state.withLock {
            $0.asked.append(references.map(\.path))
            $0.hosts.append(context.hosts)
        }
        var results: [Result<[UInt8], SecretFailure>] = []
        for reference in references {
            let path = reference.path
            let reasons: [String: SecretFailure.Reason] = [
                "gone": .missing, "denied": .forbidden, "away": .unreachable, "blank": .empty, "wrong": .invalid,
            ]
            if let reason = reasons[path] {
                results.append(.failure(SecretFailure(reason, "\(path) is \(reason.rawValue)")))
                continue
            }
            if path == "never" { await Self.neverEndingWork() }
            if path.hasPrefix("login") { context.session.mask("login token", Array("token-of-\(path)".utf8)) }
            if path.hasPrefix("dynamic") || path.hasPrefix("login") {
                context.session.owe(SecretDebt(scheme: scheme, id: path)) { () async throws(SecretFailure) in
                    try await self.takeBack(path)
                }
            }
            results.append(.success(Array("value-of-\(path)".utf8)))
        }
        return results
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        .success(SecretProbe("there"))
    }

    func revoke(_ debts: [SecretDebt], _ context: SecretContext) async -> [Result<Void, SecretFailure>] {
        var results: [Result<Void, SecretFailure>] = []
        for debt in debts {
            do throws(SecretFailure) {
                try await takeBack(debt.id)
                results.append(.success(()))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    private func takeBack(_ id: String) async throws(SecretFailure) {
        if id.hasSuffix("stuck") { await Self.neverEndingWork() }
        if id.hasSuffix("refused") { throw SecretFailure(.unreachable, "nobody is there") }
        state.withLock { $0.revoked.append(id) }
    }

    /// Longer than any test, and deaf to cancellation.
    private static func neverEndingWork() async {
        await withCheckedContinuation { continuation in
            EventLoop.shared.submit {
                EventLoop.assumeIsolated { _ = EventLoop.shared.after(.seconds(20)) { continuation.resume() } }
            }
        }
    }
}
