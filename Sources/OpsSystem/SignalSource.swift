import COpsSystem
import Glibc
package import OpsCore

/// Signals sent to this process, as calls on the event loop.
package enum SignalSource {
    /// Calls `handler` on the loop with each SIGINT, SIGTERM or SIGHUP from now on, in place of dying by it. One that
    /// was ignored when ops was started (nohup, a background job) stays ignored. To be called once.
    ///
    /// Where there is a guard, most signals come twice: a terminal or a sender to a group reaches both processes, and the
    /// guard hands on what it gets. Each way is counted on its own, and a signal is new where the larger count grows.
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
        ops_forward_signals(signals, Int32(signals.count), ends[1], Guard.parentID)
        EventLoop.shared.perform {
            var counts: [Int32: (direct: Int, handedOn: Int)] = [:]
            try? EventLoop.shared.watch(reader, for: .readable) { _ in
                var bytes = [UInt8](repeating: 0, count: 64)
                let count = read(reader, &bytes, bytes.count)
                for byte in bytes.prefix(max(0, count)) {
                    let isHandedOn = Int32(byte) & Int32(OPS_HANDED_ON) != 0
                    let signal = Int32(byte) & ~Int32(OPS_HANDED_ON)
                    var (direct, handedOn) = counts[signal] ?? (0, 0)
                    let before = max(direct, handedOn)
                    if isHandedOn { handedOn += 1 } else { direct += 1 }
                    counts[signal] = (direct, handedOn)
                    if max(direct, handedOn) > before { handler(signal) }
                }
            }
        }
    }

    /// Ends this process by a signal, as its default would have: for the status that a parent sees.
    package static func dieBy(_ signalNumber: Int32) {
        signal(signalNumber, SIG_DFL)
        raise(signalNumber)
    }
}
