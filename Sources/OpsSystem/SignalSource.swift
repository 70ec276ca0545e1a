import COpsSystem
import Glibc
package import OpsCore

/// Signals sent to this process, as calls on the event loop.
package enum SignalSource {
    /// Calls `handler` on the loop with each SIGINT, SIGTERM or SIGHUP from now on, in place of dying by it. One that
    /// was ignored when ops was started (nohup, a background job) stays ignored. To be called once.
    ///
    /// A handler that writes to a pipe rather than signalfd: it works whichever thread a signal is delivered to.
    /// SIGTSTP and SIGCONT keep their defaults: ^Z stops ops, its children (in groups of their own) go on.
    ///
    /// Throws: an `OpsError` where no pipe is to be had.
    package static func start(_ handler: @escaping @Sendable @EventLoopActor (Int32) -> Void) throws(OpsError) {
        var ends: [Int32] = [-1, -1]
        let status = ops_pipe(&ends)
        guard status == 0 else { throw OpsError(.system, "cannot make a pipe: \(OpsError.errorText(-status))") }
        let reader = ends[0]
        let signals = [SIGINT, SIGTERM, SIGHUP]
        ops_forward_signals(signals, Int32(signals.count), ends[1])
        EventLoop.shared.perform {
            try? EventLoop.shared.watch(reader, for: .readable) { _ in
                var bytes = [UInt8](repeating: 0, count: 64)
                let count = read(reader, &bytes, bytes.count)
                for byte in bytes.prefix(max(0, count)) { handler(Int32(byte)) }
            }
        }
    }

    /// Ends this process by a signal, as its default would have: for the status that a parent sees.
    package static func dieBy(_ signalNumber: Int32) {
        signal(signalNumber, SIG_DFL)
        raise(signalNumber)
    }
}
