import TestKit
import Testing

/// What a step's environment holds, and where from.
@Suite struct EnvironmentTests {
    /// The value that the step sees of `V`, given which layers set it; each layer's value is its name.
    @Test(arguments: [
        (["dotenv"], "dotenv"), (["dotenv", "caller"], "caller"), (["dotenv", "caller", "recipe"], "recipe"),
        (["dotenv", "caller", "recipe", "task"], "task"), (["dotenv", "caller", "recipe", "task", "step"], "step"),
        (["step", "dotenv"], "step"), (["task", "caller"], "task"), ([], "unset"),
    ])
    func theLaterLayerWins(layers: [String], expected: String) throws {
        func layer(_ name: String) -> String { layers.contains(name) ? "{ V: \(name) }" : "{}" }
        let ops = try OpsProgram(
            """
            ops: 1
            dotenv: [ .env, missing.env ]
            env: \(layer("recipe"))
            tasks:
              t:
                env: \(layer("task"))
                steps: [ { run: 'echo "${V-unset}"', env: \(layer("step")) } ]

            """)
        if layers.contains("dotenv") { try ops.write(".env", "# a comment\nV=dotenv\n") }
        let environment: [String: String?] = layers.contains("caller") ? ["V": "caller"] : [:]
        let result = try ops("t", "--stream", "raw", environment: environment)
        #expect(result.text == expected + "\n")
        #expect(result.status == 0)
    }

    @Test(arguments: ["recipe", "task", "step"])
    func nullUnsetsInEveryLayer(layer: String) throws {
        func unset(_ name: String) -> String { layer == name ? "{ V: null }" : "{}" }
        let ops = try OpsProgram(
            """
            ops: 1
            env: \(unset("recipe"))
            tasks:
              t:
                env: \(unset("task"))
                steps: [ { run: 'echo "${V-unset}"', env: \(unset("step")) } ]

            """)
        #expect(try ops("t", "--stream", "raw", environment: ["V": "caller"]).text == "unset\n")
    }

    @Test func aStepSeesTheCallersOwnAndTheContractsVariablesAndNothingElse() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            inputs: { used: { type: string, default: u }, other: { type: string, default: o } }
            secrets: { s: env://TOKEN }
            env: { FROM_RECIPE: "${{ inputs.used }}" }
            tasks:
              t: { run: env | cut -d= -f1 | sort | tr '\\n' ' ' }
              n: { run: 'echo $OTHER', env: { OTHER: "${{ inputs.other }}", S: "${{ secrets.s }}" } }

            """)
        let result = try ops(
            "t", "--stream", "raw",
            environment: [
                "CALLER": "1", "TOKEN": "do-not-leak-me", "OPS_JOBS": "2", "OPS_GRACE": "1s", "OPS_INPUT_USED": "x",
                "OPS_COLOR": "never",
            ])
        #expect(
            result.text == """
                CALLER FROM_RECIPE HOME INPUT_USED LC_ALL OPS_ATTEMPT OPS_OUTPUT OPS_RECIPE_DIR OPS_RUN_ID \
                OPS_STATE_DIR OPS_STEP OPS_TASK OPS_TEMP PATH PWD SHLVL TMPDIR _ \

                """)
    }

    @Test func theContractsVariablesTellTheStep() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                matrix: { arch: [ amd64 ] }
                steps:
                  - { id: first, run: 'echo "$OPS_TASK $OPS_STEP $OPS_ATTEMPT"; echo "$OPS_RECIPE_DIR"; test -d "$OPS_TEMP"' }
                  - run: echo "$OPS_STEP $OPS_RUN_ID"

            """)
        let result = try ops("t", "--stream", "raw")
        #expect(ops.normalized(result.text) == "t[arch=amd64] first 1\nPROJECT\n2 RUN\n")
    }

    @Test func theVariableOfASecretIsWithheldUnlessEnvGivesIt() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks:
              t:
                steps:
                  - run: echo "${TOKEN-withheld}"
                  - run: test "$GIVEN" = do-not-leak-me && echo given
                    env: { GIVEN: "${{ secrets.s }}" }

            """)
        let result = try ops("t", "--stream", "raw", environment: ["TOKEN": "do-not-leak-me"])
        #expect(result.text == "withheld\ngiven\n")
        #expect(result.status == 0)
    }

    @Test func expressionsSeeTheEnvironmentThatTheStepHas() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            dotenv: [ .env ]
            env: { B: "${{ env.A }}-b" }
            tasks: { t: { run: [ echo, "${{ env.A }}", "${{ env.B }}" ] } }

            """)
        try ops.write(".env", "A=a\n")
        #expect(try ops("t", "--stream", "raw").text == "a a-b\n")
    }

    @Test func aStepRunsInTheRecipesFolderOrItsDir() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t: { dir: sub, steps: [ { run: pwd }, { run: pwd, dir: other } ] }
              u: { run: pwd }

            """)
        try ops.write("sub/.keep", "")
        try ops.write("sub/other/.keep", "")
        try ops.write("elsewhere/.keep", "")
        let result = try ops("u", "t", "-j", "1", "--stream", "raw", in: ops.project + "/elsewhere")
        #expect(ops.normalized(result.text) == "PROJECT\nPROJECT/sub\nPROJECT/sub/other\n")
    }

    @Test func `an expression that names a withheld variable is an error that names the secret's way`() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks:
              t: { run: "true", if: env.TOKEN != null }
              given: { run: 'echo "$SAID"', env: { TOKEN: given, SAID: "${{ env.TOKEN }}" } }

            """)
        let result = try ops("plan", "t", environment: ["TOKEN": "a-value-of-it"])
        #expect(result.status == 2)
        #expect(
            result.errorText.hasPrefix(
                "ops.yaml:4:25: error: the variable 'TOKEN' is withheld: a secret is read from it\n"),
            "\(result.errorText)")
        #expect(result.errorText.contains("secrets.NAME != null"))
        #expect(try ops("given", "--stream", "raw", environment: ["TOKEN": "a-value-of-it"]).text == "given\n")
    }

    @Test func `the passphrase that ops opens age files with reaches no step`() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: 'echo \"${OPS_AGE_PASSPHRASE-none}\"' } }\n")
        #expect(
            try ops("t", "--stream", "raw", environment: ["OPS_AGE_PASSPHRASE": "words of it"]).text == "none\n")
    }
}
