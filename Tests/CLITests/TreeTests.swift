import Glibc
import TestKit
import Testing

/// No process of a run outlives it, however either ends, but for what `detach` names.
@Suite struct TreeTests {
    /// How a step may lose a process; each writes its id to the file `child`.
    enum Escape: String, CaseIterable, Sendable {
        case group = "sh -c 'echo $$ > child; exec sleep 61' &"
        case session = "setsid sh -c 'echo $$ > child; exec sleep 61' &"
        case doubleFork = "(setsid sh -c 'sh -c \"echo \\$\\$ > child; exec sleep 61\" & exit' &) ; true"
        case ignoresTERM = "setsid sh -c 'trap \"\" TERM INT HUP; echo $$ > child; while :; do sleep 0.05; done' &"
        case stopped = "setsid sh -c 'echo $$ > child; kill -STOP $$; sleep 61' &"
        case bare = "env -i /usr/bin/setsid /bin/sh -c 'echo $$ > child; exec /bin/sleep 61' &"
        case holdsThePipe = "(trap '' TERM; sh -c 'echo $$ > child; exec setsid sleep 61' & sleep 61) &"
        case tree = "setsid sh -c 'setsid sh -c \"echo \\$\\$ > child; exec sleep 61\" & sleep 61' &"
    }

    /// A step that goes on once its child is there.
    private static func recipe(_ escape: Escape, more: String = "") -> String {
        let script = """
                    \(escape.rawValue)
                    while ! [ -s child ]; do sleep 0.01; done
                    touch started
                    sleep 61
            """
        return "ops: 1\ntasks:\n  t:\n\(more)    run: |\n" + script.replacing("\n", with: "\n    ") + "\n"
    }

    /// True once the process whose id the file holds is gone; waits a little, as its killer may not.
    private func isGone(_ ops: OpsProgram, _ file: String = "child") throws -> Bool {
        try isGone(try #require(Int32(try ops.text(file).filter(\.isNumber))))
    }

    private func isGone(_ pid: pid_t) throws -> Bool {
        for _ in 0..<200 {
            if kill(pid, 0) != 0 { return true }
            let state = try run(["ps", "-o", "stat=", "-p", String(pid)]).text
            if state.isEmpty || state.hasPrefix("Z") { return true }
            usleep(5_000)
        }
        kill(pid, SIGKILL)
        return false
    }

    private func child(of pid: pid_t) throws -> pid_t {
        try #require(Int32(try run(["pgrep", "-P", String(pid), "-x", "ops"]).text.filter(\.isNumber)))
    }

    /// The run's private folders that are left.
    private func temporaryFolders(_ ops: OpsProgram) throws -> String {
        try run(["find", ops.temporary, "-mindepth", "1", "-maxdepth", "1"]).text
    }

    @Test(arguments: Escape.allCases)
    func noneSurvivesATimeout(escape: Escape) throws {
        let ops = try OpsProgram(Self.recipe(escape, more: "    timeout: 500ms\n"))
        let result = try ops("t", "--grace", "300ms")
        #expect(result.status == 1, "\(result.text)")
        #expect(try isGone(ops))
    }

    @Test(arguments: Escape.allCases)
    func noneSurvivesTheStepsTimeoutWhileTheRunGoesOn(escape: Escape) throws {
        let ops = try OpsProgram(
            Self.recipe(
                escape, more: "    timeout: 500ms\n    finally: [ { run: '! kill -0 $(cat child) && touch gone' } ]\n"))
        let result = try ops("t", "--grace", "300ms")
        #expect(result.status == 1, "\(result.text)")
        #expect(ops.exists("gone"), "\(result.text)")
        #expect(try isGone(ops))
    }

    @Test(arguments: Escape.allCases, [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func noneSurvivesASignal(escape: Escape, signal: (Int32, Int32)) throws {
        let ops = try OpsProgram(Self.recipe(escape))
        let program = try ops.start(["t", "--grace", "300ms"])
        try program.wait(for: ops.project + "/started")
        program.signal(signal.0)
        #expect(try program.end().status == signal.1)
        #expect(try isGone(ops))
    }

    @Test(arguments: Escape.allCases)
    func noneSurvivesSIGKILLOfTheGuard(escape: Escape) throws {
        let ops = try OpsProgram(Self.recipe(escape))
        let program = try ops.start(["t", "--grace", "300ms"])
        try program.wait(for: ops.project + "/started")
        let engine = try child(of: program.pid)
        program.signal(SIGKILL)
        #expect(try program.end().status == 128 + SIGKILL)
        #expect(try isGone(ops))
        #expect(try isGone(engine))
        #expect(try temporaryFolders(ops) == "")
    }

    @Test(arguments: Escape.allCases)
    func noneSurvivesSIGKILLOfTheEngine(escape: Escape) throws {
        let ops = try OpsProgram(Self.recipe(escape))
        let program = try ops.start(["t", "--grace", "300ms"])
        try program.wait(for: ops.project + "/started")
        kill(try child(of: program.pid), SIGKILL)
        #expect(try program.end().status == 128 + SIGKILL)
        #expect(try isGone(ops))
        #expect(try temporaryFolders(ops) == "")
    }

    @Test(arguments: Escape.allCases)
    func noneSurvivesTheSecondSIGINT(escape: Escape) throws {
        let ops = try OpsProgram(Self.recipe(escape, more: "    finally: [ { run: touch cleaning; sleep 61 } ]\n"))
        let program = try ops.start(["t", "--grace", "100ms"])
        try program.wait(for: ops.project + "/started")
        program.signal(SIGINT)
        try program.wait(for: ops.project + "/cleaning")
        program.signal(SIGINT)
        #expect(try program.end().status == 130)
        #expect(try isGone(ops))
        #expect(try temporaryFolders(ops) == "")
    }

    @Test(arguments: Escape.allCases)
    func noneOutlivesItsTask(escape: Escape) throws {
        let start = escape.rawValue
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - run: |
                      \(start)
                      while ! [ -s child ]; do sleep 0.01; done
                  - run: kill -0 $(cat child) && touch served
              after: { needs: [ t ], run: '! kill -0 $(cat child) 2>/dev/null' }
            """)
        let result = try ops("after", "--grace", "300ms")
        #expect(result.status == 0, "\(result.text)")
        #expect(ops.exists("served"))
        #expect(result.text.contains("ended processes that the step had left running: "))
        #expect(try isGone(ops))
    }

    enum End: CaseIterable, Sendable { case normal, failure, guardKilled, engineKilled, twoInterrupts }

    @Test(arguments: [Escape.group, .session, .bare, .doubleFork], End.allCases)
    func whatIsDetachedSurvives(escape: Escape, end: End) throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - detach: true
                    run: |
                      exec > /dev/null 2>&1
                      \(escape.rawValue)
                      while ! [ -s child ]; do sleep 0.01; done
                  - run: touch started; \(end == .normal ? "true" : end == .failure ? "false" : "sleep 61")
            """)
        let program = try ops.start(["t", "--grace", "300ms"])
        try program.wait(for: ops.project + "/started")
        switch end {
        case .normal, .failure: break
        case .guardKilled: program.signal(SIGKILL)
        case .engineKilled: kill(try child(of: program.pid), SIGKILL)
        case .twoInterrupts:
            program.signal(SIGINT)
            program.signal(SIGINT)
        }
        _ = try program.end()
        usleep(50_000)
        let pid = try #require(Int32(try ops.text("child").filter(\.isNumber)))
        #expect(kill(pid, 0) == 0)
        kill(pid, SIGKILL)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aChildHearsOfTheEndOnce(signal: Int32) throws {
        let child = """
            import signal, sys, time
            def note(number, frame):
                with open(sys.argv[1], "a") as file: file.write(signal.Signals(number).name + "\\n")
            for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]: signal.signal(number, note)
            open(sys.argv[1] + ".ready", "w").close()
            end = time.time() + 0.6
            while time.time() < end: time.sleep(0.05)
            """
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                run: |
                  python3 child.py a & setsid python3 child.py b & python3 child.py c &
                  while ! [ -e a.ready -a -e b.ready -a -e c.ready ]; do sleep 0.01; done
                  touch started
                  wait; wait; wait
            """)
        try ops.write("child.py", child)
        let program = try ops.start(["t"])
        try program.wait(for: ops.project + "/started")
        program.signal(signal)
        _ = try program.end()
        for name in ["a", "b", "c"] { #expect(try ops.text(name) == "SIGTERM\n") }
    }

    /// As a terminal and a CI runner do it: the guard and the engine both get the signal.
    @Test func anInterruptOfTheGroupIsOneInterrupt() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { run: touch started; sleep 61, finally: [ { run: sleep 0.2; touch cleaned } ] } }\n")
        let program = try ops.start(["t"], prefix: ["setsid"])
        try program.wait(for: ops.project + "/started")
        kill(-program.pid, SIGINT)
        #expect(try program.end().status == 130)
        #expect(ops.exists("cleaned"))
    }

    @Test func twoInterruptsOfTheGroupKill() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { run: touch started; sleep 61, finally: [ { run: touch cleaning; sleep 61 } ] } }\n")
        let program = try ops.start(["t"], prefix: ["setsid"])
        try program.wait(for: ops.project + "/started")
        kill(-program.pid, SIGINT)
        try program.wait(for: ops.project + "/cleaning")
        kill(-program.pid, SIGINT)
        #expect(try program.end().status == 130)
    }

    @Test func aSIGTERMAfterASIGINTLeavesTheCleanUpAlone() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { run: touch started; sleep 61, finally: [ { run: touch cleaning; sleep 0.3; touch cleaned } ] }
            """)
        let program = try ops.start(["t"])
        try program.wait(for: ops.project + "/started")
        program.signal(SIGINT)
        try program.wait(for: ops.project + "/cleaning")
        program.signal(SIGTERM)
        program.signal(SIGHUP)
        #expect(try program.end().status == 130)
        #expect(ops.exists("cleaned"))
    }

    @Test func aRunThatDiedByASignalIsSeenToHaveDiedByIt() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: touch started; sleep 61 } }\n")
        let program = try ops.start(["t"])
        try program.wait(for: ops.project + "/started")
        program.signal(SIGQUIT)
        #expect(try program.end().status == 128 + SIGQUIT)
        #expect(try temporaryFolders(ops) == "")
    }

    @Test func whatIgnoresSIGHUPIsNotEndedByIt() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { t: { run: 'touch started; while ! [ -e go ]; do sleep 0.01; done' } }\n")
        let program = try ops.start(["t"], prefix: ["nohup"])
        try program.wait(for: ops.project + "/started")
        program.signal(SIGHUP)
        usleep(50_000)
        try ops.write("go", "")
        #expect(try program.end().status == 0)
    }

    @Test func planAndListHaveNoGuard() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: 'true' } }\n")
        for (words, count) in [(["plan", "t"], 0), (["list"], 0), (["t"], 1)] {
            let log = ops.project + "/log"
            _ = try run(["strace", "-f", "-o", log, "-e", "trace=socketpair"] + ops.command(words))
            let sockets = try ops.text("log").split(separator: "\n").filter { $0.contains("socketpair(") }
            #expect(sockets.count == count, "\(words)")
        }
    }

    /// `^Z` and `fg`, by a shell's own means: both processes stop, and go on.
    @Test func theForegroundJobStopsAndGoesOn() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { run: 'touch started; while ! [ -e go ]; do sleep 0.01; done', finally: [ { run: touch ended } ] }
            """)
        let driver = """
            import os, pty, sys, time, signal
            def wait(test):
                for _ in range(1000):
                    if test(): return
                    time.sleep(0.01)
                sys.exit("timed out")
            def states():
                found = []
                for pid in [job] + children():
                    found.append(open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1][0])
                return found
            def children(): return open(f"/proc/{job}/task/{job}/children").read().split()
            job, terminal = pty.fork()
            if job == 0:
                # The shell: a leader whose job has a group of its own in the foreground.
                child = os.fork()
                if child == 0:
                    os.setpgid(0, 0)
                    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
                    os.tcsetpgrp(0, os.getpid())
                    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                    os.execvp(sys.argv[1], sys.argv[1:])
                open("job", "w").write(str(child))
                _, status = os.waitpid(child, os.WUNTRACED)
                open("stopped", "w").write(str(os.WSTOPSIG(status)) if os.WIFSTOPPED(status) else "ended")
                while not os.path.exists("continue"): time.sleep(0.01)
                os.killpg(child, signal.SIGCONT)
                _, status = os.waitpid(child, 0)
                open("status", "w").write(str(os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)))
                os._exit(0)
            leader = job
            wait(lambda: os.path.exists("started") and os.path.getsize("job"))
            job = int(open("job").read())
            os.write(terminal, b"\\x1a")
            wait(lambda: os.path.exists("stopped") and os.path.getsize("stopped"))
            wait(lambda: states() == ["T", "T"])
            open("continue", "w").close()
            wait(lambda: "T" not in states())
            os.write(terminal, sys.argv[0] and b"\\x03")
            wait(lambda: os.path.exists("status") and os.path.getsize("status"))
            """
        try ops.write("driver.py", driver)
        let result = try run(["python3", "driver.py"] + ops.command(["t", "--log-format", "plain"]), in: ops.project)
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(try ops.text("stopped") == String(SIGTSTP))
        // Ctrl-C of the terminal reached both, and was one.
        #expect(try ops.text("status") == "130")
        #expect(ops.exists("ended"))
    }
}
