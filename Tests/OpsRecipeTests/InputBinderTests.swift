import OpsCore
import OpsRecipe
import OrderedCollections
import Testing

@Suite struct InputBinderTests {
    private static let recipe = """
        ops: 1
        inputs:
          version: { pattern: '[0-9]+\\.[0-9]+', description: Version to release }
          channel: { options: [ stable, beta ], default: stable }
          count: { type: integer }
          ratio: { type: number, default: null }
          fast: { type: boolean, default: false }
          file: { type: path, default: in.txt }
          tags: { type: list, default: [ a ] }
        env: { C: "${{ inputs.channel }}" }
        vars: { deep: "${{ inputs.ratio }}", unused: "${{ inputs.fast }}" }
        tasks:
          a: { run: [ echo, "${{ inputs.version }}", "${{ vars.deep }}" ] }
          b: { needs: [ a ], run: 'echo "$INPUT_TAGS ${INPUT_COUNT}"' }
          c: { run: [ sh, -c, 'echo $INPUT_FILE', "${{ vars.unused }}" ] }
        """

    private func bind(
        _ arguments: [String], used: Set<String> = ["version", "count"], file: ValueMap? = nil,
        environment: [String: String] = [:]
    ) throws -> ValueMap {
        let pairs = arguments.map { argument in
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (key: String(parts[0]), value: String(parts[1]))
        }
        return try InputBinder.bind(
            Corpus.load(Self.recipe).inputs, used: used,
            GivenInputs(commandLine: pairs, file: file, environment: environment, callerDirectory: "/here"))
    }

    private func problems(_ arguments: [String], used: Set<String> = [], file: ValueMap? = nil) throws -> [String] {
        do {
            _ = try bind(arguments, used: used, file: file)
            return []
        } catch let error as DiagnosticsError {
            return error.diagnostics.map { $0.message + ($0.hint.map { " (\($0))" } ?? "") }
        }
    }

    @Test func readsEveryType() throws {
        let values = try bind([
            "version=1.10", "count=007", "ratio=5.10", "fast=true", "file=./x/y", "tags=a", "tags=b,c",
        ])
        #expect(values["version"] == .string("1.10"))
        #expect(values["count"] == .integer(7) && values["count"]?.scalarText == "007")
        #expect(values["ratio"]?.scalarText == "5.10")
        #expect(values["fast"] == .boolean(true))
        #expect(values["file"] == .string("/here/x/y"))
        #expect(values["tags"] == .list([.string("a"), .string("b,c")]))
    }

    @Test func takesDefaultsAndLeavesOutWhatIsNotUsed() throws {
        let values = try bind([], used: [])
        #expect(Array(values.keys) == ["channel", "ratio", "fast", "file", "tags"])
        #expect(values["ratio"] == .null && values["file"] == .string("in.txt"))
    }

    @Test func commandLineThenFileThenEnvironment() throws {
        let environment = ["OPS_INPUT_CHANNEL": "beta", "OPS_INPUT_COUNT": "3", "OPS_INPUT_VERSION": "3.0"]
        let values = try bind(
            ["version=1.0"], file: ["version": .string("2.0"), "count": .integer(2)], environment: environment)
        #expect(values["version"] == .string("1.0"))
        #expect(values["count"] == .integer(2))
        #expect(values["channel"] == .string("beta"))
    }

    @Test func readsAListAsJSON() throws {
        #expect(try bind([#"tags=["a b", 5.10]"#], used: [])["tags"]?.listValue?.map(\.scalarText) == ["a b", "5.10"])
    }

    @Test func reportsAllAtOnce() throws {
        #expect(
            try problems(["verison=1.0", "channel=betta", "fast=yes"], used: ["version", "count"]) == [
                "on the command line, 'verison' is no input of the recipe (did you mean 'version'?)",
                "the input 'version' (Version to release) has no value (give it as version=VALUE)",
                "on the command line, the input 'channel' is one of stable, beta, not 'betta'; did you mean 'beta'?",
                "the input 'count' has no value (give it as count=VALUE)",
                "on the command line, the input 'fast' needs true or false, got 'yes'",
            ])
    }

    @Test(arguments: [
        ("version=v1.0", #"the input 'version' does not match [0-9]+\.[0-9]+: 'v1.0' (Version to release)"#),
        ("version=1.0\n", "the input 'version' does not match [0-9]+\\.[0-9]+: '1.0\n' (Version to release)"),
        ("count=1.5", "the input 'count' needs a whole number, got '1.5'"),
        ("count=", "the input 'count' needs a whole number, got ''"),
        ("ratio=nan", "the input 'ratio' needs a number, got 'nan'"),
        ("ratio=0x10", "the input 'ratio' needs a number, got '0x10'"),
        ("tags=[1,", "the input 'tags' starts like a JSON list: not valid JSON: end of text at byte 3"),
        (#"tags=[{"a":1}]"#, "the input 'tags' needs a list of texts, got 'a list'"),
    ])
    func refuses(_ argument: String, _ message: String) throws {
        #expect(try problems([argument]) == ["on the command line, " + message])
    }

    @Test func refusesAKeyTwice() throws {
        #expect(
            try problems(["channel=beta", "channel=stable"])
                == ["on the command line, the input 'channel' is given 2 times"])
    }

    @Test func refusesALongValueBeforeMatching() throws {
        #expect(try problems(["version=" + String(repeating: "1", count: 5000)]).count == 1)
    }

    @Test func usedInputsFollowNeedsVarsAndScripts() throws {
        let recipe = try Corpus.load(Self.recipe)
        #expect(recipe.usedInputs(by: ["a"]) == ["channel", "version", "ratio"])
        #expect(recipe.usedInputs(by: ["b"]) == ["channel", "version", "ratio", "tags", "count"])
        #expect(recipe.usedInputs(by: ["c"]) == ["channel", "file", "fast"])
        #expect(InputDeclaration.variable(of: "image-tag") == "INPUT_IMAGE_TAG")
    }
}
