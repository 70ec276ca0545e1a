import Glibc
import OpsCore
import OpsEngine
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@Suite struct JournalTests {
    private func event(_ kind: RunEvent.Kind) -> RunEvent { RunEvent(time: 1, kind: kind) }

    private let started = RunStarted(run: "r", recipe: "ops.yaml", tasks: ["a"], taskCount: 1, version: "0")

    @Test func `a journal holds whole lines of all but output and progress`() throws {
        let folder = try TemporaryFolder()
        let step = StepID(task: TaskID(name: "a"), index: 0)
        let journal = try JournalWriter(runDirectory: folder.path)
        journal.receive(event(.runStarted(started)))
        journal.receive(event(.output(step, .standardOutput, [65, 10])))
        journal.receive(event(.progress(step, Progress(done: 1, unit: "files"))))
        journal.receive(event(.message(Message(level: .info, text: "two\nlines"))))
        journal.receive(
            event(.runFinished(RunFinished(run: "r", outcome: .failed, duration: .seconds(1), exitStatus: 1))))
        let text = try folder.text("journal.jsonl")
        #expect(text.hasSuffix("\n"))
        let names = try text.split(separator: "\n").map { try JSONReader.value(String($0))["event"]?.stringValue }
        #expect(names == ["run-started", "message", "run-finished"])
    }

    @Test(.enabled(if: getuid() == 0)) func `a full disk is a failure, and the journal keeps whole lines`() throws {
        let folder = try TemporaryFolder()
        try folder.write("disk/.keep", "")
        let disk = folder.path + "/disk"
        #expect(try run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).status == 0)
        defer { _ = try? run(["umount", disk]) }
        let journal = try JournalWriter(runDirectory: disk)
        for number in 0..<100 where journal.failure == nil {
            journal.receive(
                event(.message(Message(level: .info, text: "\(number) " + String(repeating: "x", count: 5000)))))
        }
        let failure = try #require(journal.failure)
        #expect(failure.message.contains("No space left on device"))
        #expect(failure.message.contains("journal.jsonl"))
        let text = try folder.text("disk/journal.jsonl")
        #expect(text.hasSuffix("\n"))
        for line in text.split(separator: "\n") { _ = try JSONReader.value(String(line)) }
    }

    @Test func `runs are listed newest first, found by a prefix, with or without an end`() throws {
        let folder = try TemporaryFolder()
        let state = try StateDirectory(environment: ["OPS_STATE_DIR": folder.path])
        let none = try RunHistory.list(state)
        #expect(none.isEmpty)
        let first = "{\"time\":1.5,\"event\":\"run-started\",\"recipe\":\"ops.yaml\",\"tasks\":[\"a\"]}\n"
        let last = "{\"time\":3,\"event\":\"run-finished\",\"outcome\":\"failed\",\"duration\":1.5,\"exit-status\":1}\n"
        try folder.write("runs/20260101-1/journal.jsonl", first + last)
        try folder.write("runs/20260102-1/journal.jsonl", first + "{\"time\":2,\"ev")
        try folder.write("runs/20260103-1/other", "")
        let runs = try RunHistory.list(state)
        #expect(runs.map(\.id) == ["20260102-1", "20260101-1"])
        #expect(runs.map(\.outcome) == [nil, "failed"])
        #expect(runs.map(\.exitStatus) == [nil, 1])
        let found = try RunHistory.find("20260101", state)
        #expect(found.id == "20260101-1")
        let events = try RunHistory.events(runs[0])
        #expect(events.count == 1)
        #expect(throws: OpsError.self) { try RunHistory.find("2026", state) }
        #expect(throws: OpsError.self) { try RunHistory.find("2027", state) }
    }

    @Test func `state stands where the variables say; a relative OPS_STATE_DIR is refused`() throws {
        #expect(try StateDirectory(environment: ["OPS_STATE_DIR": "/s", "HOME": "/h"]).path == "/s")
        #expect(try StateDirectory(environment: ["XDG_STATE_HOME": "/x", "HOME": "/h"]).path == "/x/ops")
        #expect(try StateDirectory(environment: ["XDG_STATE_HOME": "x", "HOME": "/h"]).path == "/h/.local/state/ops")
        #expect(throws: OpsError.self) { try StateDirectory(environment: ["OPS_STATE_DIR": "s", "HOME": "/h"]) }
        #expect(throws: OpsError.self) { try StateDirectory(environment: [:]) }
    }

    @Test func `old runs are pruned by number and by age`() throws {
        let folder = try TemporaryFolder()
        let state = try StateDirectory(environment: ["OPS_STATE_DIR": folder.path])
        for day in 1...5 { try folder.write("runs/2026010\(day)-x/plan.json", "{}") }
        #expect(try run(["touch", "-d", "2001-01-01", folder.path + "/runs/20260103-x"]).status == 0)
        state.prune(keep: 3, age: 86_400, now: Double(time(nil)))
        #expect(try run(["ls", folder.path + "/runs"]).text == "20260104-x\n20260105-x\n")
    }
}
