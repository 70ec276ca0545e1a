import OpsCore
import OpsEngine
import OpsRecipe
import TestKit
import Testing

/// Promise 1 of the design over random graphs: a run starts nothing that its plan did not list, and every step the
/// plan decided to run unless something failed before it.
@Suite struct PlanIsTheTruthTests {
    @Test func `a run starts exactly what the plan lists, over 200 random graphs`() async throws {
        var random = SplitMix(state: 20_261_121)
        let folder = try TemporaryFolder()
        for round in 0..<200 {
            let yaml = Self.recipe(&random)
            let fixture = try EngineFixture(yaml, in: folder)
            let plan = try await fixture.plan(["t0"])
            let keepGoing = Bool.random(using: &random)
            let result = try await fixture.run(plan, jobs: .random(in: 1...8, using: &random), keepGoing: keepGoing)
            let comment: Comment = "graph \(round):\n\(yaml)"
            // Once each, whatever ended how.
            #expect(result.tasks.count == plan.tasks.count, comment)
            #expect(Set(result.startedSteps).count == result.startedSteps.count, comment)
            var listed: Set<String> = []
            var mayNot: Set<String> = []
            for task in plan.tasks {
                for step in task.steps + task.onFailure + task.finally {
                    if task.decision.isSkipped || step.decision.isSkipped {
                        mayNot.insert(step.id.description)
                    } else {
                        listed.insert(step.id.description)
                    }
                }
            }
            let started = Set(result.startedSteps)
            #expect(started.isSubset(of: listed), comment)
            #expect(started.isDisjoint(with: mayNot), comment)
            guard result.finished.exitStatus == 0 else { continue }
            for task in plan.tasks where task.decision == .run {
                var isSure = true
                for step in task.steps {
                    if step.decision == .run, isSure { #expect(started.contains(step.id.description), comment) }
                    if result.stepOutcomes[step.id.description] == .failed { isSure = step.definition.continueOnError }
                }
            }
        }
    }

    /// At most 30 tasks; each needs some behind it, so that t0 reaches all that matter.
    private static func recipe(_ random: inout SplitMix) -> String {
        let count = Int.random(in: 1...30, using: &random)
        let failsSometimes = Bool.random(using: &random)
        var text = "tasks:\n"
        for index in 0..<count {
            var needs: [Int] = []
            for other in index + 1..<max(count, index + 1) where Int.random(in: 0..<4, using: &random) == 0 {
                needs.append(other)
            }
            text += "  t\(index):\n    needs: [\(needs.map { "t\($0)" }.joined(separator: ", "))]\n"
            let first = needs.first.map { "needs.t\($0).result" } ?? "run.id"
            let conditions = [
                "1 == 2", "1 == 1", "\(first) == 'succeeded'", "\(first) != 'succeeded'", "always()", "failure()",
                "1 == 2 && \(first) == ''", "1 == 1 || \(first) == ''",
            ]
            if Int.random(in: 0..<3, using: &random) == 0, let condition = conditions.randomElement(using: &random) {
                text += "    if: \(condition)\n"
            }
            if Int.random(in: 0..<6, using: &random) == 0 { text += "    matrix: { n: [ 1, 2 ] }\n" }
            if Int.random(in: 0..<8, using: &random) == 0 { text += "    continue-on-error: true\n" }
            if Int.random(in: 0..<5, using: &random) == 0 { text += "    finally: [ { run: f } ]\n" }
            if Int.random(in: 0..<5, using: &random) == 0 { text += "    on-failure: [ { run: o } ]\n" }
            text += "    steps:\n"
            for step in 0..<Int.random(in: 1...3, using: &random) {
                var keys = ["id: s\(step)"]
                let fails = failsSometimes && Int.random(in: 0..<15, using: &random) == 0
                keys.append("fake.run: { command: c\(fails ? ", fail: 1" : "") }")
                if Int.random(in: 0..<6, using: &random) == 0 { keys.append("if: 1 == 2") }
                if step > 0, Int.random(in: 0..<4, using: &random) == 0 {
                    keys.append("if: \"steps.s\(step - 1).result == 'succeeded'\"")
                    keys = Array(keys.filter { $0 != "if: 1 == 2" })
                }
                if Int.random(in: 0..<8, using: &random) == 0 { keys.append("continue-on-error: true") }
                text += "      - { \(keys.joined(separator: ", ")) }\n"
            }
        }
        return text
    }
}

/// A generator with a seed (Steele et al., "Fast splittable pseudorandom number generators", 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
