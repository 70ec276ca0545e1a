import OpsCore
import OpsEngine
import OpsRecipe
import OrderedCollections
import TestKit
import Testing

/// A task's own inputs in a plan: which instances there are, and what they are called.
@Suite struct TaskNodeTests {
    private static let recipe = """
        inputs: { all: { default: x } }
        tasks:
          t:
            inputs: { a: { default: one }, b: { type: list, default: null }, c: { type: boolean, default: false } }
            fake.run: "t ${{ inputs.a }} ${{ inputs.all }}"
          u:
            needs: [ t, { task: t, with: { a: one }, as: same }, { task: t, with: { a: "${{ inputs.all }}" }, as: x } ]
          v: { needs: [ u, { task: t, with: { a: x, c: false } } ] }
          w: { needs: { task: mid, with: { to: deep } } }
          mid: { inputs: { to: {} }, needs: { task: t, with: { a: "${{ inputs.to }}" } }, run: 'true' }
          rows:
            matrix: { n: [ 1, 2, 1.0 ] }
            needs: [ t, { task: t, with: { a: "row ${{ if(matrix.n == 2, 'two', 'one') }}" }, as: mine } ]
            fake.run: "${{ matrix.n }}"
        """

    private func plan(_ tasks: [String], taskInputs: [String: ValueMap] = [:]) async throws -> Plan {
        try await EngineFixture(Self.recipe).plan(tasks, inputs: ["all": .string("x")], taskInputs: taskInputs)
    }

    @Test func `equal values are one instance across dependents`() async throws {
        let plan = try await plan(["v"])
        #expect(plan.tasks.map(\.id.description) == ["t", "t(a=x)", "u", "v"])
        #expect(plan.tasks[2].needs.map(\.alias) == ["t", "same", "x"])
        #expect(plan.tasks[2].needs.flatMap(\.instances) == [0, 0, 1])
        #expect(plan.tasks[3].needs.flatMap(\.instances) == [2, 1])
        #expect(plan.tasks[1].inputs == ["a": .string("x")])
        #expect(plan.tasks[1].steps[0].summary == "fake.run t x x")
    }

    @Test func `values go on to what is needed in turn`() async throws {
        let plan = try await plan(["w"])
        #expect(plan.tasks.map(\.id.description) == ["t(a=deep)", "mid(to=deep)", "w"])
    }

    @Test func `each row needs what it gives`() async throws {
        let plan = try await plan(["rows"])
        #expect(
            plan.tasks.map(\.id.description) == [
                "t", #"t(a="row one")"#, #"t(a="row two")"#, "rows[n=1]", "rows[n=2]", "rows[n=1.0]",
            ])
        #expect(plan.tasks.suffix(3).map { $0.needs.flatMap(\.instances) } == [[0, 1], [0, 2], [0, 1]])
    }

    @Test(arguments: [
        ("one", "t"), ("a,b", #"t(a="a,b")"#), ("null", #"t(a="null")"#), ("", #"t(a="")"#), ("a b", #"t(a="a b")"#),
        ("ü/x-1.2:3", "t(a=ü/x-1.2:3)"), ("a=b", #"t(a="a=b")"#), ("x(1)[2]", #"t(a="x(1)[2]")"#),
        ("a\nb", #"t(a="a\nb")"#),
    ])
    func `a name is unmistakable`(_ value: String, _ id: String) async throws {
        let plan = try await plan(["t"], taskInputs: ["t": ["a": .string(value)]])
        #expect(plan.tasks.map(\.id.description) == [id])
    }

    @Test func `lists and booleans stand in names as JSON, long texts by a hash`() async throws {
        let values: ValueMap = [
            "a": .string(String(repeating: "x", count: 61)), "b": .list([.string("p"), .string("q")]),
            "c": .boolean(true),
        ]
        let id = try await plan(["t"], taskInputs: ["t": values]).tasks[0].id
        #expect(id.description.hasPrefix("t(a=\(String(repeating: "x", count: 40))…"))
        #expect(id.description.hasSuffix(#",b=["p","q"],c=true)"#))
        #expect(id.isMeant(by: "t") && id.isMeant(by: id.description) && !id.isMeant(by: "t(a=1)"))
        #expect(TaskID(name: "t", inputs: "a=1", instance: "n=2").isMeant(by: "t(a=1)"))
        #expect(TaskID(name: "t", inputs: "a=1", instance: "n=2").description == "t(a=1)[n=2]")
    }

    @Test func `a chain of ten thousand tasks is planned and run without a deep stack`() async throws {
        let count = 10_000
        let tasks = (0..<count).map { "  t\($0): { \($0 == 0 ? "" : "needs: [ t\($0 - 1) ], ")fake.run: a }\n" }
            .joined()
        let fixture = try EngineFixture("tasks:\n" + tasks)
        let plan = try await fixture.plan(["t\(count - 1)"])
        #expect(plan.tasks.count == count && plan.tasks.last?.id.name == "t\(count - 1)")
        #expect(
            plan.tasks.enumerated().allSatisfy {
                $0.element.needs.flatMap(\.instances) == ($0.offset == 0 ? [] : [$0.offset - 1])
            })
        let result = try await fixture.run(plan)
        #expect(result.finished.outcome == .succeeded && fixture.record.calls.count == count)
    }
}
