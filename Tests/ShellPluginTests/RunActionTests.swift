import Logging
package import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections
import ShellPlugin
import Synchronization
import TestKit
import Testing

/// One step in a folder of its own.
struct Step {
    let folder: TemporaryFolder
    let streams = Streams()
    var options = StepOptions(task: "task", step: "step")
    var environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
    var keep: (@Sendable (Int32) -> Void)?

    init() throws { folder = try TemporaryFolder() }

    func run(_ command: Value) async throws -> [String: Value] {
        let path = folder.path
        let streams = streams
        var environment = environment
        environment["OPS_OUTPUT"] = path + "/output"
        var context = RunContext(
            directory: path, environment: environment, step: options,
            temporaryDirectory: {
                try makeFolders(path + "/temp")
                return path + "/temp"
            }, outputFile: path + "/output", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            output: { streams.add($0, $1) }, grace: .milliseconds(300))
        context.keepProcesses = keep
        return try await RunAction().run(arguments(command), context)
    }

    func plan(_ command: Value) async throws -> ActionPlan {
        let context = PlanContext(directory: folder.path, environment: environment, step: options)
        return try await RunAction().plan(arguments(command), context)
    }

    private func arguments(_ command: Value) -> Arguments { Arguments(["command": command], label: "run") }
}

/// What a step printed.
final class Streams: Sendable {
    private let texts = Mutex<[OutputStream: [UInt8]]>([:])

    func add(_ stream: OutputStream, _ bytes: UnsafeRawBufferPointer) {
        texts.withLock { $0[stream, default: []] += bytes }
    }

    var output: String { String(decoding: texts.withLock { $0[.standardOutput] ?? [] }, as: UTF8.self) }
    var error: String { String(decoding: texts.withLock { $0[.standardError] ?? [] }, as: UTF8.self) }
    var count: Int { texts.withLock { $0[.standardOutput]?.count ?? 0 } }
}

private func list(_ words: Value...) -> Value { .list(words) }

@Suite struct RunActionTests {
    @Test func commandIsNeverAShell() async throws {
        let step = try Step()
        _ = try await step.run(
            list("printf", "<%s>", "$HOME", "a b", .list(["*", .integer(7, spelling: "007")]), .boolean(true)))
        #expect(step.streams.output == "<$HOME><a b><*><007><true>")
        // A command costs no temporary folder.
        #expect(!step.folder.exists("temp"))
    }

    @Test func commandRunsInTheFolderWithItsEnvironmentOnly() async throws {
        var step = try Step()
        step.environment["A"] = "1"
        step.environment["PWD"] = "/elsewhere"
        _ = try await step.run(list("env"))
        #expect(
            Set(step.streams.output.split(separator: "\n").map(String.init)) == [
                "A=1", "PATH=/usr/local/bin:/usr/bin:/bin", "OPS_OUTPUT=\(step.folder.path)/output",
                "PWD=\(step.folder.path)",
            ])
        try step.folder.write("tool", "#!/bin/sh\necho tool \"$1\"\n", mode: 0o755)
        _ = try await step.run(list("./tool", "x"))
        #expect(step.streams.output.hasSuffix("tool x\n"))
    }

    @Test(arguments: [
        (["bash"], "stat -c %a $0; echo $0 $- \"$@\"; set -o | grep pipefail", "script.sh", "pipefail"),
        (["sh"], "stat -c %a $0; echo $0 $- \"$@\"", "script.sh", "e"),
        (
            ["python3"], "import os, sys; print(oct(os.stat(sys.argv[0]).st_mode)[-3:]); print(sys.argv)",
            "script.py", "'a b'"
        ),
        (["perl", "-w"], "printf \"%o\\n\", (stat $0)[2] & 0777; print \"$0 @ARGV\\n\"", "script", "a b"),
    ])
    func scriptRunsByItsShell(shell: [String], script: String, file: String, text: String) async throws {
        var step = try Step()
        step.options.shell = shell
        step.options.arguments = ["a b", "$x"]
        _ = try await step.run(.string(script))
        #expect(step.streams.output.contains(file))
        #expect(step.streams.output.contains(text))
        #expect(step.streams.output.contains("$x"))
        #expect(step.streams.output.hasPrefix("600\n"))
        #expect(try listFolder(step.folder.path).allSatisfy { !$0.contains("script") })
    }

    @Test(arguments: ["false; echo no", "false | true; echo no", "echo no | (cat >/dev/null; exit 3); echo no"])
    func scriptStopsAtTheFirstFailure(script: String) async throws {
        let step = try Step()
        await #expect(throws: CommandFailure.self) { _ = try await step.run(.string(script)) }
        #expect(step.streams.output == "")
    }

    @Test(arguments: [
        ("exit 3", 3, nil as Int?, "exit status 3 of 'exit 3'"),
        ("kill -9 $$", 137, 9, "signal SIGKILL ended 'kill -9 $$'"),
    ])
    func failureTellsItsStatus(script: String, status: Int, signal: Int?, message: String) async throws {
        let step = try Step()
        let error = await #expect(throws: CommandFailure.self) { _ = try await step.run(.string(script)) }
        #expect(error == CommandFailure(exitStatus: status, signal: signal, command: script))
        #expect(error?.description == message)
    }

    @Test func standardInput() async throws {
        var step = try Step()
        _ = try await step.run(list("cat"))
        #expect(step.streams.output == "")
        step.options.standardInput = "text"
        _ = try await step.run(list("cat"))
        step.options.standardInput = .secret(Secret(names: ["key"], bytes: Array("hidden".utf8)))
        _ = try await step.run(list("cat"))
        #expect(step.streams.output == "texthidden")
        step.options.standardInput = .list([])
        let error = await #expect(throws: OpsError.self) { _ = try await step.run(list("cat")) }
        #expect(error?.message == "'stdin' needs text, got list")
    }

    @Test func standardOutputFileIsWholeOrAbsent() async throws {
        var step = try Step()
        step.options.standardOutput = "out/file"
        await #expect(throws: CommandFailure.self) { _ = try await step.run("echo half; exit 1") }
        #expect(try run(["ls", "-A", step.folder.path + "/out"]).text == "")
        _ = try await step.run("echo whole; echo log >&2")
        #expect(try step.folder.text("out/file") == "whole\n")
        #expect(step.streams.output == "")
        #expect(step.streams.error == "log\n")
        await #expect(throws: CommandFailure.self) { _ = try await step.run("echo other; exit 1") }
        #expect(try step.folder.text("out/file") == "whole\n")
    }

    @Test func returnsItsTrimmedOutput() async throws {
        var step = try Step()
        step.options.returns = .standardOutput("digest")
        #expect(try await step.run("echo; echo ' a b '; echo")["digest"] == "a b")
        #expect(step.streams.output == "\n a b \n\n")
        #expect(
            try await step.run("head -c 1048576 /dev/zero | tr '\\0' x")["digest"]?.stringValue?.utf8.count == 1 << 20)
        let before = step.streams.count
        let error = await #expect(throws: OpsError.self) {
            _ = try await step.run("head -c 1048577 /dev/zero | tr '\\0' x")
        }
        #expect(error?.message == "standard output, the output 'digest', is larger than 1 MiB")
        #expect(step.streams.count - before == 1_048_577)
        let bytes = await #expect(throws: OpsError.self) { _ = try await step.run("printf '\\377'") }
        #expect(bytes?.message == "standard output, the output 'digest', is not UTF-8")
    }

    @Test func programThatIsNotThere() async throws {
        let step = try Step()
        let error = await #expect(throws: OpsError.self) { _ = try await step.run(list("no-such-tool")) }
        #expect(error?.code == .notFound)
        #expect(error?.message == "the program 'no-such-tool' is not installed")
        let path = await #expect(throws: OpsError.self) { _ = try await step.run(list("./no-such-tool")) }
        #expect(path?.message == "no program './no-such-tool'")
    }

    @Test func cancelEndsIt() async throws {
        let step = try Step()
        let task = Task { try await step.run("trap '' TERM; echo on; while :; do sleep 0.05; done") }
        #expect(try await eventually { !step.streams.output.isEmpty })
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }

    @Test func leftProcessesAreHandedOver() async throws {
        var step = try Step()
        let box = Box()
        step.keep = { group in box.add(group) }
        _ = try await step.run("sleep 100 >/dev/null 2>&1 &")
        let group = try #require(box.groups.first)
        let tree = try #require(await ProcessTree.kept(group))
        #expect(await tree.isAlive)
        await tree.end(grace: .seconds(1))
        #expect(await !tree.isAlive)
    }

    @Test func earlierAttemptsOutputsDoNotCount() async throws {
        var step = try Step()
        step.options.returns = .declared(["a": .string])
        #expect(try await step.run("echo a=1 >> \"$OPS_OUTPUT\"")["a"] == "1")
        let error = await #expect(throws: OpsError.self) { _ = try await step.run("true") }
        #expect(error?.message == "it did not write the output 'a'")
    }
}

private final class Box: Sendable {
    private let list = Mutex<[Int32]>([])

    var groups: [Int32] { list.withLock { $0 } }

    func add(_ group: Int32) { list.withLock { $0.append(group) } }
}

extension Value: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = .string(text) }
}
