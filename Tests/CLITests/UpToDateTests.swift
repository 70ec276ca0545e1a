import OpsCore
import TestKit
import Testing

/// `sources`, `produces` and `--force` through the program.
@Suite struct UpToDateTests {
    private static let recipe = """
        ops: 1
        inputs: { version: { default: "1.2" }, unused: { default: a } }
        env: { MODE: fast }
        tasks:
          build:
            sources: [ "src/**/*.txt" ]
            produces: [ out/app ]
            env: { VERSION: "${{ inputs.version }}" }
            run: |
              echo run >> log
              mkdir -p out; cat src/*.txt > out/app; echo $VERSION >> out/app
        """

    @Test func runsOnceWhileNothingChanges() throws {
        let ops = try OpsProgram.withSources(Self.recipe)
        #expect(try ops.reason("build") == "it has not succeeded here before")
        #expect(try ops("build").status == 0)
        let second = try ops("build")
        #expect(second.status == 0)
        #expect(second.text == "✓ build  up to date\n")
        #expect(try ops("build").text == "✓ build  up to date\n")
        #expect(ops.runs == 1)
    }

    @Test func thePlanShowsIt() throws {
        let ops = try OpsProgram.withSources(Self.recipe)
        try ops("build")
        let plan = try ops("plan", "build")
        #expect(plan.text.contains("✓ build\n    up to date\n"), "\(plan.text)")
        #expect(plan.text.contains("1 up-to-date. Nothing was run."))
        try ops.write("src/a.txt", "x\n")
        #expect(try ops("plan", "build").text.contains("● build\n    because src/a.txt changed\n"))
    }

    /// What is done to the project, and what the plan says then.
    static let changes: [(String, reason: String?)] = [
        ("touch src/a.txt", nil), ("touch -d 2001-01-01 out/app", nil), ("cp -p src/a.txt x; mv x src/a.txt", nil),
        ("echo x > other", nil), ("echo x > src/c.md", nil), ("echo x > out/other", nil),
        ("echo x > src/a.txt", "src/a.txt changed"), ("echo c > src/c.txt", "src/c.txt is new"),
        ("mkdir src/d; echo c > src/d/a.txt", "src/d/a.txt is new"), ("rm src/b.txt", "src/b.txt is gone"),
        ("mv src/a.txt src/z.txt", "src/a.txt is gone, src/z.txt is new"), ("chmod +x src/a.txt", "src/a.txt changed"),
        ("rm out/app", "out/app is gone"), ("echo x > out/app", "out/app changed"),
        ("rm src/a.txt; ln -s b.txt src/a.txt", "src/a.txt changed"),
        ("sed -i 's/echo run/echo   run/' ops.yaml", "the script changed"),
        ("sed -i 's/MODE: fast/MODE: slow/' ops.yaml", "the variable MODE is now slow (was fast)"),
        ("sed -i 's/default: \"1.2\"/default: \"1.3\"/' ops.yaml", "the input version is now 1.3 (was 1.2)"),
        ("sed -i 's/default: a/default: b/' ops.yaml", nil),
        ("sed -i 's/    run: |/    timeout: 5m\\n    run: |/' ops.yaml", nil),
        ("sed -i 's/    run: |/    shell: sh\\n    run: |/' ops.yaml", "the shell is now sh (was bash)"),
        ("sed -i 's/    run: |/    dir: .\\/src\\/..\\n    run: |/' ops.yaml", "its folder is new"),
        ("sed -i 's/VERSION: \"/V: x, VERSION: \"/' ops.yaml", "the variable V is new"),
    ]

    @Test(arguments: changes.indices) func tellsWhatChanged(_ index: Int) throws {
        let (script, expected) = Self.changes[index]
        let ops = try OpsProgram.withSources(Self.recipe)
        try ops("build")
        try TestKit.run(["bash", "-ec", script], in: ops.project)
        let found = try ops.reason("build")
        if let expected { #expect(found?.contains(expected) == true, "\(script): \(found ?? "up to date")") }
        if expected == nil { #expect(found == nil, "\(script)") }
        try ops("build")
        #expect(ops.runs == (expected == nil ? 1 : 2), "\(script)")
        #expect(try ops("build").text == "✓ build  up to date\n", "\(script)")
    }

    @Test func inputsOfTheCommandLineCount() throws {
        let ops = try OpsProgram.withSources(Self.recipe)
        try ops("build", "version=2")
        #expect(try ops.reason("build", "version=2") == nil)
        #expect(try ops.reason("build", "version=3") == "the input version is now 3 (was 2)")
        #expect(try ops.reason("build", "version=2", "unused=x") == nil)
    }

    @Test func theCallersEnvironmentDoesNotCountUnlessNamed() throws {
        let ops = try OpsProgram.withSources(
            """
            ops: 1
            tasks:
              build: { produces: [ out ], env: { A: "${{ env.NAMED }}" }, run: "echo run >> log; echo $A > out" }
            """)
        try ops("build", environment: ["NAMED": "x"])
        try ops("build", environment: ["NAMED": "x", "OTHER": "y"])
        #expect(ops.runs == 1)
        try ops("build", environment: ["NAMED": "z"])
        #expect(ops.runs == 2)
    }

    @Test func argumentsCount() throws {
        let ops = try OpsProgram.withSources(
            "ops: 1\ntasks: { build: { sources: src, produces: [], run: 'echo run >> log; echo \"$@\"' } }")
        try ops("build", "--", "a")
        try ops("build", "--", "a")
        #expect(ops.runs == 1)
        try ops("build", "--", "b")
        #expect(ops.runs == 2)
    }

    @Test func outputsAreThoseRecorded() throws {
        let ops = try OpsProgram.withSources(
            """
            ops: 1
            tasks:
              make: { sources: src/a.txt, produces: [], run: "echo run >> log; date +%N", returns: stamp }
              use:
                needs: [ make ]
                produces: [ used ]
                env: { STAMP: "${{ needs.make.outputs.stamp }}" }
                run: echo use >> uses; echo $STAMP > used
            """)
        try ops("use")
        let stamp = try ops.text("used")
        #expect(stamp.count > 5)
        try ops.write("used", "")
        #expect(try ops("use").status == 0)
        #expect(try ops.text("used") == stamp)
        #expect(ops.runs == 1)
        // A need that ran does not make it stale; its output does.
        try ops.write("src/a.txt", "x")
        #expect(try ops("use").text.contains("✓ use"))
        #expect(try ops.text("used") != stamp)
        #expect(try ops.text("uses") == "use\nuse\nuse\n")
    }

    @Test func aNeedThatRanDoesNotMakeItStale() throws {
        let ops = try OpsProgram.withSources(
            """
            ops: 1
            tasks:
              prepare: { produces: [], run: echo prepare >> prepared }
              gather: { needs: [ prepare ], run: "echo x > src/z.txt; echo x > /dev/null" }
              build: { needs: [ gather ], sources: "src/*.txt", produces: [ out ], run: "echo run >> log; cp src/a.txt out" }
            """)
        try ops("build")
        // `gather` may write anywhere, so that only the run can tell.
        let plan = try ops("plan", "build")
        #expect(plan.text.contains("undecided: if a task before it changes src/*.txt"), "\(plan.text)")
        let second = try ops("build")
        #expect(second.text.contains("✓ build  up to date"), "\(second.text)")
        #expect(ops.runs == 1)
    }

    @Test func whatItMakesIsNotAmongItsSources() throws {
        let ops = try OpsProgram.withSources(
            "ops: 1\ntasks: { build: { sources: '**', produces: [ log, out ], run: 'echo run >> log; date +%N > out' } }"
        )
        try ops("build")
        try ops("build")
        #expect(ops.runs == 1)
    }

    @Test func forceRunsItAndRecords() throws {
        let ops = try OpsProgram.withSources(Self.recipe)
        try ops("build")
        #expect(try ops("run", "--force", "build").text.contains("✓ build"))
        #expect(ops.runs == 2)
        try ops("build", environment: ["OPS_FORCE": "1"])
        #expect(ops.runs == 3)
        #expect(try ops("build").text == "✓ build  up to date\n")
    }

    @Test func runWithoutEitherAlwaysRuns() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { build: { run: echo run >> log } }")
        try ops("build")
        try ops("build")
        #expect(ops.runs == 2)
    }

    @Test func whatUsesTheRunAlwaysRuns() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { build: { produces: [], env: { R: '${{ run.id }}' }, run: echo run >> log } }")
        try ops("build")
        #expect(try ops.reason("build") == "it uses run.id, which is another in each run")
        try ops("build")
        #expect(ops.runs == 2)
    }

    @Test func actionsAreUpToDateByWhatTheyReadAndWrite() throws {
        let ops = try OpsProgram.withSources(
            """
            ops: 1
            tasks:
              bundle: { archive.create: { output: out.tar, files: [ { from: src } ] } }
              all: { needs: [ bundle ], run: 'echo ${{ "x" }} > /dev/null' }
            """.replacing("'echo ${{ \"x\" }} > /dev/null'", with: "echo x > seen"))
        try ops("all")
        #expect(try ops("plan", "all").text.contains("✓ bundle\n    up to date"))
        #expect(try ops("bundle").text == "✓ bundle  up to date\n")
        try ops.write("src/c.txt", "c")
        #expect(try ops.reason("bundle")?.contains("src/c.txt is new") == true)
        try ops("bundle")
        try TestKit.run(["rm", "out.tar"], in: ops.project)
        #expect(try ops.reason("bundle")?.contains("out.tar is gone") == true)
        try ops("bundle")
        #expect(ops.exists("out.tar"))
    }

    @Test func matrixInstancesAreCheckedOneByOne() throws {
        let ops = try OpsProgram.withSources(
            """
            ops: 1
            tasks:
              build:
                matrix: { name: [ a, b ] }
                sources: "src/${{ matrix.name }}.txt"
                produces: [ "out/${{ matrix.name }}" ]
                env: { NAME: "${{ matrix.name }}" }
                run: "echo run >> log; mkdir -p out; cp src/$NAME.txt out/$NAME"
            """)
        try ops("build")
        try ops.write("src/b.txt", "new")
        let second = try ops("build")
        #expect(ops.runs == 3)
        #expect(second.text.contains("1 up to date, 1 succeeded"), "\(second.text)")
        #expect(try ops("plan", "build").text.contains("2 tasks: 2 up-to-date."))
    }
}
