import Glibc
import OpsCore
import TestKit
import Testing

/// A task is up to date only after it has succeeded, whatever happens meanwhile; its records hold no secret.
@Suite struct UpToDateSafetyTests {
    @Test func aFailureIsNotRecorded() throws {
        let ops = try OpsProgram.withSources(
            "ops: 1\ntasks: { build: { sources: src, produces: [], run: 'echo run >> log; test ! -e fail' } }")
        try ops.write("fail", "")
        #expect(try ops("build").status == 1)
        try TestKit.run(["rm", "fail"], in: ops.project)
        #expect(try ops("build").status == 0)
        #expect(try ops("build").text == "✓ build  up to date\n")
        #expect(ops.runs == 2)
    }

    @Test func aKilledRunIsNotRecorded() throws {
        let ops = try OpsProgram.withSources(
            "ops: 1\ntasks: { build: { sources: src, produces: [], run: 'echo run >> log; test -e go || { touch waits; sleep 60; }' } }"
        )
        let running = try ops.start(["build"])
        try running.wait(for: ops.project + "/waits")
        running.signal(SIGKILL)
        _ = try running.end()
        try ops.write("go", "")
        #expect(try ops.reason("build") == "it has not succeeded here before")
        try ops("build")
        #expect(ops.runs == 2)
    }

    @Test func aSourceThatChangesMeanwhileMakesItStale() throws {
        let ops = try OpsProgram.withSources(
            "ops: 1\ntasks: { build: { sources: src, produces: [], run: 'echo run >> log; echo more >> src/a.txt' } }")
        try ops("build")
        #expect(try ops.reason("build") == "src/a.txt changed")
    }

    @Test func noRecordHoldsASecret() throws {
        let ops = try OpsProgram.withSources(
            """
            ops: 1
            secrets: { token: "env://TOKEN" }
            tasks:
              build:
                produces: [ out ]
                env: { TOKEN: "${{ secrets.token }}", PLAIN: "${{ inputs.plain }}" }
                run: "echo run >> log; echo x > out"
              leak:
                produces: [ leaked ]
                run: "echo run >> log; echo $TOKEN | tee leaked"
                env: { TOKEN: "${{ secrets.token }}" }
                returns: text
            inputs: { plain: { default: "" } }
            """)
        let environment: [String: String?] = ["TOKEN": "hunter2-hunter2"]
        try ops.run(["build", "leak", "plain=hunter2-hunter2"], environment: environment)
        let found = try TestKit.run(["grep", "-rlE", "hunter2|aHVudGVyMi1odW50ZXIy", ops.state + "/fresh"])
        #expect(found.text == "")
        #expect(try TestKit.run(["find", ops.state + "/fresh", "-type", "f"]).text != "")
        try ops.run(["build"], environment: environment)
        try ops.run(["build"], environment: ["TOKEN": "another-one"])
        try ops.run(["leak"], environment: environment)
        // `build` with and without `plain`; `leak` twice: its output is a secret.
        #expect(ops.runs == 4)
        let plan = try ops.run(["plan", "leak"], environment: environment)
        #expect(plan.text.contains("because its output text is a secret, which is not kept"), "\(plan.text)")
    }

    @Test func aGlobWithoutMatchIsAnError() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { build: { sources: 'src/*.c', run: 'true' } }")
        let result = try ops("build")
        #expect(result.status == 2)
        #expect(result.errorText.contains("nothing matches 'src/*.c'"))
        #expect(result.errorText.contains("ops.yaml:2"))
    }

    @Test func aTaskThatDoesNotMakeWhatItDeclaresFails() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { build: { produces: [ dist/app ], run: 'true' } }")
        let result = try ops("build")
        #expect(result.status == 1)
        #expect(result.text.contains("it did not make 'dist/app', which its 'produces' names"), "\(result.text)")
    }

    /// Two processes at a time, all on one fingerprint: each new content is made once.
    @Test func racingProcessesNeverBothRun() throws {
        let ops = try OpsProgram.withSources(
            """
            ops: 1
            defaults: { shell: sh }
            tasks:
              build: { sources: src/a.txt, produces: [], run: "cat src/a.txt >> made" }
            """)
        let rounds = 500
        let script = """
            for i in $(seq \(rounds)); do
              echo $i > src/a.txt
              "$0" run -q build & first=$!
              "$0" run -q build || exit 1
              wait $first || exit 1
            done
            """
        let command = ops.command([])
        let variables = Array(command.dropLast())
        let result = try TestKit.run(variables + ["bash", "-c", script, OpsProgram.path])
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(try ops.text("made") == (1...rounds).map { "\($0)\n" }.joined())
    }
}
