import OpsCore
import OpsEngine
import OrderedCollections
import TestKit
import Testing

/// Random graphs under random delays: whatever the interleaving, the rules hold, and the same seed replays it.
@Suite struct InterleavingTests {
    /// A graph of tasks with waits, failures, undos and exclusive names, all from one seed.
    private struct RandomGraph {
        var yaml = "tasks:\n"
        var names: [String] = []
        var needs: [String: [String]] = [:]
        var exclusive: [String: String] = [:]
        var failing: Set<String> = []
        /// By the task that has the undo: the task that disarms it.
        var through: [String: String] = [:]
        var jobs = 1
        var keepGoing = false

        init(seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            jobs = Int.random(in: 1...4, using: &random)
            keepGoing = Bool.random(using: &random)
            for number in 0..<12 {
                let name = "t\(number)"
                needs[name] = names.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
                if Int.random(in: 0..<3, using: &random) == 0 {
                    exclusive[name] = Bool.random(using: &random) ? "x" : "y"
                }
                if Int.random(in: 0..<10, using: &random) == 0 { failing.insert(name) }
                names.append(name)
            }
            // Whoever needs a task, directly or not, may disarm its undo.
            for name in names where Int.random(in: 0..<2, using: &random) == 0 {
                let later = names.filter { reaches($0, name) }
                through[name] = later.randomElement(using: &random) ?? name
            }
            for name in names {
                let wait = Int.random(in: 0...50, using: &random)
                let fail = failing.contains(name) ? ", fail: 1" : ""
                let lock = exclusive[name].map { ", exclusive: \($0)" } ?? ""
                let undo = through[name].map { through in
                    let words = through == name ? "" : "through: \(through), "
                    return ", undo: { \(words)fake.run: { command: undo-\(name), wait: 3s } }"
                }
                yaml += "  \(name): { needs: [ \((needs[name] ?? []).joined(separator: ", ")) ]\(lock), "
                yaml += "fake.run: { command: \(name), wait: \(wait)s\(fail) }\(undo ?? "") }\n"
            }
        }

        /// True where `name` needs `other`, directly or not.
        func reaches(_ name: String, _ other: String) -> Bool {
            (needs[name] ?? []).contains { $0 == other || reaches($0, other) }
        }
    }

    private func run(_ graph: RandomGraph) async throws -> (RunResult, [CallRecord.Span]) {
        let fixture = try EngineFixture(graph.yaml)
        let result = try await fixture.run(
            try await fixture.plan(graph.names), jobs: graph.jobs, keepGoing: graph.keepGoing, seed: 1)
        return (result, fixture.record.spans)
    }

    @Test(arguments: 0..<10) func `rules hold for whatever seed`(_ block: Int) async throws {
        for seed in 0..<10 { try await check(UInt64(block * 10 + seed)) }
    }

    private func check(_ seed: UInt64) async throws {
        let graph = RandomGraph(seed: seed)
        let (result, spans) = try await run(graph)
        let comment: Comment = "seed \(seed): \(graph.yaml)"
        #expect(Set(spans.map(\.name)).count == spans.count, comment)
        #expect(result.tasks.count == graph.names.count, comment)
        #expect(result.mostAtOnce <= graph.jobs + 1, comment)
        let byName = Dictionary(uniqueKeysWithValues: spans.map { ($0.name, $0) })
        let outcomes = Dictionary(
            uniqueKeysWithValues: result.tasks.map { line in
                let words = line.split(separator: " ").map(String.init)
                return (words[0], words[1])
            })
        for (name, span) in byName where graph.needs[name] != nil {
            for need in graph.needs[name] ?? [] {
                let end = try #require(byName[need]?.end, comment)
                #expect(end <= span.start, comment)
                #expect(outcomes[need] == "succeeded", comment)
            }
            // One holder at a time; what an armed undo still holds is shared with what disarms it.
            for (other, otherSpan) in byName where other != name && graph.exclusive[other] != nil {
                guard graph.exclusive[other] == graph.exclusive[name], let end = span.end, let otherEnd = otherSpan.end
                else { continue }
                #expect(end <= otherSpan.start || otherEnd <= span.start, comment)
            }
        }
        for (name, through) in graph.through {
            let isDue = byName[name] != nil && !(outcomes[name] == "succeeded" && outcomes[through] == "succeeded")
            #expect((byName["undo-\(name)"] != nil) == isDue, "undo of \(name) through \(through), \(comment)")
        }
        let undos = spans.filter { $0.name.hasPrefix("undo-") }
        for (first, second) in zip(undos, undos.dropFirst()) {
            let end = try #require(first.end, comment)
            #expect(end <= second.start, comment)
        }
        let (_, again) = try await run(graph)
        #expect(again == spans, comment)
    }
}
