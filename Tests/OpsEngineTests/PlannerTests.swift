import OpsCore
import OpsEngine
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@Suite struct PlannerTests {
    @Test func `each task stands behind all it needs`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              d: { needs: [ b, c ], run: d }
              c: { needs: [ a ], run: c }
              b: { needs: [ a ], run: b }
              a: { run: a }
              other: { run: other }
            """)
        #expect(try await fixture.plan(["d"]).tasks.map(\.id.name) == ["a", "b", "c", "d"])
        #expect(try await fixture.plan(["c", "d"]).tasks.map(\.id.name) == ["a", "c", "b", "d"])
    }

    @Test func `an unknown task is named with the nearest one`() async throws {
        let fixture = try EngineFixture("tasks: { build: { run: a } }")
        let found = await diagnostics { _ = try await fixture.plan(["biuld"]) }
        #expect(found.map(\.code) == ["unknown-task"])
        #expect(found.first?.hint == "did you mean 'build'?")
    }

    @Test func `a matrix is a product of its axes, the last changing fastest`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              m: { matrix: { os: [ linux, mac ], n: [ 1, 5.10 ] }, fake.run: "${{ matrix.os }}-${{ matrix.n }}" }
              rows: { matrix: [ { a: x }, { a: y, b: 2 } ], run: r }
              after: { needs: [ m ], run: after }
            """)
        let plan = try await fixture.plan(["after", "rows"])
        #expect(
            plan.tasks.map(\.id.description) == [
                "m[os=linux,n=1]", "m[os=linux,n=5.10]", "m[os=mac,n=1]", "m[os=mac,n=5.10]", "after", "rows[a=x]",
                "rows[a=y,b=2]",
            ])
        #expect(plan.task("after")?.needs.first?.instances == [0, 1, 2, 3])
        #expect(plan.task("m[os=mac,n=5.10]")?.steps.first?.summary == "fake.run mac-5.10")
    }

    @Test(arguments: [
        ("{ n: \"${{ inputs.many }}\" }", "the matrix has more than 1000 instances"),
        ("{ n: [ a, a ] }", "two instances of the matrix are the same: n=a"),
        ("{ n: \"${{ needs.first.outputs.x }}\" }", "must be known when planned"),
        ("{ n: \"${{ inputs.none }}\" }", "'n' is empty"),
    ])
    func `a matrix that cannot be is a diagnostic`(_ matrix: String, _ message: String) async throws {
        let fixture = try EngineFixture(
            """
            inputs: { many: { type: list }, none: { type: list } }
            tasks:
              first: { run: a, returns: { x: list } }
              m: { needs: [ first ], matrix: \(matrix), run: b }
            """)
        let many = Value.list((0...1000).map { .integer($0) })
        let found = await diagnostics {
            _ = try await fixture.plan(["m"], inputs: ["many": many, "none": .list([])])
        }
        #expect(found.count == 1)
        #expect(found.first?.message.contains(message) == true, "\(found)")
    }

    @Test(arguments: [
        ("1 == 1", "run", nil), ("1 == 2", "skipped", "1 == 2 is false"),
        ("needs.a.outputs.x == 'y'", "undecided", "needs.a.outputs.x == 'y'"),
        ("inputs.no && needs.a.outputs.x == 'y'", "skipped", nil),
        ("needs.a.outputs.x == 'y' && inputs.no", "skipped", nil),
        ("inputs.yes || needs.a.outputs.x == 'y'", "run", nil),
        ("if(inputs.yes, inputs.no, needs.a.outputs.x == 'y')", "skipped", nil),
        ("if(inputs.no, inputs.no, needs.a.outputs.x == 'y')", "undecided", nil),
        ("needs.a.result == 'succeeded'", "undecided", nil), ("failure()", "on-failure", "failure()"),
        ("always()", "run", nil), ("always() && inputs.no", "skipped", nil), ("run.id == 'x'", "undecided", nil),
        ("secrets.there != null", "run", nil), ("secrets.gone != null", "skipped", nil),
        ("secrets.maybe != null", "undecided", nil),
    ])
    func `a condition is decided once a known side settles it`(
        _ condition: String, _ decision: String, _ detail: String?
    ) async throws {
        let fixture = try EngineFixture(
            """
            inputs: { yes: { type: boolean }, no: { type: boolean } }
            secrets:
              there: fake://there
              gone: { from: "fake://gone", optional: true }
              maybe: { from: "fake://maybe", optional: true }
            tasks:
              a: { run: a, returns: x }
              b: { needs: [ a ], if: "\(condition)", run: b }
            """)
        let plan = try await fixture.plan(["b"], inputs: ["yes": .boolean(true), "no": .boolean(false)])
        let task = try #require(plan.task("b"))
        #expect(task.decision.name == decision)
        if let detail { #expect(task.decision.detail == detail) }
    }

    @Test func `a skip says which secret or input is not there`() async throws {
        let fixture = try EngineFixture(
            """
            inputs: { host: { type: string, default: null } }
            secrets: { hook: { from: "fake://gone", optional: true } }
            tasks:
              a: { if: secrets.hook != null, run: a }
              b: { if: inputs.host != null, run: b }
            """)
        let plan = try await fixture.plan(["a", "b"], inputs: ["host": .null])
        #expect(plan.task("a")?.decision.detail == "secrets.hook != null is false: nothing at fake://gone")
        #expect(plan.task("b")?.decision.detail == "inputs.host != null is false: host=… is not given")
    }

    @Test func `what may not run gives unknown outputs, what is skipped null`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              sure: { fake.make: { to: s } }
              maybe: { if: run.id == 'x', fake.make: { to: m } }
              tolerated: { continue-on-error: true, fake.make: { to: t } }
              skipped: { if: 1 == 2, fake.make: { to: k } }
              end:
                needs: [ sure, maybe, tolerated, skipped ]
                steps:
                  - { id: one, if: needs.sure.outputs.digest != '', run: x }
                  - { id: two, if: needs.maybe.outputs.digest != '', run: x }
                  - { id: three, if: needs.tolerated.outputs.digest != '', run: x }
                  - { id: four, if: needs.skipped.result == 'skipped', run: x }
            """)
        let plan = try await fixture.plan(["end"])
        #expect(
            plan.task("end")?.steps.map(\.decision.name) == ["run", "undecided", "undecided", "run"])
    }

    @Test func `an action on a path that an earlier step may write plans unknown outputs`() async throws {
        let fixture = try EngineFixture(
            """
            tasks:
              script: { run: anything }
              one: { fake.make: { to: dist/one } }
              two: { needs: [ one ], fake.make: { from: dist/one, to: two } }
              three: { fake.make: { from: other, to: three } }
              four: { needs: [ script ], fake.make: { from: other, to: four } }
              five: { needs: [ script ], fake.make: { from: /etc/hostname, to: five } }
            """)
        func isKnown(_ plan: Plan, _ task: String) -> Bool {
            plan.task(task)?.outputs["digest"].map { !$0.containsUnknown } ?? false
        }
        let plan = try await fixture.plan(["two", "three"])
        #expect(isKnown(plan, "one"))
        #expect(!isKnown(plan, "two"))
        #expect(isKnown(plan, "three"))
        let behind = try await fixture.plan(["four", "five"])
        #expect(!isKnown(behind, "four"))
        #expect(isKnown(behind, "five"))
    }

    @Test func `secrets are planned by what can be said of them, and only those that are used`() async throws {
        let fixture = try EngineFixture(
            """
            secrets:
              first: { from: [ "fake://gone", "fake://there" ] }
              lost: fake://gone
              maybe: { from: [ "fake://gone", "fake://who-knows" ] }
              unused: fake://there
            tasks: { a: { env: { A: "${{ secrets.first }}", B: "${{ secrets.lost }}" }, fake.run: { password: "${{ secrets.maybe }}" } } }
            """)
        let plan = try await fixture.plan(["a"])
        #expect(plan.secrets.map(\.name) == ["first", "lost", "maybe"])
        #expect(plan.secrets.map(\.presence) == [.present, .missing, .unknown])
        #expect(plan.task("a")?.steps.first?.secrets == ["first", "lost", "maybe"])
    }

    @Test(arguments: [
        "fake.run: \"${{ secrets.s }}\"", "fake.run: { command: \"x${{ secrets.s }}\" }",
        "{ run: a, dir: \"${{ secrets.s }}\" }",
        "{ run: a, matrix: { x: [ \"${{ secrets.s }}\" ] } }", "{ run: a, confirm: \"${{ secrets.s }}?\" }",
        "{ fake.make: { to: \"${{ vars.v }}\" } }",
    ])
    func `a secret that flows where it may not is refused with its place`(_ task: String) async throws {
        let body = task.hasPrefix("{") ? task : "{ \(task) }"
        let found = await diagnostics {
            let fixture = try EngineFixture(
                "secrets: { s: \"fake://there\" }\nvars: { v: \"${{ secrets.s }}\" }\ntasks: { a: \(body) }")
            _ = try await fixture.plan(["a"])
        }
        #expect(found.contains { $0.code.contains("secret") && $0.range != nil }, "\(found)")
    }

    @Test func `the base environment: dotenv, the caller's, inputs; ops's own and withheld names go`() async throws {
        let folder = try TemporaryFolder()
        try folder.write(".env", "A=dotenv\nB=dotenv\n")
        let fixture = try EngineFixture(
            """
            inputs: { image-tag: { type: string }, items: { type: list } }
            secrets: { s: { from: "fake://there" } }
            dotenv: [ .env, missing.env ]
            tasks: { a: { run: a } }
            """, in: folder)
        let plan = try await fixture.plan(
            ["a"], inputs: ["image-tag": .string("5.10"), "items": .list([.string("x")])],
            environment: ["B": "caller", "OPS_JOBS": "3", "OPS_INPUT_X": "y", "OPS_OTHER": "kept"],
            ownVariables: ["OPS_JOBS"])
        #expect(
            plan.environment.variables == [
                "A": "dotenv", "B": "caller", "OPS_OTHER": "kept", "INPUT_IMAGE_TAG": "5.10", "INPUT_ITEMS": "[\"x\"]",
            ])
    }

    @Test(arguments: ["folder", "loop"])
    func `a dotenv file that is there but cannot be read is an error with its place`(
        _ name: String
    ) async throws {
        let folder = try TemporaryFolder()
        try folder.write("folder/file", "")
        try run(["ln", "-s", "loop", "loop"], in: folder.path)
        let fixture = try EngineFixture("dotenv: [ \(name) ]\ntasks: { a: { run: a } }", in: folder)
        let found = await diagnostics { _ = try await fixture.plan(["a"]) }
        #expect(found.count == 1)
        #expect(found.first?.range?.start.line == 2)
    }
}
