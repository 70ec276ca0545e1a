import Glibc
import TestKit
import Testing

/// What goes wrong around the program, and large recipes.
@Suite struct TroubleTests {
    private static let recipe = "ops: 1\ntasks: { t: { run: touch ran } }\n"

    @Test func aReaderThatGoesAwayIsNoErrorOfAListing() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks:\n"
                + (0..<3000).map { "  task-\($0): { description: A longer text of a task, run: echo }\n" }.joined())
        let result = try run(
            [
                "bash", "-c", "\"$@\" | head -n 1; exit ${PIPESTATUS[0]}", "bash",
            ] + ops.command(["list"]))
        #expect(result.text == "task-0     A longer text of a task\n")
        #expect(result.errorText == "")
        #expect(result.status == 0)
    }

    @Test func aReaderThatGoesAwayDoesNotHangARun() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: 'seq 1 200000; touch ran' } }\n")
        let result = try run(
            ["bash", "-c", "timeout 120 \"$@\" | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}", "bash"]
                + ops.command(["t"]))
        #expect(result.status != 124)
        #expect(ops.exists("ran"))
    }

    @Test(arguments: [["list"], ["t"], ["plan", "t"]])
    func aClosedStandardOutputDoesNotHang(words: [String]) throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try run(["bash", "-c", "timeout 120 \"$@\" >&-", "bash"] + ops.command(words))
        #expect(result.status != 124)
        #expect(result.status < 128)
    }

    @Test func aFullDiskUnderStandardOutputIsAnError() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try run(["bash", "-c", "\"$@\" > /dev/full", "bash"] + ops.command(["list"]))
        #expect(result.errorText.contains("standard output"))
        #expect(result.status != 0)
    }

    @Test func aStateFolderThatCannotBeMadeIsAnErrorAndNothingRuns() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops.write("file", "")
        let result = try ops("t", environment: ["OPS_STATE_DIR": ops.project + "/file/state"])
        #expect(ops.normalized(result.errorText).contains("PROJECT/file"))
        #expect(result.status == 2)
        #expect(!ops.exists("ran"))
    }

    @Test func withoutAHomeTheStateFolderMustBeNamed() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("t", environment: ["HOME": nil, "OPS_STATE_DIR": nil])
        #expect(result.errorText.contains("OPS_STATE_DIR"))
        #expect(result.status == 2)
        #expect(!ops.exists("ran"))
    }

    @Test func withoutAHomeTheOtherCommandsWork() throws {
        let ops = try OpsProgram(Self.recipe)
        #expect(try ops("list", environment: ["HOME": nil, "OPS_STATE_DIR": nil]).status == 0)
        #expect(try ops("plan", "t", environment: ["HOME": nil, "OPS_STATE_DIR": nil]).status == 0)
    }

    @Test func theStateLivesWhereXDGSays() throws {
        let ops = try OpsProgram(Self.recipe)
        let xdg = ops.project + "/xdg"
        #expect(try ops("t", environment: ["OPS_STATE_DIR": nil, "XDG_STATE_HOME": xdg]).status == 0)
        #expect(try run(["test", "-d", xdg + "/ops/runs"]).status == 0)
    }

    @Test func aChainOfAThousandNeedsRuns() throws {
        let tasks = (1...1000).map { "  t\($0): { needs: [ t\($0 - 1) ] }\n" }.joined()
        let ops = try OpsProgram("ops: 1\ntasks:\n  t0: { run: touch ran }\n" + tasks)
        let result = try ops("t1000", "-q")
        #expect(result.text == "" && result.errorText == "")
        #expect(result.status == 0)
        #expect(ops.exists("ran"))
        #expect(try ops("plan", "t1000").text.hasSuffix("1001 tasks: 1001 run. Nothing was run.\n"))
        #expect(try ops("graph", "t1000").text.split(separator: "\n").count == 2002)
    }

    @Test func aChainOfTenThousandNeedsRuns() throws {
        let tasks = (1...10_000).map { "  t\($0): { needs: [ t\($0 - 1) ] }\n" }.joined()
        let ops = try OpsProgram("ops: 1\ntasks:\n  t0: { run: touch ran }\n" + tasks)
        #expect(try ops("t10000", "-q").status == 0)
        #expect(ops.exists("ran"))
    }

    @Test func tenThousandOpenTasksRun() throws {
        let tasks = (1...10_000).map { "  t\($0): {}\n" }.joined()
        let names = (1...10_000).map { "t\($0)" }.joined(separator: ", ")
        let ops = try OpsProgram("ops: 1\ntasks:\n  all: { needs: [ \(names) ], run: touch ran }\n" + tasks)
        #expect(try ops("all", "-q").status == 0)
        #expect(ops.exists("ran"))
    }

    @Test func aFailureAtTheEndOfALongChainSkipsTheRest() throws {
        let tasks = (1...1000).map { "  t\($0): { needs: [ t\($0 - 1) ] }\n" }.joined()
        let ops = try OpsProgram("ops: 1\ntasks:\n  t0: { run: exit 3 }\n" + tasks)
        let result = try ops("t1000")
        #expect(result.text.contains("1 failed, 1000 skipped"))
        #expect(result.status == 1)
    }

    @Test func aHugeOutputStreamsThroughWhole() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: head -c 20000000 /dev/zero } }\n")
        let result = try run(["bash", "-c", "\"$@\" | wc -c", "bash"] + ops.command(["t", "--stream", "raw"]))
        #expect(result.text == "20000000\n")
    }

    @Test func aRecipeThatIsAFolderIsAnError() throws {
        let ops = try OpsProgram()
        try ops.write("folder/.keep", "")
        let result = try ops("list", "-f", "folder")
        #expect(result.errorText.contains("folder"))
        #expect(result.status == 2)
    }
}
