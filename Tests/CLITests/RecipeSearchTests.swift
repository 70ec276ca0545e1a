import TestKit
import Testing

/// Which recipe a command reads, and from which folder it acts.
@Suite struct RecipeSearchTests {
    @Test func withoutARecipeItSaysWhereItLooked() throws {
        let ops = try OpsProgram()
        let result = try ops("list")
        #expect(
            ops.normalized(result.errorText) == """
                ops: error: there is no recipe here: no ops.yaml, ops.yml or .ops.yaml in PROJECT or above
                     'ops init' writes one; -f names another

                """)
        #expect(result.status == 2)
    }

    @Test func theRecipeOfAParentIsFound() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { where: { run: pwd } }\n")
        try ops.write("deep/er/.keep", "")
        let result = try ops("--stream", "raw", "where", in: ops.project + "/deep/er")
        #expect(ops.normalized(result.text) == "PROJECT\n")
    }

    @Test(arguments: [["-f", "other.yaml", "list"], ["list", "--file=other.yaml"], ["list", "-f", "other.yaml"]])
    func anotherRecipeIsNamedBeforeOrBehindTheCommand(words: [String]) throws {
        let ops = try OpsProgram(CommandsTests.sample)
        try ops.write("other.yaml", "ops: 1\ntasks: { only: { description: One, run: echo } }\n")
        #expect(try ops.run(words).text == "only  One\n")
    }

    @Test func directoryActsAsIfCalledThere() throws {
        let ops = try OpsProgram()
        try ops.write("sub/ops.yaml", "ops: 1\ntasks: { where: { run: pwd } }\n")
        #expect(ops.normalized(try ops("-C", "sub", "where", "--stream", "raw").text) == "PROJECT/sub\n")
    }

    @Test func directoryMayStandBeforeACommandOfTwoWords() throws {
        let ops = try OpsProgram()
        try ops.write("sub/ops.yaml", "ops: 1\nsecrets: { key: file://key }\ntasks: { t: { run: echo } }\n")
        try ops.write("sub/key", "value-of-the-key", mode: 0o600)
        try ops.write("sub/.ops/plugins/acme/plugin.yaml", AcmeManifest.text())
        for words in [["-C", "sub", "secrets", "check"], ["secrets", "check", "-C", "sub"]] {
            let result = try ops.run(words)
            #expect(result.status == 0 && result.text.contains("key"), "\(words): \(result.text)\(result.errorText)")
        }
        for words in [["-C", "sub", "plugin", "list"], ["-C", "sub", "--color", "never", "plugin", "list"]] {
            let result = try ops.run(words)
            #expect(result.status == 0 && result.text.contains("acme"), "\(words): \(result.text)\(result.errorText)")
        }
    }

    @Test func environmentTwinsStandForOptions() throws {
        let ops = try OpsProgram()
        try ops.write("other.yaml", "ops: 1\ntasks: { only: { description: One, run: echo } }\n")
        #expect(try ops("list", environment: ["OPS_FILE": "other.yaml"]).text == "only  One\n")
    }
}
