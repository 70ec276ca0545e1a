import TestKit
import Testing

/// Promise 1 with the executable: a run starts nothing that its plan did not list, and all that it decided to run.
@Suite struct PlanTruthTests {
    static let recipes = [
        "a: { run: exit 0 }",
        "a: { matrix: { x: [ p, q ], y: [ 1, 2 ] }, if: matrix.x == 'p', steps: [ { run: exit 0 }, { if: matrix.y == 1, run: exit 0 } ] }",
        "a: { steps: [ { id: s, run: echo x, returns: v }, { if: steps.s.outputs.v == 'x', run: exit 0 }, { if: steps.s.outputs.v == 'y', run: exit 1 } ] }",
        "a: { steps: [ { run: exit 0, undo: { run: exit 0 } }, { run: exit 3 } ], on-failure: [ { run: exit 0 } ], finally: [ { run: exit 0 } ] }",
        "a: { needs: [ b ], if: failure(), run: exit 0, finally: [ { run: exit 0 } ] }\n  b: { run: exit 4 }",
        "a: { needs: [ b, c ], if: always(), run: exit 0 }\n  b: { continue-on-error: true, run: exit 4 }\n  c: { if: 1 == 2, run: exit 0 }",
        "a: { needs: [ b ], run: exit 0, undo: { run: exit 0 }, retry: { attempts: 3, delay: 1ms } }\n  b: { retry: { attempts: 2, delay: 1ms }, run: '[ $OPS_ATTEMPT = 2 ]' }",
        "a: { needs: [ b ], run: exit 5 }\n  b: { run: exit 0, undo: { through: a, run: exit 0 } }",
        "a: { timeout: 50ms, run: sleep 9, on-failure: [ { run: exit 0 } ] }",
    ]

    @Test(arguments: recipes, ["", "on-failure: [ { run: exit 0 } ]\nfinally: [ { run: exit 0 } ]\n"])
    func aRunKeepsToItsPlan(_ tasks: String, _ end: String) throws {
        let ops = try OpsProgram("ops: 1\ndefaults: { shell: sh }\n\(end)tasks:\n  \(tasks)\n")
        let first = try ops("a")
        #expect(first.status < 64, "\(first.errorText)")
        try ops("a", "--keep-going", "-j", "4")
        if first.status != 0 { try ops("resume") }
        #expect(try ops.strayFromPlans() == [])
        #expect(try run(["ls", ops.state + "/runs"]).text.split(separator: "\n").count == 2)
    }
}
