import TestKit
import Testing

/// `ops --generate-completion-script`, judged by the shells themselves.
@Suite struct CompletionTests {
    private static let recipe = """
        ops: 1
        inputs: { version: { type: string, default: "1" } }
        tasks:
          build: { run: 'echo $INPUT_VERSION' }
          bundle: { run: echo }
          _hidden: { run: echo }

        """

    private func complete(_ ops: OpsProgram, _ shell: [String], _ script: String) throws -> [String] {
        let folder = OpsProgram.path.dropLast("/ops".count)
        let variables = ops.environment(["PATH": "\(folder):/usr/bin:/bin"]).map { "\($0.key)=\($0.value)" }
        let result = try run(["env", "-i", "-C", ops.project] + variables + shell + [script])
        return result.text.split(separator: "\n").map { $0.split(separator: "\t").first.map(String.init) ?? "" }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func theShellReadsTheScript(shell: String) throws {
        let ops = try OpsProgram(Self.recipe)
        let script = try ops("--generate-completion-script", shell)
        #expect(script.status == 0)
        try ops.write("completion", script.text)
        let flags = shell == "fish" ? "--no-execute" : "-n"
        let checked = try run([shell, flags, ops.project + "/completion"])
        #expect(checked.errorText == "")
        #expect(checked.status == 0)
    }

    @Test func fishOffersTheTasksAndInputs() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops.write("ops.fish", try ops("--generate-completion-script", "fish").text)
        let fish = ["fish", "--no-config", "-c"]
        #expect(
            Set(try complete(ops, fish, "source ops.fish; complete -C 'ops run bu'")).isSuperset(of: [
                "build", "bundle",
            ]))
        let all = try complete(ops, fish, "source ops.fish; complete -C 'ops run '")
        #expect(all.contains("version="))
        #expect(!all.contains("_hidden"))
        #expect(Set(try complete(ops, fish, "source ops.fish; complete -C 'ops sch'")) == ["schema"])
        #expect(
            try complete(ops, fish, "source ops.fish; complete -C 'ops run --log-format git'") == ["github", "gitlab"])
    }

    @Test func fishOffersTasksWithoutTheWordRun() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops.write("ops.fish", try ops("--generate-completion-script", "fish").text)
        let found = try complete(ops, ["fish", "--no-config", "-c"], "source ops.fish; complete -C 'ops bu'")
        #expect(Set(found).isSuperset(of: ["build", "bundle"]))
    }

    @Test func bashOffersTheTasks() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops.write("ops.bash", try ops("--generate-completion-script", "bash").text)
        let script = """
            source ./ops.bash
            COMP_WORDS=(ops run bu) COMP_CWORD=2 COMP_LINE='ops run bu' COMP_POINT=10
            _ops ops bu run 2>/dev/null
            printf '%s\\n' "${COMPREPLY[@]}" | sort
            """
        #expect(try complete(ops, ["bash", "--norc", "-c"], script) == ["build", "bundle"])
    }

    @Test func withoutARecipeNothingIsOffered() throws {
        let ops = try OpsProgram()
        try ops.write("ops.fish", try ops("--generate-completion-script", "fish").text)
        let found = try complete(ops, ["fish", "--no-config", "-c"], "source ops.fish; complete -C 'ops run xy'")
        #expect(found == [])
    }
}
