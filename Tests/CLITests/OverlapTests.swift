import Glibc
import OpsCore
import TestKit
import Testing

/// Two runs of one recipe at the same time, as its `overlap` says.
@Suite struct OverlapTests {
    private static func program(_ overlap: String?) throws -> OpsProgram {
        try OpsProgram(
            """
            ops: 1
            \(overlap.map { "overlap: \($0)" } ?? "")
            tasks:
              long:
                run: |
                  touch started
                  while [ ! -e go ]; do sleep 0.02; done
                  echo long >> order
                finally: [ { run: echo cleaned >> order } ]
              short: { run: echo short >> order }
            """)
    }

    private static func holder(_ ops: OpsProgram, _ words: String...) throws -> RunningProgram {
        let running = try ops.start(["run"] + words + ["long"])
        try running.wait(for: ops.project + "/started")
        return running
    }

    @Test(arguments: [nil, "fail"]) func failsByDefault(_ overlap: String?) throws {
        let ops = try Self.program(overlap)
        let running = try Self.holder(ops, "--unattended")
        let log = try LogSocket()
        let refused = try ops.run(["run", "--unattended", "short"], environment: ["OPS_SYSLOG": log.path])
        #expect(refused.status == 75)
        #expect(refused.text == "")
        let message = /ops: error: another run of ops\.yaml goes on: long of the run \S+ \(process \d+\) since \S+Z/
        #expect(refused.errorText.contains(message), "\(refused.errorText)")
        #expect(log.lines().first?.contains("not started: another run of ops.yaml goes on") ?? false)
        try ops.write("go", "")
        #expect(try running.end().status == 0)
        #expect(try ops("run", "--unattended", "short").status == 0)
        #expect(try ops.text("order") == "long\ncleaned\nshort\n")
    }

    @Test func skips() throws {
        let ops = try Self.program("skip")
        let running = try Self.holder(ops, "--unattended")
        let log = try LogSocket()
        let skipped = try ops.run(["run", "--unattended", "short"], environment: ["OPS_SYSLOG": log.path])
        #expect(skipped.status == 0 && skipped.output == [] && skipped.errorOutput == [])
        let lines = log.lines()
        #expect(lines.count == 1 && lines[0].contains("(short) skipped: another run of it goes on: long of the run"))
        #expect(try run(["sh", "-c", "ls \"$0\"/runs | wc -l", ops.state]).text.contains("1"), "it leaves no run")
        try ops.write("go", "")
        #expect(try running.end().status == 0)
        #expect(try ops.text("order") == "long\ncleaned\n")
    }

    @Test func waits() throws {
        let ops = try Self.program("wait")
        let running = try Self.holder(ops, "--unattended")
        let late = try ops("run", "--unattended", "--wait", "100ms", "short")
        #expect(late.status == 75, "\(late.errorText)")
        let waiting = try ops.start(["run", "--unattended", "short"])
        let ended = try ops.start(["run", "--unattended", "short"])
        ended.signal(SIGTERM)
        #expect(try ended.end().status == 143)
        try ops.write("go", "")
        #expect(try running.end().status == 0)
        #expect(try waiting.end().status == 0)
        #expect(try ops.text("order") == "long\ncleaned\nshort\n")
    }

    @Test func replaces() throws {
        let ops = try Self.program("replace")
        let running = try Self.holder(ops, "--unattended")
        #expect(try ops("run", "--unattended", "short").status == 0)
        let ended = try running.end()
        #expect(ended.status == 143)
        #expect(ended.text.contains("interrupted by SIGTERM"), "the log of what did not end well: \(ended.text)")
        #expect(try ops.text("order") == "cleaned\nshort\n", "its clean-up came first")
    }

    /// Whoever attends a run is warned, and cron meets the run of the person at the terminal.
    @Test func attendedRunsTakePartWhereTheRecipeSaysSo() throws {
        let ops = try Self.program("skip")
        let running = try Self.holder(ops)
        let skipped = try ops("run", "--unattended", "short")
        #expect(skipped.status == 0 && !ops.exists("order"))
        let warned = try ops("run", "short")
        #expect(warned.status == 0)
        #expect(warned.errorText.contains("ops: warning: another run of ops.yaml goes on: long of the run"))
        try ops.write("go", "")
        #expect(try running.end().status == 0)
        let silent = try Self.program(nil)
        let other = try Self.holder(silent)
        #expect(try silent("run", "--unattended", "short").status == 0)
        #expect(try silent("run", "short").errorText == "")
        try silent.write("go", "")
        #expect(try other.end().status == 0)
    }

    @Test func isFreeWhenTheHolderIsKilled() throws {
        let ops = try Self.program("fail")
        let running = try Self.holder(ops, "--unattended")
        running.signal(SIGKILL)
        _ = try running.end()
        // With a guard, the engine that holds the lock dies right behind it.
        let next = try ops("run", "--unattended", "--wait", "10m", "short")
        #expect(next.status == 0, "\(next.errorText)")
        try ops.write("go", "")
    }

    @Test func isOfOneFileByItsRealPath() throws {
        let ops = try Self.program("fail")
        try ops.write("other.yaml", "ops: 1\noverlap: fail\ntasks: { short: { run: 'true' } }\n")
        try run(["ln", "-s", ops.project + "/ops.yaml", ops.project + "/link.yaml"])
        let running = try Self.holder(ops, "--unattended")
        #expect(try ops("run", "--unattended", "-f", "other.yaml", "short").status == 0)
        #expect(try ops("run", "--unattended", "-f", "link.yaml", "short").status == 75)
        #expect(try ops("run", "--unattended", "-f", ops.project + "/ops.yaml", "short").status == 75)
        try ops.write("go", "")
        #expect(try running.end().status == 0)
    }
}
