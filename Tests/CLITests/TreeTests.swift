import Glibc
import OpsCore
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
    static func recipe(_ escape: Escape, more: String = "") -> String {
        let script = """
                    \(escape.rawValue)
                    while ! [ -s child ]; do sleep 0.01; done
                    touch started
                    sleep 61
            """
        return "ops: 1\ntasks:\n  t:\n\(more)    run: |\n" + script.replacing("\n", with: "\n    ") + "\n"
    }

    /// A run whose time limit passes once the child is there.
    private static func timedOut(_ escape: Escape, more: String = "") throws -> (ops: OpsProgram, result: CommandResult)
    {
        try withLimit { limit in
            let ops = try OpsProgram(recipe(escape, more: "    timeout: \(limit.text)\n" + more))
            return (ops, try ops("t", "--grace", "300ms"))
        } isEnough: {
            $0.ops.exists("started")
        }
    }

    func child(of pid: pid_t) throws -> pid_t {
        try #require(Int32(try run(["pgrep", "-P", String(pid), "-x", "ops"]).text.filter(\.isNumber)))
    }

    /// The run's private folders that are left.
    func temporaryFolders(_ ops: OpsProgram) throws -> String {
        try run(["find", ops.temporary, "-mindepth", "1", "-maxdepth", "1"]).text
    }

    @Test(arguments: Escape.allCases)
    func noneSurvivesATimeout(escape: Escape) throws {
        let (ops, result) = try Self.timedOut(escape)
        #expect(result.status == 1, "\(result.text)")
        #expect(try ops.isGone("child"))
    }

    @Test(arguments: Escape.allCases)
    func noneSurvivesTheStepsTimeoutWhileTheRunGoesOn(escape: Escape) throws {
        let (ops, result) = try Self.timedOut(
            escape, more: "    finally: [ { run: '! kill -0 $(cat child) && touch gone' } ]\n")
        #expect(result.status == 1, "\(result.text)")
        #expect(ops.exists("gone"), "\(result.text)")
        #expect(try ops.isGone("child"))
    }

    @Test(arguments: Escape.allCases, [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func noneSurvivesASignal(escape: Escape, signal: (Int32, Int32)) throws {
        let ops = try OpsProgram(Self.recipe(escape))
        let program = try ops.start(["t", "--grace", "300ms"])
        try program.wait(for: ops.project + "/started")
        program.signal(signal.0)
        #expect(try program.end().status == signal.1)
        #expect(try ops.isGone("child"))
    }

    @Test(arguments: Escape.allCases)
    func noneSurvivesSIGKILLOfTheGuard(escape: Escape) throws {
        let ops = try OpsProgram(Self.recipe(escape))
        let program = try ops.start(["t", "--grace", "300ms"])
        try program.wait(for: ops.project + "/started")
        let engine = try child(of: program.pid)
        program.signal(SIGKILL)
        #expect(try program.end().status == 128 + SIGKILL)
        #expect(try ops.isGone("child"))
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
        #expect(try ops.isGone("child"))
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
        #expect(try ops.isGone("child"))
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
        #expect(try ops.isGone("child"))
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
}
