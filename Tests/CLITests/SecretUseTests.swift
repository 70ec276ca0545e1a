import Glibc
import OpsCore
import OpsSystem
import TestKit
import Testing

/// How a run hands secrets over, and what is left of them.
@Suite struct SecretUseTests {
    private static let value = "use-of-it-4711-xyz"

    @Test func `files stand in memory, for their owner only, and go with the step`() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks:
              t:
                files: { A: "${{ secrets.s }}" }
                steps:
                  - files: { B: "x${{ secrets.s }}" }
                    run: |
                      stat -c %a "$A" "$B" "$(dirname "$A")"
                      stat -f -c %T "$A"
                      printf '%s %s' "$A" "$B" > paths
                      cat "$A" "$B" | sha256sum
                  - run: 'for f in $(cat paths); do test ! -e "$f" || exit 1; done; test -r "$A"'

            """)
        let result = try ops("t", "--stream", "raw", environment: ["TOKEN": Self.value])
        let sum = try run(["sh", "-c", "printf %s '\(Self.value)x\(Self.value)' | sha256sum"]).text
        #expect(result.text == "600\n600\n700\ntmpfs\n" + sum)
        #expect(result.status == 0)
        #expect(try ops.text("paths").hasPrefix("/dev/shm/ops-"))
        for path in try ops.text("paths").split(separator: " ") {
            #expect(access(parentFolder(of: parentFolder(of: String(path))), F_OK) != 0, "\(path)")
        }
    }

    @Test func `a private folder of the user's own is taken before the one that all share`() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks: { t: { files: { A: text }, run: 'dirname "$(dirname "$(dirname "$A")")"' } }

            """)
        let own = try run(["mktemp", "-d", "/dev/shm/ops-test-XXXXXX"]).text.replacing("\n", with: "")
        defer { try? removeTree(own) }
        #expect(try ops("t", "--stream", "raw", environment: ["XDG_RUNTIME_DIR": own]).text == own + "\n")
        // Others may look into it: it is not private.
        chmod(own, 0o755)
        #expect(try ops("t", "--stream", "raw", environment: ["XDG_RUNTIME_DIR": own]).text == "/dev/shm\n")
        // It is on a disk.
        let result = try ops("t", "--stream", "raw", environment: ["XDG_RUNTIME_DIR": ops.temporary])
        #expect(result.text == (MemoryFolder.isInMemory(ops.temporary) ? ops.temporary : "/dev/shm") + "\n")
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `they are gone when ops is killed`(signal: Int32) throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks: { t: { files: { A: "${{ secrets.s }}" }, run: 'echo "$A" > path.new; mv path.new path; sleep 1000' } }

            """)
        let program = try ops.start(["t", "--grace", "1s"], environment: ["TOKEN": Self.value])
        try program.wait(for: ops.project + "/path")
        let path = try ops.text("path").replacing("\n", with: "")
        #expect(access(path, F_OK) == 0)
        program.signal(signal)
        _ = try program.end()
        // Who is killed cannot wait for its other process.
        #expect(try waitUntil { access(path, F_OK) != 0 })
        #expect(try waitUntil { access(parentFolder(of: parentFolder(of: path)), F_OK) != 0 })
    }

    @Test func `a variable that a reference names reaches only the steps that env gives it to`() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks:
              t:
                steps:
                  - { run: 'echo "${TOKEN-none} ${S-none}"' }
                  - { run: 'echo "${TOKEN-none} ${S-none}"', env: { S: "${{ secrets.s }}" } }
                  - { run: 'echo "${TOKEN-none} ${S-none}"', env: { TOKEN: "${{ secrets.s }}" } }
                  - { run: [ sh, -c, 'env | grep -c use-of-it; true' ] }

            """)
        let result = try ops("t", "--stream", "raw", environment: ["TOKEN": Self.value])
        #expect(result.text == "none none\nnone [masked:s]\n[masked:s] none\n0\n")
    }

    @Test func `what derives from a secret is masked too, but not a word`() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks:
              t:
                run: echo "$UPPER $SUM $IS"
                env:
                  UPPER: "${{ upper(secrets.s) }}"
                  SUM: "${{ sha256(secrets.s) }}"
                  IS: "${{ if(secrets.s == 'x', 'true', 'false') }}"

            """)
        let result = try ops("t", "--stream", "raw", environment: ["TOKEN": Self.value])
        #expect(result.text == "[masked:s] [masked:s] false\n")
    }

    @Test func `ops leaves no core dump once it holds a secret, its children keep their limit`() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks:
              t: { run: 'ulimit -c; awk "/core file/ { print \\$5 }" /proc/$PPID/limits', env: { S: "${{ secrets.s }}" } }

            """)
        let command = ops.command(["t", "--stream", "raw"], environment: ["TOKEN": Self.value])
        let result = try run(["bash", "-c", "ulimit -S -c 2048; exec \"$@\"", "sh"] + command)
        #expect(result.text == "2048\n1\n")
    }

    @Test func `a step of the same user cannot read the environment that ops was started with`() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks:
              t:
                run: |
                  guard=$(awk '/^PPid:/ { print $2 }' /proc/$PPID/status)
                  for process in $PPID $guard; do
                    cat /proc/$process/environ >/dev/null 2>&1 && echo readable || echo hidden
                  done
                env: { S: "${{ secrets.s }}" }

            """)
        // Root may read all.
        let result = try ops.runUnprivileged(["t", "--stream", "raw"], environment: ["TOKEN": Self.value])
        #expect(result.text == "hidden\nhidden\n", "\(result.errorText)")
    }

    @Test func `what a killed run has left on a server is looked after by the next run`() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: echo fine } }\n")
        let debts = ops.state + "/debts"
        try run(["mkdir", "-p", debts])
        // A source that makes nothing cannot take it back, and says so.
        try run(
            [
                "sh", "-c",
                #"printf '{"time":1.000,"event":"secret-owed","scheme":"env","id":"lease 7"}\n' > "$0/killed.jsonl""#,
                debts,
            ])
        let result = try ops("t")
        #expect(result.status == 0)
        #expect(
            result.text.contains("warning: what the run killed left could not be taken back: env lease 7: "),
            "\(result.text)\(result.errorText)")
        #expect(try run(["test", "-e", debts + "/killed.jsonl"]).status == 0)
    }
}
