import Glibc
import OpsCore
import OpsEngine
import OpsSystem

/// Turns signals into the end of a run: the first SIGINT, SIGTERM or SIGHUP cancels with clean-up; only a
/// repeated SIGINT kills.
@EventLoopActor
enum SignalWatch {
    /// Throws: an `OpsError` where signals cannot be watched.
    static func start(_ run: Run) throws(OpsError) {
        let interrupts = Count()
        try SignalSource.start { signal in
            if signal == SIGINT { interrupts.value += 1 }
            guard interrupts.value < 2 else {
                Console.error("\nops: interrupted twice: killed, without clean-up\n")
                Guard.endNow(exitStatus: 130)
            }
            run.interrupt(.init(reason: "interrupted by \(Signal.name(signal))", exitStatus: 128 + signal))
        }
    }

    @EventLoopActor
    private final class Count {
        var value = 0
    }
}
