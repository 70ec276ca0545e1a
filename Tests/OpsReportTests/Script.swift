import OpsCore
import OpsEngine
import OpsPlugin
import OrderedCollections

@testable import OpsReport

/// Events of a made-up run, one each hundred milliseconds.
struct Script {
    private(set) var events: [RunEvent] = []
    private var time = 1_800_000_000.0

    mutating func add(_ kind: RunEvent.Kind) {
        events.append(RunEvent(time: time, kind: kind))
        time += 0.1
    }

    mutating func begin(_ tasks: String..., count: Int = 1) {
        add(.runStarted(RunStarted(run: "r1", recipe: "ops.yaml", tasks: tasks, taskCount: count, version: "0.1.0")))
    }

    mutating func start(_ task: String) { add(.taskStarted(Self.task(task), reason: nil)) }

    mutating func step(_ task: String, _ summary: String, at index: Int = 0, name: String? = nil, attempt: Int = 1) {
        let id = StepID(task: Self.task(task), index: index)
        add(.stepStarted(StepStarted(step: id, name: name, action: "run", summary: summary, attempt: attempt)))
    }

    mutating func say(_ task: String, _ text: String, _ stream: OutputStream = .standardOutput, at index: Int = 0) {
        add(.output(StepID(task: Self.task(task), index: index), stream, Array(text.utf8)))
    }

    mutating func end(
        _ task: String, _ outcome: Outcome = .succeeded, at index: Int = 0, failure: Failure? = nil,
        tolerated: Bool = false
    ) {
        let id = StepID(task: Self.task(task), index: index)
        add(
            .stepFinished(
                StepFinished(
                    step: id, outcome: outcome, duration: .milliseconds(100), failure: failure, isTolerated: tolerated))
        )
    }

    mutating func finish(_ task: String, _ outcome: Outcome = .succeeded, reason: String? = nil, ms: Int = 250) {
        add(
            .taskFinished(
                TaskFinished(task: Self.task(task), outcome: outcome, reason: reason, duration: .milliseconds(ms))))
    }

    mutating func finish(_ outcome: Outcome = .succeeded, status: Int32 = 0, reason: String? = nil) {
        add(
            .runFinished(
                RunFinished(
                    run: "r1", outcome: outcome, duration: .milliseconds(1250), exitStatus: status, reason: reason)))
    }

    static func task(_ text: String) -> TaskID {
        guard let bracket = text.firstIndex(of: "[") else { return TaskID(name: text) }
        return TaskID(name: String(text[..<bracket]), instance: String(text[text.index(after: bracket)...].dropLast()))
    }

    static let failure = Failure(
        code: "command", message: "the command ended with status 3", hint: "start the server first",
        location: SourceRange(
            file: "ops.yaml", start: SourcePosition(line: 14, column: 7), end: SourcePosition(line: 14, column: 10)),
        exitStatus: 3, lastLines: ["connecting", "refused"])

    /// A test that prints, a build beside it that fails, a deployment that is skipped.
    static var failing: Script {
        var script = Script()
        script.begin("release", count: 3)
        script.start("build[arch=amd64]")
        script.start("test")
        script.step("build[arch=amd64]", "make all", at: 1, name: "Compile")
        script.step("test", "swift test")
        script.say("build[arch=amd64]", "connecting\nref", at: 1)
        script.say("test", "12 tests\n")
        script.say("build[arch=amd64]", "used", at: 1)
        script.end("build[arch=amd64]", .failed, at: 1, failure: failure)
        script.finish("build[arch=amd64]", .failed)
        script.end("test")
        script.finish("test", ms: 1100)
        script.finish("deploy", .skipped, reason: "build[arch=amd64] failed", ms: 0)
        script.finish(.failed, status: 1)
        return script
    }
}

extension ReportOutput {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
