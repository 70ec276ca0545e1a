import TestKit
import Testing

/// `git.…` in plans and runs of the built program.
@Suite struct GitFactTests {
    private static let recipe = """
        ops: 1
        tasks:
          say: { run: [ echo, "dirty=${{ git.dirty }}" ] }
          only: { if: git.dirty, run: [ echo, changed ] }

        """

    private func repository(isDirty: Bool) throws -> OpsProgram {
        let ops = try OpsProgram(Self.recipe)
        for words in [
            ["init", "-q"], ["add", "."],
            ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "first"],
        ] {
            #expect(try run(["git"] + words, in: ops.project, environment: ops.environment()).status == 0)
        }
        if isDirty { try ops.write("new.txt", "x") }
        return ops
    }

    /// It was unknown in a run too: a condition took it for false, an argument failed.
    @Test(arguments: [true, false])
    func aRunKnowsWhetherTheTreeIsDirty(isDirty: Bool) throws {
        let ops = try repository(isDirty: isDirty)
        #expect(try ops("say", "--stream", "raw").text == "dirty=\(isDirty)\n")
        #expect(try ops("only", "--stream", "raw").text == (isDirty ? "changed\n" : ""))
    }

    @Test func aPlanKnowsItOnlineOnly() throws {
        let ops = try repository(isDirty: true)
        #expect(try ops("plan", "only").text.contains("undecided: if git.dirty"))
        #expect(!(try ops("plan", "only", "--online").text.contains("undecided")))
    }
}
