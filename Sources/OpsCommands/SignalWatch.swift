import ArgumentParser
import Glibc
import OpsCore
import OpsEngine
import OpsSystem

/// Turns signals into the end of a run: the first SIGINT, SIGTERM or SIGHUP cancels with clean-up; only a
/// repeated SIGINT kills.
@EventLoopActor
final class SignalWatch {
    private var interrupts = 0
    private var interruption: Run.Interruption?
    /// What is to be done about the first signal.
    private var react: (Run.Interruption) -> Void = { _ in }

    private init() {}

    /// Signals are taken in from now on. Throws: an `OpsError` where they cannot be watched.
    static func start() throws(OpsError) -> SignalWatch {
        let watch = SignalWatch()
        try SignalSource.start { watch.receive($0) }
        return watch
    }

    /// Hands the run every signal, one that came before too.
    func interrupt(_ run: Run) {
        react = { run.interrupt($0) }
        if let interruption { run.interrupt(interruption) }
    }

    /// Waits before a run, which a signal ends.
    ///
    /// Throws: the `ExitCode` of the signal, after it was told; what `body` throws.
    func interruptible<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let work = _Concurrency.Task(executorPreference: EventLoop.shared) { try await body() }
        react = { _ in work.cancel() }
        if interruption != nil { work.cancel() }
        defer { react = { _ in } }
        do { return try await work.value } catch is CancellationError {
            guard let interruption else { throw CancellationError() }
            Console.error("ops: error: \(interruption.reason) before the run began\n")
            throw ExitCode(interruption.exitStatus)
        }
    }

    private func receive(_ signal: Int32) {
        if signal == SIGINT { interrupts += 1 }
        guard interrupts < 2 else {
            Console.error("\nops: interrupted twice: killed, without clean-up\n")
            Guard.endNow(exitStatus: 130)
        }
        guard interruption == nil else { return }
        let interruption = Run.Interruption(
            reason: "interrupted by \(Signal.name(signal))", exitStatus: 128 + signal)
        self.interruption = interruption
        react(interruption)
    }
}
