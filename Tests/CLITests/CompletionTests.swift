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

    /// What fish offers behind the words, in a terminal as its own functions need it.
    private func fish(_ ops: OpsProgram, _ words: String) throws -> [String] {
        try ops.write("ops.fish", try ops("--generate-completion-script", "fish").text)
        try ops.write("ask.fish", "source ops.fish; complete -C '\(words)'\n")
        return try complete(ops, ["script", "-qec"], "fish --no-config -i -c 'source ask.fish'", "/dev/null")
            .compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
    }

    private func complete(_ ops: OpsProgram, _ shell: [String], _ script: String, _ more: String...) throws -> [String]
    {
        let folder = OpsProgram.path.dropLast("/ops".count)
        let variables = ops.environment(["PATH": "\(folder):/usr/bin:/bin", "TERM": "xterm"]).map {
            "\($0.key)=\($0.value)"
        }
        let result = try run(["env", "-i", "-C", ops.project] + variables + shell + [script] + more)
        return result.text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: "\t").first.map(String.init) ?? ""
        }
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
        #expect(Set(try fish(ops, "ops run bu")) == ["build", "bundle"])
        let all = try fish(ops, "ops run ")
        #expect(all.contains("version="))
        #expect(!all.contains("_hidden"))
        #expect(try fish(ops, "ops sch") == ["schedule", "schema"])
        #expect(try fish(ops, "ops run --log-format git") == ["github", "gitlab"])
    }

    @Test func fishOffersTasksWithoutTheWordRun() throws {
        let ops = try OpsProgram(Self.recipe)
        #expect(Set(try fish(ops, "ops bu")) == ["build", "bundle"])
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

    @Test func bashAndFishOfferIncludedTasksWhole() throws {
        let ops = try OpsProgram("ops: 1\ninclude: { common: common.yaml }\ntasks: { all: { run: echo } }\n")
        try ops.write("common.yaml", "ops: 1\ntasks: { lint: { run: echo }, link: { run: echo }, _x: { run: echo } }\n")
        try ops.write("ops.bash", try ops("--generate-completion-script", "bash").text)
        let script = """
            source ./ops.bash
            echo "$COMP_WORDBREAKS" | grep -c :
            COMP_WORDS=(ops run common:li) COMP_CWORD=2 COMP_LINE='ops run common:li' COMP_POINT=17
            _ops ops common:li run 2>/dev/null
            printf '%s\n' "${COMPREPLY[@]}" | sort
            """
        #expect(try complete(ops, ["bash", "--norc", "-c"], script) == ["0", "common:link", "common:lint"])
        #expect(Set(try fish(ops, "ops common:li")) == ["common:lint", "common:link"])
    }

    @Test func withoutARecipeNothingIsOffered() throws {
        #expect(try fish(OpsProgram(), "ops run xy") == [])
    }
}
