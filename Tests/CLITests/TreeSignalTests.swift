import Glibc
import TestKit
import Testing

/// What signals do to a run and its guard.
extension TreeTests {
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aChildHearsOfTheEndOnce(signal: Int32) throws {
        let child = """
            import signal, sys, time
            end = time.time() + 120
            def note(number, frame):
                global end
                end = min(end, time.time() + 0.4)
                with open(sys.argv[1], "a") as file: file.write(signal.Signals(number).name + "\\n")
            for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]: signal.signal(number, note)
            open(sys.argv[1] + ".ready", "w").close()
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
                for _ in range(6000):
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
            wait(lambda: os.path.exists("started") and os.path.exists("job") and os.path.getsize("job"))
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
