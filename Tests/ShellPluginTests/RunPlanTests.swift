import OpsCore
import OpsPlugin
import OrderedCollections
import ShellPlugin
import TestKit
import Testing

@Suite struct RunPlanTests {
    @Test(arguments: [
        (Value.list(["make", "all"]), "make all"), (.list(["echo", "a b", "it's", ""]), "echo 'a b' 'it'\\''s' ''"),
        (.list(["echo", "a\nb\u{1B}[31m"]), "echo 'a␤b␤[31m'"),
        (
            .list(["push", .unknown(Unknown("needs.image.outputs.reference"))]),
            "push ${{ needs.image.outputs.reference }}"
        ),
        ("make", "make"), ("\n# why\nset -e\nmake\n", "set -e …"),
        (
            .list(["echo", .string(String(repeating: "x", count: 300))]),
            "echo " + String(repeating: "x", count: 194) + "…"
        ),
    ])
    func showsTheCommand(command: Value, text: String) async throws {
        let plan = try await Step().plan(command)
        #expect(plan.effects.map(\.kind) == [.execute])
        #expect(plan.effects[0].target == text)
        #expect(plan.outputs.isEmpty)
    }

    @Test(arguments: [
        (Value.list([]), "the command is empty"), ("", "the script is empty"), (" \n", "the script is empty"),
        (.list(["a", .null]), "argument 1 is null"), (.list([.null]), "the program is null"),
        (.list(["a", .map([:])]), "argument 1 is a map"),
        (.list(["a", .list([.list(["b"])])]), "argument 1 is a list"),
        (.list(["a", .secret(Secret(planned: ["key"]))]), "argument 1 is a secret (key), which every user could see"),
        (.secret(Secret(planned: ["key"])), "a script cannot be a secret"),
        (.list(["a\0b"]), "the program holds a zero byte"),
        (.list([""]), "the program is empty text"),
        (.integer(5), "'run' needs script text or a list of a program and its arguments, got integer"),
    ])
    func isRefused(command: Value, message: String) async throws {
        let step = try Step()
        let error = await #expect(throws: OpsError.self) { _ = try await step.plan(command) }
        #expect(error?.message == message)
        #expect(error?.code == .invalid)
        // And by a run that was not planned, before anything starts.
        await #expect(throws: OpsError.self) { _ = try await step.run(command) }
    }

    @Test func shellThatIsNotInstalled() async throws {
        var step = try Step()
        step.options.shell = ["fish-and-chips"]
        let error = await #expect(throws: OpsError.self) { _ = try await step.plan("x") }
        #expect(error?.message == "the program 'fish-and-chips' is not installed")
        // A program may be made by an earlier step.
        _ = try await step.plan(.list(["fish-and-chips"]))
    }

    @Test func outputsAndFiles() async throws {
        var step = try Step()
        step.options.standardOutput = "out.txt"
        step.options.returns = .declared(["n": .integer, "key": .secret])
        let plan = try await step.plan("x")
        #expect(plan.effects.map(\.kind) == [.execute, .write])
        #expect(plan.effects[1].target == step.folder.path + "/out.txt")
        #expect(plan.outputs["n"]?.firstUnknown?.type == .integer)
        #expect(plan.outputs["key"]?.secretNames == ["step.key"])
        step.options.returns = .standardOutput("n")
        let error = await #expect(throws: OpsError.self) { _ = try await step.plan("x") }
        #expect(error?.message.hasPrefix("standard output goes to 'out.txt'") == true)
        step.options.standardOutput = nil
        #expect(try await step.plan("x").outputs["n"]?.firstUnknown?.type == .string)
    }
}
