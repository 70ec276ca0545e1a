import Glibc
import TestKit
import Testing

/// A disk that has no room for the journal: the run fails clearly, cleans up, and can be resumed once there is room.
@Suite struct DiskFullTests {
    @Test(.enabled(if: getuid() == 0)) func theRunFailsCleansUpAndIsResumed() throws {
        // Long enough for the journal to need a further page.
        let long = String(repeating: "x", count: 5000)
        let recipe = """
            ops: 1
            defaults: { shell: sh }
            tasks:
              a: { run: echo a >> log }
              b:
                needs: [ a ]
                steps:
                  - { run: 'echo b-1 >> log; test -e good || head -c 300000 /dev/zero > "$(cat where)" || true' }
                  - { run: echo b-2 >> log }
                finally: [ { name: \(long), run: echo finally >> log } ]

            """
        let ops = try OpsProgram(recipe)
        try run(["mkdir", ops.state])
        #expect(try run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=0700", "tmpfs", ops.state]).status == 0)
        defer { _ = try? run(["umount", ops.state]) }
        try ops.write("where", ops.state + "/fill")
        let failed = try ops("b")
        #expect(failed.status == 1, "\(failed.text)\(failed.errorText)")
        #expect((failed.text + failed.errorText).contains("No space left on device"))
        #expect(failed.errorText.contains("ops: error: the run is not recorded to its end: "))
        #expect(try ops.text("log") == "a\nb-1\nfinally\n")
        let check = "import json,sys\nfor l in sys.stdin: json.loads(l)"
        let journal = "\(ops.state)/runs/\(try ops.lastRun())/journal.jsonl"
        #expect(try run(["sh", "-c", "python3 -c '\(check)' < \(journal)"]).status == 0)
        #expect(try ops("runs").text.contains("died"))
        // Nothing can be written: nothing is run.
        #expect(try ops("resume").status != 0)
        #expect(try ops("a").status == 2)
        try run(["rm", ops.state + "/fill"])
        try ops.write("good", "")
        let resumed = try ops("resume")
        #expect(resumed.status == 0, "\(resumed.text)\(resumed.errorText)")
        #expect(try ops.text("log").hasSuffix("b-1\nb-2\nfinally\n"))
        #expect(try ops.text("log").split(separator: "\n").count { $0 == "a" } == 1)
    }

    /// RLIMIT_FSIZE stands for a quota: the write fails with EFBIG.
    @Test func aLimitOnTheSizeOfFilesIsAClearError() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            defaults: { shell: sh }
            tasks:
              a:
                retry: { attempts: 500 }
                steps: [ { run: 'echo x >> log; [ "$OPS_ATTEMPT" = 500 ]' } ]

            """)
        let limit = "ulimit -f 40; \"$@\""
        let result = try run(["bash", "-c", limit, "bash"] + ops.command(["a"]))
        #expect(result.status != 0)
        #expect((result.text + result.errorText).contains("File too large"), "\(result.text)\(result.errorText)")
        #expect(try ops.text("log").utf8.count < 1000, "it did not run to its end")
    }

    @Test(.enabled(if: getuid() == 0)) func aReadOnlyStateFolderIsAnErrorAndNothingRuns() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { a: { run: echo a >> log } }\n")
        try run(["mkdir", ops.state])
        #expect(try run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", ops.state]).status == 0)
        defer { _ = try? run(["umount", ops.state]) }
        let result = try ops("a")
        #expect(result.status == 2)
        #expect(result.errorText.contains("the state of the run cannot be kept in \(ops.state)/runs"))
        #expect(result.errorText.contains("Read-only file system"))
        #expect(!ops.exists("log"))
    }
}
