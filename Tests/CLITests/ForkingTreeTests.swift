import Glibc
import OpsCore
import TestKit
import Testing

/// A program that forks and ends itself, over and over, in a session of its own each time: a process id that was listed is
/// mostly gone when it is signalled. It holds a lock that all its generations share.
@Suite struct ForkingTreeTests {
    private static let recipe = """
        ops: 1
        tasks:
          t:
            run: |
              python3 -c '
              import fcntl, os, time
              held = open("held", "w")
              fcntl.flock(held, fcntl.LOCK_EX)
              open("started", "w").close()
              end = time.monotonic() + 120
              while time.monotonic() < end:
                  if os.fork(): os._exit(0)
                  os.setsid()
              ' &
              sleep 61

        """

    enum End: CaseIterable { case interrupt, killOfTheEngine, killOfTheGuard }

    @Test(arguments: End.allCases) func whatForksWithoutEndIsCaught(end: End) throws {
        let ops = try OpsProgram(Self.recipe)
        let program = try ops.start(["t", "--grace", "300ms"])
        try program.wait(for: ops.project + "/started")
        switch end {
        case .interrupt: program.signal(SIGINT)
        case .killOfTheGuard: program.signal(SIGKILL)
        case .killOfTheEngine:
            let engine = try run(["pgrep", "-P", String(program.pid), "-x", "ops"]).text.filter(\.isNumber)
            kill(try #require(Int32(engine)), SIGKILL)
        }
        _ = try program.end()
        // Free once no generation is left.
        #expect(try run(["flock", "--wait", "20", ops.project + "/held", "true"]).status == 0)
    }
}
