import Glibc
import OpsCore
import OpsEngine
import OpsRecipe
import OpsSystem

/// The lock by which runs of one recipe file take turns (`overlap`). It is freed when its process dies.
@EventLoopActor
struct RecipeLock {
    /// What came of asking for it.
    enum Answer {
        /// Nil where the run does without one.
        case free(FileLock?)
        /// Another run goes on, and this one leaves it at that.
        case skipped(String)
    }

    private let path: String
    private let file: String
    private let holder: FileLock.Holder

    /// - Parameter id: the run's.
    init(_ plan: Plan, id: String, state: StateDirectory) {
        file = plan.recipe.file
        let given = file.hasPrefix("/") ? file : plan.recipe.directory + "/" + (file.split(separator: "/").last ?? "")
        path = state.recipeLock(realPath(given) ?? given)
        holder = FileLock.Holder(run: id, task: plan.requested.joined(separator: " "))
    }

    /// For a run that somebody attends: it holds the lock too where the recipe says `overlap`, and only warns.
    func attended() throws(OpsError) -> FileLock? {
        if let lock = try FileLock.tryAcquire(path, as: holder) { return lock }
        Console.error("ops: warning: another run of \(file) goes on: \(other)\n")
        return nil
    }

    /// For an unattended run. Throws: an `OpsError` (`busy`) that says who holds the lock since when.
    func unattended(_ overlap: Overlap, wait: LockWait, signals: SignalWatch) async throws -> Answer {
        if let lock = try FileLock.tryAcquire(path, as: holder) { return .free(lock) }
        switch overlap {
        case .skip: return .skipped("another run of it goes on: \(other)")
        case .fail: return .free(try await acquire(wait, signals))
        case .replace:
            FileLock.signalHolder(of: path, SIGTERM)
            return .free(try await acquire(wait == .none ? .forever : wait, signals))
        case .wait: return .free(try await acquire(wait == .none ? .forever : wait, signals))
        }
    }

    private var other: String { FileLock.holder(path).map { "\($0)" } ?? "its process is not known" }

    private func acquire(_ wait: LockWait, _ signals: SignalWatch) async throws -> FileLock {
        let busy = OpsError(
            .busy, "another run of \(file) goes on: \(other)",
            hint: "--wait DURATION waits for it; 'overlap' of the recipe says what is to be done")
        let (path, holder) = (path, holder)
        switch wait {
        case .none: throw busy
        case .forever: return try await signals.interruptible { try await FileLock.acquire(path, as: holder) }
        case .upTo(let limit):
            let work = _Concurrency.Task(executorPreference: EventLoop.shared) {
                try await FileLock.acquire(path, as: holder)
            }
            var isLate = false
            let timer = EventLoop.shared.after(limit) {
                isLate = true
                work.cancel()
            }
            defer { EventLoop.shared.cancelTimer(timer) }
            do {
                return try await signals.interruptible {
                    try await withTaskCancellationHandler {
                        try await work.value
                    } onCancel: {
                        work.cancel()
                    }
                }
            } catch is CancellationError where isLate {
                throw busy
            }
        }
    }
}
