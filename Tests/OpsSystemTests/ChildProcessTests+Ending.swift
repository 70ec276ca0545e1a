import Glibc
import OpsCore
import OpsSystem
import TestKit
import Testing

/// How children end that are cancelled, and what they leave behind.
extension ChildProcessTests {
    @Test func cancelEndsTheGroup() async throws {
        let folder = try TemporaryFolder()
        // The grandchild ignores SIGTERM, the child does not.
        let script = "(trap '' TERM; echo $BASHPID > \(folder.path)/pid; while :; do sleep 0.05; done) & sleep 10000"
        let task = Task { try await ChildProcess.run(bash(script), grace: .milliseconds(200)) }
        #expect(try await eventually { try folder.exists("pid") && !folder.text("pid").isEmpty })
        let start = Clock.ticks()
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(Clock.elapsed(since: start) >= .milliseconds(150))
        #expect(try !isRunning(try folder.text("pid").trimmingNewline))
    }

    @Test func cancelledChildMayCleanUp() async throws {
        let streams = Streams()
        let task = Task {
            try await ChildProcess.run(bash("trap 'echo bye; exit 1' TERM; echo ready; while :; do sleep 0.02; done")) {
                streams.add($0, $1)
            }
        }
        #expect(try await eventually { !streams.output.isEmpty })
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(streams.output == "ready\nbye\n")
    }

    @Test func cancelledBeforeItStartsRunsNothing() async throws {
        let folder = try TemporaryFolder()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await ChildProcess.run(bash("touch \(folder.path)/ran"))
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(!folder.exists("ran"))
    }

    @Test func leftOverThatHoldsTheStreamIsEnded() async throws {
        let streams = Streams()
        let result = try await ChildProcess.run(bash("sleep 10000 & echo $!")) { streams.add($0, $1) }
        #expect(result.status.isSuccess)
        #expect(result.endedLeftOvers)
        #expect(try !isRunning(streams.output.trimmingNewline))
    }

    @Test func leftOverThatClosedItsStreamsIsEnded() async throws {
        let streams = Streams()
        let result = try await ChildProcess.run(bash("sleep 10000 >/dev/null 2>&1 & echo $!")) { streams.add($0, $1) }
        #expect(result.endedLeftOvers)
        #expect(try !isRunning(streams.output.trimmingNewline))
    }

    @Test func leftOverMayBeKept() async throws {
        var spec = bash("(while :; do echo x; sleep 0.01; done) & echo $!")
        spec.leftOvers = .keep
        let streams = Streams()
        let result = try await ChildProcess.run(spec) { streams.add($0, $1) }
        let pid = String(streams.output.split(separator: "\n")[0])
        #expect(!result.endedLeftOvers)
        let tree = try #require(result.leftOver)
        try await EventLoop.shared.sleep(for: .milliseconds(50))
        #expect(try isRunning(pid))
        #expect(await tree.members.map(\.name).contains("bash"))
        await tree.end(grace: .seconds(1))
        #expect(try !isRunning(pid))
        #expect(await !tree.isAlive)
    }

    @Test func processSubstitutionIsReadToItsEnd() async throws {
        var outcome = ("", true)
        // Half a second without a word, in which a machine may stand still, ends it.
        for _ in 0..<20 where outcome != ("late\n", false) {
            let streams = Streams()
            let result = try await ChildProcess.run(bash("exec > >(sleep 0.2; cat); echo late")) { streams.add($0, $1) }
            outcome = (streams.output, result.endedLeftOvers)
        }
        #expect(outcome == ("late\n", false))
    }

    @Test func whatEscapedTheGroupDoesNotHoldUsUp() async throws {
        let streams = Streams()
        let result = try await ChildProcess.run(bash("setsid sleep 10000 & echo $!")) { streams.add($0, $1) }
        #expect(result.status.isSuccess)
        #expect(try run(["kill", "-9", streams.output.trimmingNewline]).status == 0, "it runs still")
    }
}
