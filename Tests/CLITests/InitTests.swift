import TestKit
import Testing

/// `ops init`.
@Suite struct InitTests {
    @Test func initWritesARecipeThatRuns() throws {
        let ops = try OpsProgram()
        let written = try ops("init")
        #expect(written.text == "Wrote ops.yaml. Next: ops list, ops plan, ops\n")
        #expect(try ops("lint").status == 0)
        #expect(try ops("--stream", "raw").text == "nothing to build yet\nnothing to test yet\n")
    }

    @Test func initUsesTheCommandsOfTheProject() throws {
        let ops = try OpsProgram()
        try ops.write("Makefile", "build:\n")
        #expect(try ops("init").text == "Wrote ops.yaml for the project of Makefile. Next: ops list, ops plan, ops\n")
        #expect(try ops.text("ops.yaml").contains(#"run: [ "make", "test", "${{ args }}" ]"#))
    }

    @Test func initOverwritesNothing() throws {
        let ops = try OpsProgram(CommandsTests.sample)
        let result = try ops("init")
        #expect(
            result.errorText == "ops: error: there is a recipe here: ops.yaml\n     'ops list' lists its tasks\n")
        #expect(result.status == 2)
        #expect(try ops.text("ops.yaml") == CommandsTests.sample)
    }
}
