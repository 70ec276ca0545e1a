import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections
import TestKit
import Testing

@testable import OpsEngine

/// What of a recipe makes a task stale.
@Suite struct FreshnessDefinitionTests {
    private static func definition(_ yaml: String) throws -> TaskDefinition {
        let fixture = try EngineFixture(yaml)
        let task = try #require(fixture.recipe.tasks["t"])
        return TaskDefinition(
            task, in: fixture.recipe, catalog: fixture.catalog, programs: ProgramPaths(searchPath: "/none"))
    }

    /// Two recipes, and whether the task `t` is defined alike in both.
    static let pairs: [(String, String, isSame: Bool)] = [
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a } }", true),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: b } }", false),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a, timeout: 5s } }", true),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a, name: n, description: d } }", true),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a }, u: { run: x } }", true),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: [ a ] } }", false),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a, shell: sh } }", false),
        ("tasks: { t: { run: a } }", "defaults: { shell: sh }\ntasks: { t: { run: a } }", false),
        ("tasks: { t: { run: a } }", "env: { A: b }\ntasks: { t: { run: a } }", false),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a, env: { A: b } } }", false),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a, stdin: b } }", false),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a, sources: [ b ] } }", false),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a, finally: [ { run: b } ] } }", false),
        ("tasks: { t: { run: a } }", "tasks: { t: { run: a, on-failure: [ { run: b } ] } }", true),
        (
            "tasks: { t: { steps: [ { run: a }, { run: b } ] } }",
            "tasks: { t: { steps: [ { run: b }, { run: a } ] } }", false
        ),
        ("tasks: { t: { fake.run: 5.10 } }", "tasks: { t: { fake.run: 5.1 } }", false),
        ("tasks: { t: { fake.run: a } }", "tasks: { t: { fake.make: { to: a } } }", false),
        (
            "vars: { v: a, w: b }\ntasks: { t: { run: [ \"${{ vars.v }}\" ] } }",
            "vars: { v: a, w: c }\ntasks: { t: { run: [ \"${{ vars.v }}\" ] } }", true
        ),
        (
            "vars: { v: a, w: b }\ntasks: { t: { run: [ \"${{ vars.v }}\" ] } }",
            "vars: { v: x, w: b }\ntasks: { t: { run: [ \"${{ vars.v }}\" ] } }", false
        ),
        (
            "vars: { v: \"${{ vars.w }}\", w: b }\ntasks: { t: { run: [ \"${{ vars.v }}\" ] } }",
            "vars: { v: \"${{ vars.w }}\", w: c }\ntasks: { t: { run: [ \"${{ vars.v }}\" ] } }", false
        ),
        (
            "secrets: { s: \"fake://a\" }\ntasks: { t: { run: a, env: { S: \"${{ secrets.s }}\" } } }",
            "secrets: { s: \"fake://b\" }\ntasks: { t: { run: a, env: { S: \"${{ secrets.s }}\" } } }", false
        ),
    ]

    @Test(arguments: pairs.indices) func theDefinitionIsWhatDecidesTheResult(_ index: Int) throws {
        let (first, second, isSame) = Self.pairs[index]
        let digests = try [first, second].map { try Self.definition($0).digest }
        #expect((digests[0] == digests[1]) == isSame, "\(first)\n\(second)")
    }

    /// A task and the names whose values it uses.
    static let uses: [(String, [String])] = [
        ("tasks: { t: { run: a } }", ["args"]),
        ("inputs: { v: {}, w: {} }\ntasks: { t: { run: [ \"${{ inputs.v }}\" ] } }", ["inputs.v", "args"]),
        ("inputs: { v: {}, w: {} }\ntasks: { t: { run: echo $INPUT_W } }", ["inputs.w", "args"]),
        (
            "inputs: { v: {} }\nvars: { x: \"${{ inputs.v }}\" }\ntasks: { t: { run: [ \"${{ vars.x }}\" ] } }",
            ["inputs.v", "args"]
        ),
        ("env: { A: \"${{ env.B }}\" }\ntasks: { t: { run: a } }", ["env.B", "args"]),
        ("tasks: { t: { matrix: { n: [ 1 ] }, run: a, sources: [ \"${{ matrix.n }}\" ] } }", ["matrix.n", "args"]),
        ("tasks: { t: { if: git.branch == 'x', run: [ \"${{ git.sha }}\" ] } }", ["git.sha", "args"]),
        (
            "tasks: { n: { run: a, returns: o }, t: { needs: [ n ], run: [ \"${{ needs.n.outputs.o }}\" ] } }",
            ["needs.n.outputs.o", "args"]
        ),
    ]

    @Test(arguments: uses.indices) func onlyWhatIsNamedIsUsed(_ index: Int) throws {
        let (yaml, expected) = Self.uses[index]
        #expect(try Self.definition(yaml).uses.map { $0.path.joined(separator: ".") } == expected, "\(yaml)")
    }

    @Test func differencesAreNamed() {
        let cases: [(String, String, String)] = [
            ("\"1.2\"", "\"1.3\"", "the input v is now 1.3 (was 1.2)"), ("1", "[2]", "the input v is now [2] (was 1)"),
            ("\"\"", "\"a\"", "the input v is now a (was \"\")"),
        ]
        for (old, new, text) in cases { #expect(FreshnessFact.difference("the input v", was: old, now: new) == text) }
        let long = FreshnessFact("the script", String(repeating: "x", count: 500))
        #expect(long.text.hasPrefix("sha256:") && long.text.count == 71)
        #expect(FreshnessFact.difference("the script", was: long.text, now: "a") == "the script changed")
    }

    @Test func changesAreCounted() {
        #expect(FileChanges.text([]) == nil)
        #expect(FileChanges.text(["a changed"]) == "a changed")
        #expect(FileChanges.text(["a changed", "b is new"]) == "a changed, b is new")
        #expect(FileChanges.text(["a changed", "b is new", "c is gone", "d"]) == "a changed, b is new and 2 more")
    }

    @Test func whatProducesNamesIsAllThatARunStepWrites() {
        var step = Self.step([Effect(.execute, "make")])
        var settled = SettledPaths(project: "/p")
        #expect(settled.isEmpty && settled.isSettled("/p/a"))
        settled.add(step, produces: [], project: "/p")
        #expect(settled.isEmpty)
        settled.add(step, produces: ["/p/out/app"], project: "/p")
        let cases = [
            ("/p/out/app", false), ("/p/out", false), ("/p", false), ("/", false), ("/p/out/app/below", false),
            ("/p/out/other", true), ("/p/outer", true), ("/p/src", true), ("/q", true),
        ]
        for (path, expected) in cases { #expect(settled.isSettled(path) == expected, "\(path)") }
        step = Self.step([Effect(.write, "rel"), Effect(.read, "src")])
        settled.add(step, produces: [], project: "/p")
        #expect(!settled.isSettled("/p/dir/rel") && settled.isSettled("/p/dir/src"))
        settled.add(Self.step([Effect(.execute, "x")]), produces: nil, project: "/p")
        #expect(!settled.isSettled("/p/src") && settled.isSettled("/q"))
    }

    private static func step(_ effects: [Effect]) -> PlannedStep {
        let place = SourcePosition(line: 1, column: 1)
        let range = SourceRange(file: "f", start: place, end: place)
        let call = ActionCall(name: "run", nameRange: range, arguments: Template(.literal(.null), range))
        return PlannedStep(
            id: StepID(task: nil, index: 0), definition: Step(action: call, range: range), decision: .run, name: nil,
            summary: "", directory: "/p/dir", shell: [], timeout: nil, files: [:], effects: effects, outputs: [:],
            secrets: [])
    }
}
