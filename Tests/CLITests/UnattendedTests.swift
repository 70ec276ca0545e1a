import Glibc
import OpsCore
import TestKit
import Testing

/// `ops run --unattended`, `--jitter` and `--clean-env`.
@Suite struct UnattendedTests {
    private static let recipe = """
        ops: 1
        tasks:
          fine: { run: "echo fine; echo aside >&2" }
          tolerant: { continue-on-error: true, run: "echo let it be; exit 3" }
          bad: { needs: [ fine, also ], run: "echo ugly; exit 7" }
          also: { run: "printf '\\\\033[31mred\\\\033[0m\\\\n'" }
          asking: { confirm: Really?, run: touch asked }
          handed: { interactive: true, run: [ cat ] }
          named: { run: 'echo "$INPUT_WHO"; env | cut -d= -f1 | sort > names; echo "$PATH $LANG $SHELL" > values' }
        inputs: { who: { default: nobody } }
        """

    @Test(arguments: [["fine"], ["tolerant"], ["fine", "tolerant"], ["-v", "fine"]])
    func saysNothingWhenAllIsWell(_ words: [String]) throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops.run(["run", "--unattended"] + words)
        #expect(result.status == 0)
        #expect(result.output == [] && result.errorOutput == [], "\(result.text) \(result.errorText)")
    }

    @Test func saysAllWhenItIsNot() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops.run(["run", "bad"], environment: ["OPS_UNATTENDED": "1", "FORCE_COLOR": "1"])
        #expect(result.status == 1)
        for text in ["fine\n", "aside\n", "red", "ugly\n", "✓ fine", "exit status 7", "1 failed"] {
            #expect(result.text.contains(text), "\(text) in \(result.text)")
        }
        #expect(!result.text.contains("\u{1B}[1m"), "no colour of ops's own")
        #expect(result.errorOutput == [])
    }

    @Test func wrongRecipesAreTold() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { a: { needs: [ b ] } }")
        let result = try ops("run", "--unattended", "a")
        #expect(result.status == 2)
        #expect(result.errorText.contains("'b'"))
    }

    @Test func asksNothing() throws {
        let ops = try OpsProgram(Self.recipe)
        // On a terminal too: script(1) would be one more tool, and the message tells them apart.
        let refused = try ops("run", "--unattended", "asking")
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("asks \"Really?\", and nobody attends this run"))
        #expect(!ops.exists("asked"))
        #expect(try ops("run", "--unattended", "--yes", "asking").status == 0)
        #expect(ops.exists("asked"))
        let handed = try ops("run", "--unattended", "handed")
        #expect(handed.status == 2)
        #expect(handed.errorText.contains("handed is interactive, and nobody attends this run"))
    }

    /// The limits are in the plan that is kept of the run.
    @Test func alwaysHasALimit() throws {
        let ops = try OpsProgram(Self.recipe + "\ntimeout: 5m\n")
        #expect(try ops("run", "--unattended", "fine").status == 0)
        let kept = try run(["sh", "-c", "cat \"$0\"/runs/*/plan.json", ops.state]).text
        #expect(kept.contains(#""timeout":"5m","#))
        let other = try OpsProgram(Self.recipe)
        #expect(try other("run", "--unattended", "fine").status == 0)
        #expect(try run(["sh", "-c", "cat \"$0\"/runs/*/plan.json", other.state]).text.contains(#""timeout":"1d","#))
        #expect(try other("run", "--unattended", "--timeout", "100ms", "fine", "bad").status != 0)
    }

    @Test func theLogMayBeOfAnySize() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              large: { run: "yes 0123456789012345678901234567890 | head -n 6000000; exit 1" }
              other: { run: "yes 0123456789012345678901234567890 | head -n 6000000" }
            """)
        // The largest of the program and its children, in KiB.
        let script = """
            import os, sys
            pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
            _, status, usage = os.wait4(pid, 0)
            print(usage.ru_maxrss, file=sys.stderr)
            sys.exit(os.waitstatus_to_exitcode(status))
            """
        let result = try run(
            ["python3", "-c", script] + ops.command(["run", "--unattended", "--keep-going", "large", "other"]))
        #expect(result.status == 1)
        #expect(result.output.count > 380_000_000)
        let memory = try #require(Int(result.errorText.trimmingSpace))
        #expect(memory < 160_000, "\(memory) KiB")
    }

    @Test func jitterIsCutShortBySignals() throws {
        let ops = try OpsProgram(Self.recipe)
        let running = try ops.start(["run", "--unattended", "--jitter", "7d", "asking", "--yes"])
        running.signal(SIGTERM)
        #expect(try running.end().status == 143)
        #expect(!ops.exists("asked"))
        #expect(try ops("run", "--jitter", "50ms", "fine").text.contains("fine\n"))
        let wrong = try ops("run", "--jitter", "5", "fine")
        #expect(wrong.status == 64)
        #expect(wrong.errorText.contains("--jitter is '5'"))
    }

    @Test func aCleanEnvironmentIsTheSameEverywhere() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops.run(
            ["run", "--clean-env", "named"],
            environment: [
                "EDITOR": "vi", "OPS_INPUT_WHO": "Ann", "LC_ALL": "de_DE.UTF-8", "PATH": "/nowhere:/usr/bin:/bin",
                "LOGNAME": "ann", "TZ": "Asia/Kathmandu", "SHELL": "/bin/zsh",
            ])
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.text.contains("Ann\n"))
        let names = Set(try ops.text("names").split(separator: "\n").map(String.init)).filter {
            !$0.hasPrefix("OPS_") && !["_", "PWD", "SHLVL", "INPUT_WHO"].contains($0)
        }
        #expect(names == ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TZ"])
        #expect(
            try ops.text("values") == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin C.UTF-8 /bin/sh\n")
        #expect(try ops("runs").text.contains("named"), "OPS_STATE_DIR holds")
        // What is not in it: cron without HOME.
        #expect(try ops.run(["run", "--clean-env", "named"], environment: ["HOME": nil, "LOGNAME": nil]).status == 0)
        #expect(try ops.text("names").contains("HOME\n"))
    }

    @Test func theSystemLogHearsOfStartAndEnd() throws {
        let ops = try OpsProgram(Self.recipe)
        let log = try LogSocket()
        try ops.run(["run", "--unattended", "fine"], environment: ["OPS_SYSLOG": log.path])
        let lines = log.lines()
        try #require(lines.count == 2, "\(lines)")
        let start = /<78>[A-Z][a-z]{2} [ 0-9][0-9] \d\d:\d\d:\d\d ops\[\d+\]: run \S+ of ops\.yaml \(fine\) started/
        #expect(try start.wholeMatch(in: lines[0]) != nil, "\(lines)")
        #expect(lines[1].contains("ops.yaml (fine) succeeded in "))
        try ops.run(["run", "--unattended", "bad"], environment: ["OPS_SYSLOG": log.path])
        let ending = try #require(log.lines().last)
        #expect(ending.hasPrefix("<75>") && ending.contains("(bad) failed in ") && ending.contains("(exit status 1)"))
        // Nothing of an attended run, and no trouble where there is no log.
        try ops.run(["run", "fine"], environment: ["OPS_SYSLOG": log.path])
        #expect(log.lines().isEmpty)
        #expect(try ops.run(["run", "--unattended", "fine"], environment: ["OPS_SYSLOG": "/nowhere"]).status == 0)
        #expect(try ops.run(["run", "--unattended", "fine"], environment: ["OPS_SYSLOG": "off"]).status == 0)
    }
}

extension String {
    fileprivate var trimmingSpace: String { String(trimmingPrefix { $0.isWhitespace }.prefix { !$0.isWhitespace }) }
}
