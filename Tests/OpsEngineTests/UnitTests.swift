import OpsCore
import OpsEngine
import OpsRecipe
import OrderedCollections
import TestKit
import Testing

/// Included recipes in a plan: which units there are, and what each sees.
@Suite struct UnitTests {
    private static let part = """
        ops: 1
        inputs: { word: { default: plain }, list: { type: list, default: [] }, place: { type: path, default: null } }
        secrets: { s: fake://there-part, t: fake://there-other }
        vars: { v: "${{ inputs.word }} of part" }
        env: { OWN: "${{ vars.v }}", FROM: "${{ env.FROM }}" }
        defaults: { shell: sh, timeout: 7m }
        tasks:
          t: { fake.run: { command: "${{ vars.v }}", password: "${{ secrets.s }}" } }
          u: { needs: [ t ], run: 'echo $INPUT_LIST $INPUT_PLACE' }

        """

    private func fixture(_ yaml: String, files: [String: String] = ["part.yaml": Self.part]) throws -> EngineFixture {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(name, text) }
        return try EngineFixture(yaml, in: folder)
    }

    @Test func `what a recipe has of its own stays there`() async throws {
        let fixture = try fixture(
            """
            inputs: { word: { default: outer } }
            vars: { v: outer }
            env: { OUTER: "1" }
            include: { p: { from: part.yaml, with: { word: given } } }
            tasks: { a: { needs: [ "p:t" ], run: 'echo $INPUT_WORD' } }
            """)
        let plan = try await fixture.plan(["a"], inputs: ["word": .string("outer")], environment: ["FROM": "caller"])
        #expect(plan.units.map(\.prefix) == ["", "p:"])
        #expect(plan.units.map(\.inputs) == [["word": .string("outer")], ["word": .string("given")]])
        #expect(plan.tasks.map(\.id.description) == ["p:t", "a"])
        #expect(plan.tasks[0].steps[0].summary == "fake.run given of part")
        #expect(plan.tasks[0].timeout == .seconds(420) && plan.tasks[1].timeout == nil)
        #expect(plan.tasks[0].steps[0].shell == ["sh"] && plan.tasks[1].steps[0].shell == ["bash"])
        #expect(plan.unit(of: plan.tasks[0]).environment.variables["INPUT_WORD"] == "given")
        #expect(plan.environment.variables["INPUT_WORD"] == "outer")
        #expect(plan.secrets.map(\.name) == ["p:s"] && plan.tasks[0].steps[0].secrets == ["p:s"])
        let result = try await fixture.run(plan)
        #expect(result.finished.outcome == .succeeded && fixture.record.calls.first == "given of part")
    }

    @Test func `equal values make one unit, whichever way leads there`() async throws {
        let fixture = try fixture(
            """
            secrets: { mine: fake://there-mine }
            include:
              a: part.yaml
              b: { from: ./part.yaml, with: { word: plain, list: [] } }
              c: { from: part.yaml, with: { word: other } }
              d: { from: part.yaml, secrets: { s: "${{ secrets.mine }}" } }
              e: { from: part.yaml, secrets: { s: "${{ secrets.mine }}" } }
              mid: mid.yaml
            tasks: { all: { needs: [ "a:t", "b:t", "c:t", "d:t", "e:t", "mid:in:t", "b:u" ] } }
            """,
            files: ["part.yaml": Self.part, "mid.yaml": "ops: 1\ninclude: { in: part.yaml }\ntasks: {}\n"])
        let plan = try await fixture.plan(["all"])
        #expect(plan.tasks.map(\.id.name) == ["a:t", "c:t", "d:t", "a:u", "all"])
        #expect(plan.units.map(\.prefix) == ["", "a:", "c:", "d:", "mid:"])
        #expect(plan.secrets.map(\.name) == ["mine", "a:s", "c:s"])
        #expect(plan.tasks[2].steps[0].secrets == ["mine"])
        #expect(plan.tasks.last?.needs.flatMap(\.instances) == [0, 0, 1, 2, 2, 0, 3])
        let result = try await fixture.run(plan)
        #expect(result.finished.outcome == .succeeded && fixture.record.calls.count == 4)
    }

    @Test func `a path is relative to the folder of the recipe that gives it`() async throws {
        let fixture = try fixture(
            """
            include: { p: { from: sub/part.yaml, with: { place: x/y, list: [ a, b ] } } }
            tasks: { a: { needs: [ "p:u" ] } }
            """,
            files: ["sub/part.yaml": Self.part])
        let plan = try await fixture.plan(["a"])
        let variables = plan.units[1].environment.variables
        #expect(variables["INPUT_PLACE"] == "\(fixture.folder.path)/x/y" && variables["INPUT_LIST"] == #"["a","b"]"#)
        #expect(plan.tasks[0].steps[0].directory == "\(fixture.folder.path)/sub")
    }

    @Test func `a variable that any recipe's secrets name is withheld from all`() async throws {
        let fixture = try fixture(
            "secrets: { a: fake://there }\ninclude: { p: part.yaml }\ntasks: { a: { needs: [ \"p:t\" ] } }")
        let plan = try await fixture.plan(["a"], environment: ["X": "1"])
        #expect(plan.units.allSatisfy { $0.environment.withheld == plan.environment.withheld })
    }

    @Test func `values that only a run knows cannot be given`() async throws {
        let fixture = try fixture(
            """
            include: { p: { from: part.yaml, with: { word: "${{ run.id }}" } } }
            tasks: { a: { needs: [ "p:t" ] } }
            """
        )
        do {
            _ = try await fixture.plan(["a"])
            Issue.record("no error")
        } catch let error as DiagnosticsError {
            #expect(error.diagnostics.map(\.code) == ["unknown-value"])
            #expect(error.diagnostics[0].range?.start == SourcePosition(line: 2, column: 48))
        }
    }

    @Test func `a wrong value has the place where it is given`() async throws {
        let fixture = try fixture(
            """
            inputs: { n: {} }
            include: { p: { from: part.yaml, with: { count: "${{ inputs.n }}" } } }
            tasks: { a: { needs: [ "p:t" ] } }
            """,
            files: [
                "part.yaml":
                    "ops: 1\ninputs: { count: { pattern: '[0-9]+' } }\ntasks: { t: { run: 'echo $INPUT_COUNT' } }\n"
            ])
        do {
            _ = try await fixture.plan(["a"], inputs: ["n": .string("x")])
            Issue.record("no error")
        } catch let error as DiagnosticsError {
            #expect(
                error.diagnostics.map(\.message) == [
                    "in 'with' of the recipe 'part.yaml', the input 'count' does not match [0-9]+: 'x'"
                ])
            #expect(error.diagnostics[0].range?.start.line == 3)
        }
    }
}
