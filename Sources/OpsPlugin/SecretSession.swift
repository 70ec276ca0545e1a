import OpsSystem
import Synchronization

/// Something that a run made on a server to get a secret, such as a lease or a login, and that its end takes back.
public struct SecretDebt: Sendable, Hashable {
    /// Of the provider that takes it back.
    public var scheme: String
    /// Enough to take it back later with a login of its own; never a secret. It is kept in the run's journal.
    public var id: String

    public init(scheme: String, id: String) {
        self.scheme = scheme
        self.id = id
    }
}

/// What all fetches of one run share: logins, caches, and what is to be revoked at the end.
public final class SecretSession: Sendable {
    /// What is told to whoever runs: values to mask, and debts, before they are made where their ids are known then.
    public struct Listener: Sendable {
        public var masks: @Sendable (_ name: String, _ bytes: [UInt8]) -> Void
        public var owes: @Sendable (SecretDebt) -> Void
        public var paid: @Sendable (SecretDebt) -> Void

        public init(
            masks: @escaping @Sendable (String, [UInt8]) -> Void = { _, _ in },
            owes: @escaping @Sendable (SecretDebt) -> Void = { _ in },
            paid: @escaping @Sendable (SecretDebt) -> Void = { _ in }
        ) {
            self.masks = masks
            self.owes = owes
            self.paid = paid
        }
    }

    private typealias Revocation = @Sendable () async throws(SecretFailure) -> Void

    private struct Question {
        var task: Task<any Sendable, Never>
        /// Who waits for the answer, or did.
        var askers = 1
        var cancelled = 0
    }

    private struct State {
        var answers: [String: Question] = [:]
        var background: [Task<Void, Never>] = []
        var debts: [(debt: SecretDebt, revoke: Revocation)] = []
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let listener: Listener

    public init(_ listener: Listener = Listener()) { self.listener = listener }

    /// The answer to a question that is asked once a run, also where several ask it at a time; a failure is kept too.
    ///
    /// Asking ends when all who wait for the answer are cancelled; then it is not kept.
    ///
    /// - Parameter key: names the question: its scheme, server and path.
    public func once<T: Sendable>(
        _ key: String, _ ask: @escaping @Sendable () async throws(SecretFailure) -> T
    ) async throws(SecretFailure) -> T {
        let task = state.withLock { state in
            if let known = state.answers[key] {
                state.answers[key]?.askers += 1
                return known.task
            }
            let task = Task<any Sendable, Never>(executorPreference: EventLoop.shared) {
                do throws(SecretFailure) {
                    return Result<T, SecretFailure>.success(try await ask())
                } catch {
                    return Result<T, SecretFailure>.failure(error)
                }
            }
            state.answers[key] = Question(task: task)
            return task
        }
        let answer = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            let isUnwanted = state.withLock { state in
                guard let question = state.answers[key], question.task == task else { return false }
                state.answers[key]?.cancelled += 1
                guard question.cancelled + 1 == question.askers else { return false }
                state.answers[key] = nil
                return true
            }
            // Not under the lock: a question that this one asks is cancelled by this call as well, and takes it.
            if isUnwanted { task.cancel() }
        }
        guard let result = answer as? Result<T, SecretFailure> else {
            throw SecretFailure(.invalid, "two questions have the name '\(key)'")
        }
        return try result.get()
    }

    /// Forgets an answer, so that it is asked for again: a login that was refused since.
    public func forget(_ key: String) { state.withLock { $0.answers[key] = nil } }

    /// Masks a value that no recipe names, such as the token of a login, in all that is shown.
    public func mask(_ name: String, _ bytes: [UInt8]) { listener.masks(name, bytes) }

    /// Notes that something is to be taken back at the run's end.
    public func owe(_ debt: SecretDebt, revoke: @escaping @Sendable () async throws(SecretFailure) -> Void) {
        listener.owes(debt)
        state.withLock { $0.debts.append((debt, revoke)) }
    }

    /// Runs beside the run until its end, which cancels it: the renewal of a lease.
    public func inBackground(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            guard !state.hasEnded else { return }
            state.background.append(Task(executorPreference: EventLoop.shared) { await body() })
        }
    }

    /// The end of the run: renewals stop, and what was made is taken back, the newest first.
    ///
    /// Gives what could not be taken back, and why. Not cut short by cancellation: each revocation has its own limit.
    public func end() async -> [(debt: SecretDebt, failure: SecretFailure)] {
        let (debts, background) = state.withLock { state in
            state.hasEnded = true
            defer { state = State(hasEnded: true) }
            return (state.debts, state.background)
        }
        for task in background { task.cancel() }
        for task in background { await task.value }
        var failures: [(debt: SecretDebt, failure: SecretFailure)] = []
        for (debt, revoke) in debts.reversed() {
            do throws(SecretFailure) {
                try await revoke()
                listener.paid(debt)
            } catch {
                failures.append((debt, error))
            }
        }
        return failures
    }
}

/// The servers that a recipe's secrets may be asked of: `secret-hosts`.
public struct SecretHosts: Sendable, Hashable {
    private let patterns: [String]

    /// - Parameter patterns: `host`, `host:port`, or `*.domain`, which is any name below it.
    public init(_ patterns: [String]) { self.patterns = patterns.map { $0.lowercased() } }

    /// True where a request may go there.
    public func permits(host: String, port: Int) -> Bool {
        let host = host.lowercased()
        return patterns.contains { pattern in
            var name = pattern[...]
            // An IPv6 address stands in brackets where a port follows.
            if let colon = pattern.lastIndex(of: ":"), let number = Int(pattern[pattern.index(after: colon)...]),
                pattern.hasPrefix("[") || !pattern[..<colon].contains(":")
            {
                guard number == port else { return false }
                name = pattern[..<colon]
            }
            if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
            if name.hasPrefix("*.") { return host.hasSuffix(name.dropFirst(1)) && host.count >= name.count }
            return host == name
        }
    }
}

extension SecretContext {
    /// To be asked before anything is sent to a server, redirects included.
    ///
    /// Throws: a `SecretFailure` (`forbidden`) where the recipe's `secret-hosts` does not name it.
    public func permit(host: String, port: Int) throws(SecretFailure) {
        guard let hosts, !hosts.permits(host: host, port: port) else { return }
        throw SecretFailure(
            .forbidden, "the recipe's 'secret-hosts' does not name \(host):\(port), so nothing is asked there",
            hint: "add '\(host):\(port)' to 'secret-hosts' if secrets may come from it")
    }
}
