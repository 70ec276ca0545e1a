import OpsCore

/// Child processes, run to their end on the event loop.
package enum ChildProcess {
    /// Starts a program in a process group of its own and waits until it has ended and its output is read.
    ///
    /// Cancelling the calling task ends the whole tree: SIGTERM, SIGKILL after `grace`; the call returns (throwing
    /// `CancellationError`) when it is empty. Where the program ends while something it started still holds
    /// an output stream, reading goes on until the streams are quiet for 500 ms, 2 s at most: enough for `tee` and
    /// other ends of a process substitution, and a server left behind does not hold up the run.
    ///
    /// - Parameter output: called on the loop's thread with each piece as it comes, in order for each stream.
    /// Throws: an `OpsError` where it cannot be started; `CancellationError`.
    package static func run(
        _ spec: ChildSpec, grace: Duration = .seconds(10),
        output: @escaping @Sendable (ChildStream, UnsafeRawBufferPointer) -> Void = { _, _ in }
    ) async throws -> ChildResult {
        let child = RunningChild(grace: grace, leftOvers: spec.leftOvers, output: output)
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<ChildResult, any Error>) in
                EventLoop.shared.perform { child.start(spec) { continuation.resume(with: $0) } }
            }
        } onCancel: {
            EventLoop.shared.perform { child.cancel() }
        }
    }
}
