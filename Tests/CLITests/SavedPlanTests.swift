import TestKit
import Testing

/// `ops plan --out` and `ops run --plan`: exactly that plan, or what has drifted.
@Suite struct SavedPlanTests {
    private static let recipe = """
        ops: 1
        defaults: { shell: sh }
        inputs: { version: { default: "1" }, from: { type: path, default: data } }
        tasks:
          a: { run: 'echo "a $V" >> log', env: { V: "${{ inputs.version }}" } }
          b: { needs: [ a ], if: env.SKIP_B != 'yes', run: [ sh, -c, 'echo "b $*" >> log', sh, "${{ args }}" ] }
          pack: { archive.create: { output: out.tar, files: [ { from: "${{ inputs.from }}", to: x } ] } }

        """

    private func planned(_ words: [String], environment: [String: String?] = [:]) throws -> OpsProgram {
        let ops = try OpsProgram(Self.recipe)
        try ops.write("data/one", "1")
        let result = try ops.run(["plan"] + words, environment: environment)
        #expect(result.status == 0, "\(result.errorText)")
        return ops
    }

    @Test func thePlanIsRunAsItWasMade() throws {
        let ops = try planned(["b", "version=2", "--out", "p.json", "--", "x", "y"])
        let result = try ops("run", "--plan", "p.json")
        #expect(result.status == 0, "\(result.errorText)")
        #expect(try ops.text("log") == "a 2\nb x y\n")
        #expect(try ops("run", "--plan", "p.json", "--dry-run").status == 0)
        #expect(try ops.run(["run", "--plan", ops.project + "/p.json"], in: "/").status == 0)
    }

    @Test func theSameInputGivesTheSameBytesAndNoTime() throws {
        let ops = try planned(["b", "--out", "p.json"])
        try ops("plan", "b", "--out", "q.json")
        #expect(try ops.text("p.json") == ops.text("q.json"))
        #expect(try ops("plan", "b", "--format", "json").text == ops.text("p.json"))
        #expect(try ops.text("p.json").contains(#""schema": "ops/plan/v1""#))
    }

    @Test(arguments: [
        ("recipe ops.yaml changed", "echo '# x' >> ops.yaml"),
        ("task a, step 1: effects was execute echo", "sed -i 's/echo \"a/echo \"c/' ops.yaml"),
        ("task b, step 1 is new", "sed -i 's/  b: .*/  b: { needs: [ a ], steps: [ { run: x } ] }/' ops.yaml; true"),
        ("task a is gone", "sed -i 's/needs: . a ., //' ops.yaml"),
    ])
    func aDriftIsNamed(_ line: String, _ change: String) throws {
        let ops = try planned(["b", "--out", "p.json"])
        try run(["sh", "-c", "cd \(ops.project) && \(change)"])
        let result = try ops("run", "--plan", "p.json")
        #expect(result.status == 2)
        if line.contains("is new") {
            #expect(result.errorText.contains("recipe ops.yaml changed"))
        } else {
            #expect(result.errorText.contains("ops: error: \(line)"), "\(result.errorText)")
        }
        #expect(result.errorText.hasPrefix("ops: error: p.json is not what would run now\n"))
        #expect(!ops.exists("log"))
    }

    @Test func aDecisionThatIsAnotherIsNamed() throws {
        let ops = try planned(["b", "--out", "p.json"])
        let result = try ops("run", "--plan", "p.json", environment: ["SKIP_B": "yes"])
        #expect(result.status == 2)
        #expect(result.errorText.contains("ops: error: task b: decision was run, is skipped\n"), "\(result.errorText)")
    }

    @Test func aSettledFileThatIsAnotherIsNamed() throws {
        let ops = try planned(["pack", "--out", "p.json"])
        try ops.write("data/two", "12345")
        let result = try ops("run", "--plan", "p.json")
        #expect(result.status == 2)
        #expect(result.errorText.contains("ops: error: task pack, step 1: "), "\(result.errorText)")
        #expect(!ops.exists("out.tar"))
    }

    @Test func anInputVariableOrFileThatIsAnotherIsNamed() throws {
        let ops = try planned(["a", "--out", "p.json"], environment: ["OPS_INPUT_VERSION": "5"])
        let other = try ops("run", "--plan", "p.json", environment: ["OPS_INPUT_VERSION": "6"])
        #expect(other.errorText.contains("ops: error: OPS_INPUT_VERSION was 5, is 6\n"), "\(other.errorText)")
        #expect(other.status == 2)
        #expect(try ops("run", "--plan", "p.json").status == 0)
        #expect(try ops.text("log") == "a 5\n")
        try ops.write("in.yaml", "version: '7'\n")
        try ops("plan", "a", "--inputs", "in.yaml", "--out", "q.json")
        try ops.write("in.yaml", "version: '8'\n")
        let file = try ops("run", "--plan", "q.json")
        #expect(file.status == 2)
        #expect(file.errorText.contains("ops: error: the file of inputs in.yaml changed\n"), "\(file.errorText)")
    }

    @Test func whatElseIsAskedForIsAWrongUse() throws {
        let ops = try planned(["a", "--out", "p.json"])
        for words in [["a"], ["version=3"], ["-f", "ops.yaml"], ["-C", "."], ["--inputs", "x"], ["--", "y"]] {
            let result = try ops.run(["run", "--plan", "p.json"] + words)
            #expect(result.status == 64, "\(words) \(result.errorText)")
        }
    }

    @Test func aFileThatIsNoPlanOrWasChangedIsRefused() throws {
        let ops = try planned(["a", "--out", "p.json"])
        try ops.write("q.json", try ops.text("p.json").replacing("sh script", with: "sh scripT"))
        let changed = try ops("run", "--plan", "q.json")
        #expect(changed.errorText.contains("q.json was changed after it was written"), "\(changed.errorText)")
        #expect(changed.status == 2)
        try ops.write("r.json", "{}")
        #expect(try ops("run", "--plan", "r.json").errorText.contains("r.json is not a plan"))
        #expect(try ops("run", "--plan", "none.json").status == 2)
        try ops.write("s.json", try ops.text("p.json").replacing("ops/plan/v1", with: "ops/plan/v9"))
        #expect(try ops("run", "--plan", "s.json").errorText.contains("a plan of the form 'ops/plan/v9'"))
    }

    @Test func aPlanHoldsNoSecret() throws {
        let recipe = """
            ops: 1
            secrets: { word: env://WORD, maybe: { from: [ env://MAYBE ], optional: true } }
            tasks:
              a: { run: 'echo ${#WORD} >> log', env: { WORD: "${{ secrets.word }}" } }
              b: { needs: [ a ], if: secrets.maybe != null, run: 'echo b >> log' }

            """
        let ops = try OpsProgram(recipe)
        let secret: [String: String?] = ["WORD": "s3cret-word", "MAYBE": "s3cret-too"]
        try ops("plan", "b", "--out", "p.json", environment: secret)
        #expect(!(try ops.text("p.json").contains("s3cret")))
        #expect(try ops("run", "--plan", "p.json", environment: secret).status == 0)
        #expect(try run(["grep", "-r", "s3cret", ops.state]).status == 1)
        let drifted = try ops("run", "--plan", "p.json", environment: ["WORD": "s3cret-word"])
        #expect(drifted.errorText.contains("task b: decision was run, is skipped"), "\(drifted.errorText)")
    }
}
