import Glibc
import TestKit
import Testing

/// Recipes that include recipes: names, scopes, folders, and what is told where one is wrong.
@Suite struct IncludeTests {
    /// A project whose recipe includes `shared/common.yaml` with a version and a secret.
    private static func project() throws -> OpsProgram {
        let ops = try OpsProgram(
            """
            ops: 1
            name: app
            inputs: { version: { type: string, default: "1.2" } }
            secrets: { t: env://TOKEN }
            vars: { word: outer }
            env: { LAYER: outer }
            include:
              common:
                from: ./shared/common.yaml
                with: { version: "v${{ inputs.version }}" }
                secrets: { token: "${{ secrets.t }}" }
            tasks:
              default:
                needs: [ "common:lint" ]
                run: 'echo "$GOT $LAYER ${INPUT_VERSION-none} $OPS_RECIPE_DIR"'
                env: { GOT: "${{ needs['common:lint'].outputs.word }}" }

            """)
        try ops.write(
            "shared/common.yaml",
            """
            ops: 1
            name: common
            description: Shared by all.
            inputs:
              version: { type: string, pattern: 'v.*' }
              place: { type: string, default: here }
            secrets: { token: env://OTHER }
            vars: { word: inner }
            dotenv: .env
            tasks:
              lint:
                description: Look at it
                returns: word
                run: |
                  echo "$INPUT_VERSION,$WORD,${LAYER-unset},$DOT,$(basename "$PWD"),$(basename "$OPS_RECIPE_DIR")"
                env: { WORD: "${{ vars.word }}" }
              token:
                run: 'echo "token ${#TOKEN_HERE} ${TOKEN-withheld} ${OTHER-withheld}"'
                env: { TOKEN_HERE: "${{ secrets.token }}" }
              _hidden: { run: 'true' }

            """)
        try ops.write("shared/.env", "DOT=dotted\n")
        return ops
    }

    @Test func itsTasksRunInTheirOwnFolderWithTheirOwnScope() throws {
        let ops = try Self.project()
        let result = try ops("--stream", "raw")
        let line = "v1.2,inner,unset,dotted,shared,shared"
        #expect(result.text == "\(line)\n\(line) outer 1.2 \(ops.project)\n", "\(result)")
        #expect(try ops("common:lint", "version=9", "--stream", "raw").text == "v9,inner,unset,dotted,shared,shared\n")
    }

    @Test func aSecretIsTheIncludersAndNamedSo() throws {
        let ops = try Self.project()
        let environment = ["TOKEN": "abcdefghijkl", "OTHER": "x"]
        let result = try ops("common:token", "--stream", "raw", environment: environment)
        #expect(result.text == "token 12 withheld withheld\n", "\(result)")
        let plan = try ops("plan", "common:token", environment: environment).text
        #expect(plan.contains("secret   t from env://TOKEN") && plan.contains("secret   t\n"), "\(plan)")
    }

    @Test func twoRecipesSecretsOfOneNameAreTwo() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { token: env://A }
            include: { b: b.yaml }
            tasks:
              t: { needs: [ "b:t" ], run: 'echo "$S" | tr a-z A-Z; echo "$S"', env: { S: "${{ secrets.token }}" } }

            """)
        try ops.write(
            "b.yaml",
            """
            ops: 1
            secrets: { token: env://B }
            tasks: { t: { run: 'echo "$S" | tr a-z A-Z; echo "$S"', env: { S: "${{ secrets.token }}" } } }

            """)
        let environment = ["A": "first-of-them", "B": "second-of-them"]
        let result = try ops("t", "--stream", "raw", environment: environment)
        #expect(result.text == "SECOND-OF-THEM\n[masked:b:token]\nFIRST-OF-THEM\n[masked:token]\n", "\(result)")
        let missing = try ops("t", environment: ["A": "first-of-them"])
        #expect(missing.errorText.contains("'b:token'") || missing.text.contains("'b:token'"), "\(missing)")
    }

    @Test func listShowGraphAndCompletionNameThem() throws {
        let ops = try Self.project()
        let list = try ops("list").text
        #expect(list == "default\ncommon:lint   Look at it\ncommon:token\n", "\(list)")
        let show = try ops("show", "common:lint").text
        #expect(show.hasPrefix("common:lint  shared/common.yaml:11:3\nLook at it\n"), "\(show)")
        #expect(show.contains("needed by") && show.contains("default") && show.contains("returns: word"))
        #expect(try ops("graph").text.contains("[\"common:lint\"]"))
        #expect(try ops("graph", "--format", "dot").text.contains("\"common:lint\" -> \"default\";"))
        let completion = try ops(
            "---completion", "run", "--", "positional@0", "0", "0", environment: ["SAP_SHELL": "bash"])
        #expect(completion.text.contains("common:lint"), "\(completion)")
        #expect(try ops("plan").text.contains("include  common: from shared/common.yaml"))
    }

    @Test func anUnknownTaskOfAnIncludeHasItsNearestName() throws {
        let ops = try Self.project()
        #expect(
            try ops("common:lnt").errorText
                == "ops: error: shared/common.yaml has no task 'lnt'\n     did you mean 'common:lint'?\n")
        #expect(try ops("comon:lint").errorText.contains("nothing is included as 'comon'"))
        #expect(try ops("common").errorText.contains("it is an include: its tasks are common:lint, common:token"))
    }

    @Test func aDiamondIsOneRecipeAndItsTasksRunOnce() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            include: { a: a.yaml, b: b.yaml, base: base.yaml, other: { from: base.yaml, with: { word: two } } }
            tasks: { all: { needs: [ "a:t", "b:t", "base:count", "other:count" ] } }

            """)
        for name in ["a", "b"] {
            try ops.write(
                "\(name).yaml",
                "ops: 1\ninclude: { x: ./base.yaml }\ntasks: { t: { needs: [ \"x:count\" ], run: echo \(name) } }\n")
        }
        try ops.write(
            "base.yaml",
            """
            ops: 1
            inputs: { word: { default: one } }
            tasks: { count: { run: 'echo "$INPUT_WORD" >> count' } }

            """)
        let result = try ops("all", "--jobs", "1")
        #expect(try ops.text("count") == "one\ntwo\n", "\(result)")
        #expect(result.text.contains("a:x:count") && !result.text.contains("b:x:count"))
        let plan = try ops("plan", "all", "--format", "json").text
        #expect(plan.components(of: "\"prefix\":").count == 6, "\(plan)")
    }

    @Test func aMissingInputIsAnErrorOnlyWhereItIsUsed() throws {
        let ops = try OpsProgram("ops: 1\ninclude: { part: part.yaml }\ntasks: { t: { run: 'true' } }\n")
        try ops.write(
            "part.yaml",
            "ops: 1\ninputs: { a: {}, b: {} }\ntasks: { x: { run: 'echo $INPUT_A $INPUT_B' }, y: { run: 'echo y' } }\n")
        #expect(try ops("part:y").status == 0)
        let result = try ops("part:x")
        #expect(result.status == 2)
        #expect(
            result.errorText == """
                ops.yaml:2:18: error: the recipe 'part.yaml' needs a value for its inputs 'a', 'b'
                    2 | include: { part: part.yaml }
                      |                  ^~~~~~~~~ write { from: part.yaml, with: { a: …, b: … } }

                """)
    }

    @Test func theCommandLineReachesOnlyTheRecipesOwnInputs() throws {
        let ops = try Self.project()
        let result = try ops("common:lint", "place=there")
        #expect(result.status == 2 && result.errorText.contains("'place' is no input of the recipe"))
    }

    @Test func anUndoOfAnIncludedTaskIsDisarmedByItsOwnRecipesTask() throws {
        let ops = try OpsProgram("ops: 1\ninclude: { p: p.yaml }\ntasks: { smoke: { needs: [ \"p:smoke\" ] } }\n")
        try ops.write(
            "p.yaml",
            """
            ops: 1
            inputs: { ok: { default: "no" } }
            tasks:
              roll: { run: 'true', undo: { through: smoke, run: touch undone } }
              smoke: { needs: [ roll ], run: '[ "$INPUT_OK" = yes ]' }

            """)
        #expect(try ops("smoke").status == 1)
        #expect(ops.exists("undone"))
        let good = try OpsProgram(
            """
            ops: 1
            include: { p: { from: p.yaml, with: { ok: "yes" } } }
            tasks: { smoke: { needs: [ "p:smoke" ] } }

            """)
        try good.write("p.yaml", try ops.text("p.yaml"))
        #expect(try good("smoke").status == 0)
        #expect(!good.exists("undone"))
    }

    @Test func anIncludeThroughALinkIsTheSameRecipe() throws {
        let ops = try OpsProgram(
            "ops: 1\ninclude: { a: real/part.yaml, b: link/part.yaml }\ntasks: { t: { needs: [ \"a:x\", \"b:x\" ] } }\n"
        )
        try ops.write("real/part.yaml", "ops: 1\ntasks: { x: { run: pwd -P >> log } }\n")
        symlink("real", ops.project + "/link")
        #expect(try ops("t").status == 0)
        #expect(try ops.text("real/log") == "\(ops.project)/real\n")
    }

    @Test func whatBelongsToARunOfTheIncludedRecipeIsLeftOut() throws {
        let ops = try OpsProgram("ops: 1\ninclude: { part: part.yaml }\ntasks: { t: { needs: [ \"part:x\" ] } }\n")
        try ops.write(
            "part.yaml",
            """
            ops: 1
            inputs: { unused: {} }
            timeout: 1ms
            tasks: { x: { run: sleep 0.1 } }
            finally: [ { run: 'touch ran; echo $INPUT_UNUSED' } ]

            """)
        let result = try ops("t")
        #expect(result.status == 0, "\(result)")
        #expect(!ops.exists("ran"))
    }
}

extension String {
    func components(of word: String) -> [Substring] {
        split(separator: word, omittingEmptySubsequences: false)
    }
}
