import Glibc
import TestKit
import Testing

/// `exclusive`: one holder at a time on this machine.
@Suite struct ExclusiveTests {
    private static let holding = """
        ops: 1
        tasks:
          deploy:
            exclusive: staging
            run: "touch started; while [ ! -e go ]; do sleep 0.01; done"
          quick: { exclusive: staging, run: touch quick }

        """

    @Test func twoProcessesRacingNeverRunAtOnce() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                exclusive: race
                run: |
                  mkdir busy || echo clash >> clashes
                  echo x >> runs
                  rmdir busy

            """)
        let loop = "for i in $(seq 250); do \"$@\" t --wait 30m -q || echo failed >> clashes; done"
        let racers = try (0..<2).map { _ in try start(["sh", "-c", loop, "sh"] + ops.command([])) }
        for racer in racers {
            var status: Int32 = 0
            waitpid(racer.pid, &status, 0)
            #expect(status == 0)
        }
        #expect(!ops.exists("clashes"))
        #expect(try ops.text("runs").split(separator: "\n").count == 500)
    }

    @Test func withoutATerminalAHeldNameIsStatus75WithWhoHoldsItSinceWhen() throws {
        let ops = try OpsProgram(Self.holding)
        let holder = try ops.start(["deploy"])
        try holder.wait(for: ops.project + "/started")
        let result = try ops("quick")
        #expect(result.status == 75)
        let text = result.text + result.errorText
        #expect(text.contains(/'staging' is held by deploy of the run \S+ \(process \d+\) since 20\S+Z/), "\(text)")
        #expect(text.contains("--wait"))
        #expect(!ops.exists("quick"))
        try ops.write("go", "")
        #expect(try holder.end().status == 0)
        #expect(try ops("quick").status == 0)
    }

    @Test func waitGivesItTime() throws {
        let ops = try OpsProgram(Self.holding)
        let holder = try ops.start(["deploy"])
        try holder.wait(for: ops.project + "/started")
        let short = try ops("quick", "--wait", "100ms")
        #expect(short.status == 75)
        let waiting = try ops.start(["quick", "--wait", "10m", "--timeout", "10m"])
        try ops.write("go", "")
        #expect(try waiting.end().status == 0)
        #expect(ops.exists("quick"))
        #expect(try holder.end().status == 0)
    }

    @Test func aKilledHolderFreesTheName() throws {
        let ops = try OpsProgram(Self.holding)
        let holder = try ops.start(["deploy"])
        try holder.wait(for: ops.project + "/started")
        holder.signal(SIGKILL)
        _ = try holder.end()
        #expect(try ops("quick", "--wait", "10m").status == 0)
    }

    @Test func anAbsolutePathIsSharedByStateFolders() throws {
        let folder = try TemporaryFolder()
        let recipe = Self.holding.replacing("exclusive: staging", with: "exclusive: \(folder.path)/staging.lock")
        let one = try OpsProgram(recipe)
        let other = try OpsProgram(recipe)
        let holder = try one.start(["deploy"])
        try holder.wait(for: one.project + "/started")
        #expect(try other("quick").status == 75)
        try one.write("go", "")
        #expect(try holder.end().status == 0)
        #expect(try other("quick").status == 0)
    }

    @Test func waitAndNoWaitExcludeEachOther() throws {
        let ops = try OpsProgram(Self.holding)
        let result = try ops("quick", "--wait", "1s", "--no-wait")
        #expect(result.status == 64)
        #expect(result.errorText.contains("--wait and --no-wait exclude each other"))
    }
}
