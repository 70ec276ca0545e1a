import TestKit
import Testing

/// A word that names no task: the hint says what it may be instead.
@Suite struct UnknownTaskTests {
    @Test(arguments: [
        ("tset", "did you mean 'test'?"), ("lsit", "did you mean the command 'ops list'?"),
        ("plna", "did you mean the command 'ops plan'?"),
        ("archive.list", "it is an action: 'ops show archive.list' describes it"),
        ("doctor", "'doctor' is a command of a later version"), ("xyzzy", "its tasks are: build, test, all, use"),
    ])
    func hintNamesWhatIsNear(word: String, hint: String) throws {
        for words in [[word], ["run", word], ["plan", word]] {
            let result = try OpsProgram(CommandsTests.sample).run(words)
            #expect(result.errorText == "ops: error: ops.yaml has no task '\(word)'\n     \(hint)\n")
            #expect(result.status == 2)
            #expect(result.text.isEmpty)
        }
    }

    @Test func helpOfNoCommandIsWrongUse() throws {
        let result = try OpsProgram()("help", "rnu")
        #expect(result.errorText == "ops: error: there is no command 'rnu'\n     did you mean 'ops run'?\n")
        #expect(result.status == 64)
    }

    @Test func wrongOptionsAreToldInTheFormOfAllErrors() throws {
        let result = try OpsProgram(CommandsTests.sample)("list", "--format", "yaml")
        #expect(result.errorText.hasPrefix("ops: error: the value 'yaml' is invalid for '--format <format>'."))
        #expect(result.status == 64)
    }
}
