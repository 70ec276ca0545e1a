import OpsPlugin
import Synchronization

/// The sessions of a run: one for each limit of servers, so that no login or connection that one recipe's `secret-hosts`
/// permits serves the secrets of another's.
final class SecretSessions: Sendable {
    private let listener: SecretSession.Listener
    private let sessions = Mutex<[(hosts: SecretHosts?, session: SecretSession)]>([])

    init(_ listener: SecretSession.Listener) { self.listener = listener }

    subscript(hosts: SecretHosts?) -> SecretSession {
        sessions.withLock { sessions in
            if let known = sessions.first(where: { $0.hosts == hosts }) { return known.session }
            let session = SecretSession(listener)
            sessions.append((hosts, session))
            return session
        }
    }

    /// Ends all of them; gives what could not be taken back.
    func end() async -> [(debt: SecretDebt, failure: SecretFailure)] {
        var failures: [(debt: SecretDebt, failure: SecretFailure)] = []
        for session in sessions.withLock({ $0.map(\.session) }) { failures += await session.end() }
        return failures
    }
}
