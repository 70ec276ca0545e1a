import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections
import TestKit
import Testing

@testable import OpsEngine

/// What a resumed run does, from journals cut anywhere.
@Suite struct ResumptionTests {
    private static let recipe = """
        tasks:
          a: { steps: [ { fake.run: a1 }, { id: v, run: a2, returns: made }, { fake.run: a3 } ], outputs: { v: "${{ steps.v.outputs.made }}" } }
          b: { fake.run: b1, finally: [ { fake.run: b2 } ] }
          c: { needs: [ a ], steps: [ { fake.run: "${{ needs.a.outputs.v }}" }, { fake.run: c2 } ] }
          d: { needs: [ b, c ], matrix: { x: [ p, q ] }, steps: [ { fake.run: "d1${{ matrix.x }}" }, { fake.run: "d2${{ matrix.x }}" } ] }
          e: { needs: [ d ], if: "needs.d.result == 'succeeded'", fake.run: e1 }

        """

    /// Names of the calls by step.
    private static let calls = [
        "a 1": "a1", "a 2": "a2", "a 3": "a3", "b 1": "b1", "b finally 1": "b2", "c 1": "made by a2", "c 2": "c2",
        "d[x=p] 1": "d1p", "d[x=p] 2": "d2p", "d[x=q] 1": "d1q", "d[x=q] 2": "d2q", "e 1": "e1",
    ]

    @Test func `a journal cut at every byte resumes with what is not finished in it`() async throws {
        let folder = try TemporaryFolder()
        let fixture = try EngineFixture(Self.recipe, in: folder)
        let plan = try await fixture.plan(["e"])
        try folder.write("whole/.keep", "")
        let whole = try await fixture.journaled(plan, in: "whole")
        #expect(Set(whole) == Set(Self.calls.values))
        let bytes = try folder.read("whole/journal.jsonl")
        #expect(bytes.count > 2000)
        for cut in max(0, bytes.count - 4096)...bytes.count {
            let part = Array(bytes[..<cut])
            let (finished, open) = Self.steps(in: part)
            let again = try EngineFixture(Self.recipe, in: folder)
            try folder.write("cut/.keep", "")
            try folder.write("cut/journal.jsonl", part)
            let resumption = Resumption(EarlierRun(JournalFile(bytes: part)), plan)
            let calls = try await again.journaled(plan, in: "cut", resumption: resumption)
            let expected = Self.calls.filter { !finished.contains($0.key) }.values.sorted()
            #expect(calls.sorted() == expected, "cut at \(cut)")
            let lost = (resumption.lost + resumption.lostCleanUp).map(\.step.id.description)
            #expect(Set(lost) == open, "cut at \(cut)")
            // What it appended closes the torn line: resumed once more there is nothing to do.
            let journal = try JournalFile(runDirectory: folder.path + "/cut")
            let last = Resumption(EarlierRun(journal), plan)
            #expect(last.finishedCount == plan.tasks.count, "cut at \(cut)")
            #expect(journal.events.last?["event"]?.stringValue == "run-finished")
        }
    }

    /// Steps that the whole lines say are finished, and those that they say are begun only.
    private static func steps(in bytes: [UInt8]) -> (finished: Set<String>, open: Set<String>) {
        var finished: Set<String> = []
        var open: Set<String> = []
        for event in JournalFile(bytes: bytes).events {
            guard let name = event["task"]?.stringValue, let number = event["step"]?.integerValue else { continue }
            let task = event["instance"]?.stringValue.map { "\(name)[\($0)]" } ?? name
            let step = "\(task) \(event["part"]?.stringValue.map { $0 + " " } ?? "")\(number)"
            if event["event"]?.stringValue == "step-started" { open.insert(step) }
            if event["event"]?.stringValue == "step-finished" {
                finished.insert(step)
                open.remove(step)
            }
        }
        return (finished, open)
    }

    @Test func `a journal's line gives its members without being parsed`() {
        let text =
            #"{"time":1.5,"event":"step-finished","task":"a\"b","step":12,"outputs":{"x":{"y":"}"},"z":[1,"]"]},"tolerated":true}"#
        Array(text.utf8).withUnsafeBytes { bytes in
            let line = JournalLine(bytes)
            #expect(line.text("event") == "step-finished")
            #expect(line.text("task") == "a\"b")
            #expect(line.integer("step") == 12)
            #expect(line.has("tolerated") && !line.has("y"))
            #expect(line.value("outputs")?["z"]?.listValue?.count == 2)
        }
        for torn in ["", "{", "{\"a", "{\"a\":", "{\"a\":1", "[]", "{\"a\":\"\\", "{\"event\":\"x\",\"task\":}"] {
            Array(torn.utf8).withUnsafeBytes { bytes in
                let line = JournalLine(bytes)
                #expect(line.text("task") == nil, "\(torn)")
            }
        }
    }

    static let values: [Value] = [
        .null, .boolean(true), .integer(7), .integer(7, spelling: "007"), .integer(31, spelling: "0x1F"),
        .number(5.1, spelling: "5.10"), .number(0.5, spelling: ".5"), .number(3), .number(.infinity), .number(1e300),
        .string("\u{0}\"\\\n"), .list([.integer(1), .string("x")]),
        .map(["a": .list([.map(["$secret": .list([.string("no")])])]), "b": .null]),
        .map(["$integer": .integer(1)]), .map(["$map": .map(["x": .integer(1)])]), .map([:]),
    ]

    @Test(arguments: values.indices)
    func `a value comes back from the journal as it was`(_ index: Int) throws {
        let value = Self.values[index]
        let text = JSONWriter.text(ExactValue.encode(value))
        let back = ExactValue.decode(try JSONReader.value(text))
        #expect(back == value)
        // Spellings do not count for equality: the text holds them.
        #expect(JSONWriter.text(ExactValue.encode(back)) == text)
    }

    @Test func `a secret comes back without bytes`() throws {
        let text = JSONWriter.text(ExactValue.encode(.list([.secret(Secret(names: ["x"], bytes: [65]))])))
        #expect(!text.contains("A"))
        #expect(ExactValue.decode(try JSONReader.value(text)).containsSecret)
    }
}

extension EngineFixture {
    /// Runs with a journal in a folder of the fixture's, and gives what was called.
    @EventLoopActor
    func journaled(_ plan: Plan, in name: String, resumption: Resumption? = nil) async throws -> [String] {
        let path = folder.path + "/" + name
        let run = Run(
            id: "test", plan: plan, options: RunOptions(jobs: 2, version: "test"), catalog: catalog, environment: [:],
            temporaryDirectory: folder.path, runDirectory: path, lockDirectory: folder.path + "/locks",
            sinks: [try JournalWriter(runDirectory: path)], resumption: resumption)
        let finished = await run.execute()
        #expect(finished.exitStatus == 0)
        return record.calls
    }
}
