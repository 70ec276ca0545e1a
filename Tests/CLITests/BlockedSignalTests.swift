import Glibc
import TestKit
import Testing

/// A parent that blocks signals hands the mask down: ops must be interruptible all the same.
@Suite struct BlockedSignalTests {
    @Test func anInterruptReachesARunThatWasStartedWithSIGTERMBlocked() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { run: 'kill -TERM $PPID; sleep 30', finally: [ { run: touch ended } ] } }")
        let start = """
            import os, signal, sys
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            os.execvp(sys.argv[1], sys.argv[1:])
            """
        let result = try run(["python3", "-c", start] + ops.command(["t"]))
        #expect(result.status == 143)
        #expect(ops.exists("ended"))
    }
}
