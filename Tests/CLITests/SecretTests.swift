import TestKit
import Testing

/// A secret stays in the hands it was given to.
@Suite struct SecretTests {
    private static let value = "hunter2-xyzzy-9"

    /// Every file below the project's state, the project and the log that holds the value.
    private func leaks(_ ops: OpsProgram) throws -> String {
        try run(["grep", "-rl", Self.value, ops.state, ops.project]).text
    }

    private static let recipe = """
        ops: 1
        secrets: { s: env://TOKEN }
        tasks:
          t:
            steps:
              - id: o
                env: { S: "${{ secrets.s }}" }
                returns: { word: string }
                run: |
                  printf 'split: %.6s' "$S"; sleep 0.05; printf '%s\\n' "${S:6}"
                  echo "to standard error: $S" >&2
                  printf 'word=pre-%s\\n' "$S" >> "$OPS_OUTPUT"
              - { run: 'cat; echo', stdin: "${{ secrets.s }}" }
              - { run: 'echo "$W"; echo "the reason is $W" >&2; exit 4', env: { W: "${{ steps.o.outputs.word }}" } }

        """

    @Test(arguments: [
        ["--log-format", "plain"], ["--log-format", "json"], ["--log-format", "github"], ["--log-format", "gitlab"],
        ["--log-format", "pretty"], ["--stream", "raw"], ["--stream", "prefixed"], ["-v"], ["-q"],
    ])
    func noReporterLogJournalOrPlanHoldsIt(words: [String]) throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops.run(["t", "--log-file", "log.jsonl"] + words, environment: ["TOKEN": Self.value])
        #expect(result.status == 1)
        #expect(!result.text.contains(Self.value))
        #expect(!result.errorText.contains(Self.value))
        #expect((result.text + result.errorText).contains("[masked:s]"))
        #expect(try leaks(ops) == "")
        #expect(try ops.text("log.jsonl").contains("[masked:s]"))
        #expect(!(try ops("logs").text.contains(Self.value)))
    }

    @Test func itIsMaskedAcrossChunkBorders() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("t", "--stream", "raw", environment: ["TOKEN": Self.value])
        #expect(result.text == "split: [masked:s]\n[masked:s]\npre-[masked:s]\n")
        #expect(result.errorText.contains("to standard error: [masked:s]\n"))
    }

    @Test(arguments: ["plan", "--dry-run"])
    func thePlanNamesTheReferenceAndNotTheValue(word: String) throws {
        let ops = try OpsProgram(Self.recipe)
        for format in [[], ["--format", "json"]] where word == "plan" || format.isEmpty {
            let result = try ops.run([word, "t"] + format, environment: ["TOKEN": Self.value])
            #expect(result.status == 0)
            #expect(result.text.contains("env://TOKEN"))
            #expect(!result.text.contains(Self.value))
        }
        #expect(try run(["test", "-e", ops.state]).status == 1)
    }

    @Test(arguments: [
        ("{ run: [ echo, \"${{ secrets.s }}\" ] }", "a command's arguments"),
        ("{ run: echo, name: \"${{ secrets.s }}\" }", "'name'"), ("{ run: echo, dir: \"${{ secrets.s }}\" }", "'dir'"),
        ("{ run: echo, stdout: \"${{ secrets.s }}\" }", "'stdout'"),
        ("{ run: [ echo, \"${{ upper(secrets.s) }}\" ] }", "a command's arguments"),
        ("{ archive.create: { output: \"${{ secrets.s }}\", files: [ ops.yaml ] } }", "'output'"),
    ])
    func anotherFlowIsRejectedWithItsPlace(step: String, place: String) throws {
        let ops = try OpsProgram("ops: 1\nsecrets: { s: env://TOKEN }\ntasks:\n  t:\n    steps:\n      - \(step)\n")
        let result = try ops("t", environment: ["TOKEN": Self.value])
        #expect(result.errorText.hasPrefix("ops.yaml:6:"))
        #expect(result.errorText.contains("error: the secret 's' cannot go into \(place)"))
        #expect(!result.errorText.contains(Self.value))
        #expect(result.status == 2)
    }

    @Test func anOutputThatHoldsASecretBecomesOneAndIsRefusedInArguments() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN }
            tasks:
              t:
                steps:
                  - id: o
                    env: { S: "${{ secrets.s }}" }
                    returns: word
                    run: echo "pre-$S"
                  - run: [ touch, "${{ steps.o.outputs.word }}" ]

            """)
        let result = try ops("t", "--stream", "raw", environment: ["TOKEN": Self.value])
        #expect(result.status == 1)
        #expect(result.errorText.contains("the secret 's' cannot go into"))
        #expect(try leaks(ops) == "")
    }

    @Test func aReturnDeclaredSecretIsMaskedFromThenOn() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - { id: o, returns: { word: secret }, run: 'printf "word=fresh-%s\\n" token >> "$OPS_OUTPUT"' }
                  - { run: 'echo "$W"', env: { W: "${{ steps.o.outputs.word }}" } }

            """)
        let result = try ops("t", "--stream", "raw")
        #expect(result.status == 0)
        #expect(!result.text.contains("fresh-token"))
        #expect(try run(["grep", "-rl", "fresh-token", ops.state]).text == "")
    }

    @Test func anOptionalSecretThatIsMissingIsNull() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: { from: [ env://TOKEN, file://nowhere ], optional: true } }
            tasks:
              t:
                steps:
                  - { if: secrets.s != null, run: echo has }
                  - { if: secrets.s == null, run: echo none }
                  - { run: 'echo "${S-unset}"', env: { S: "${{ secrets.s }}" } }

            """)
        #expect(try ops("t", "--stream", "raw").text == "none\nunset\n")
        #expect(try ops("t", "--stream", "raw", environment: ["TOKEN": Self.value]).text == "has\n[masked:s]\n")
    }

    @Test func aMissingSecretIsAWrongReferenceAndNothingRuns() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://TOKEN, u: env://UNUSED }
            tasks:
              first: { run: touch ran }
              t: { needs: [ first ], run: echo, env: { S: "${{ secrets.s }}", U: "${{ secrets.u }}" } }

            """)
        let result = try ops("t")
        #expect(
            result.text.contains(
                "error: ops.yaml:2:12: the secret 's' is not to be had: environment variable 'TOKEN' is not set"))
        #expect(result.status == 2)
        #expect(!ops.exists("ran"))
    }

    @Test func theFirstReferenceThatIsThereIsTaken() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: { from: [ env://TOKEN, file://token.txt ] } }
            tasks: { t: { run: 'printf "%s" "$S" | sha256sum', env: { S: "${{ secrets.s }}" } } }

            """)
        try ops.write("token.txt", Self.value + "\n", mode: 0o600)
        let sum = try run(["sh", "-c", "printf %s '\(Self.value)' | sha256sum"]).text
        #expect(try ops("t", "--stream", "raw").text == sum)
    }

    @Test func checkSaysOfEachWhetherItIsThere() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: { from: [ env://TOKEN ], optional: true }, f: file://token.txt }
            tasks: {}

            """)
        try ops.write("token.txt", Self.value, mode: 0o600)
        let result = try ops("secrets", "check")
        #expect(
            result.text == """
                missing  s  env://TOKEN       environment variable 'TOKEN' is not set
                ✓        f  file://token.txt  readable

                """)
        #expect(result.status == 0)
    }

    @Test func checkFailsWhereARequiredOneIsMissing() throws {
        let ops = try OpsProgram("ops: 1\nsecrets: { s: env://TOKEN }\ntasks: {}\n")
        let result = try ops("secrets", "check")
        #expect(result.text == "missing  s  env://TOKEN  environment variable 'TOKEN' is not set\n")
        #expect(result.status == 1)
        #expect(try ops("secrets", "check", environment: ["TOKEN": "x"]).status == 0)
    }
}
