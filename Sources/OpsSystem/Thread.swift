import COpsSystem
import Glibc
import OpsCore
import Synchronization

/// Whether a blocking job was cancelled: asked by the job, once a block of its work.
package final class CancellationFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    package var isCancelled: Bool { flag.load(ordering: .relaxed) }

    package func cancel() { flag.store(true, ordering: .relaxed) }

    /// Throws: `CancellationError`.
    package func check() throws { if isCancelled { throw CancellationError() } }
}

/// Runs blocking work on a thread of its own, never on a pool that others need.
///
/// - Parameter work: is told by the flag when the calling task is cancelled, and should then throw.
/// Throws: what `work` throws; an `OpsError` (`system`) where no thread can be started.
package func onThread<T: Sendable>(_ work: @escaping @Sendable (CancellationFlag) throws -> T) async throws -> T {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
            startThread(failed: { continuation.resume(throwing: $0) }) {
                continuation.resume(with: Result { try work(flag) })
            }
        }
    } onCancel: {
        flag.cancel()
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Starts a detached thread with a stack of 1 MiB. `failed` is called in its stead where the system refuses.
func startThread(failed: (OpsError) -> Void, _ body: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 1 << 20)
    let box = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let number = pthread_create(
        &thread, &attributes,
        { context in
            if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }, box.toOpaque())
    if number != 0 {
        box.release()
        failed(OpsError(.system, "cannot start a thread: \(OpsError.errorText(number))"))
    }
}
