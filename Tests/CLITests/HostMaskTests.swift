import OpsCore
import TestKit
import Testing

/// The CI service is told what to mask, by its own means.
@Suite struct HostMaskTests {
    private static let value = "host-mask-100%-4711"

    private static let recipe = """
        ops: 1
        secrets: { s: env://TOKEN }
        tasks: { t: { run: 'echo "it is $S"', env: { S: "${{ secrets.s }}" } } }

        """

    /// Runs it with its two streams in pipes, as a CI service does.
    private func piped(_ ops: OpsProgram, _ words: [String], _ variables: [String: String?]) throws -> String {
        let command = ops.command(words, environment: variables.merging(["TOKEN": Self.value]) { $1 })
        return try run(["sh", "-c", "\"$@\" 2>&1 | cat", "sh"] + command).text
    }

    @Test(arguments: [["t"], ["t", "--log-format", "plain"], ["t", "--log-format", "json"]])
    func `GitHub's runner is told in front of all that the run says`(words: [String]) throws {
        let ops = try OpsProgram(Self.recipe)
        let text = try piped(ops, words, ["GITHUB_ACTIONS": "true"])
        let lines = text.split(separator: "\n").map(String.init)
        let mask = try #require(lines.firstIndex(of: "::add-mask::host-mask-100%25-4711"), "\(text)")
        let output = try #require(lines.firstIndex { $0.contains("[masked:s]") }, "\(text)")
        #expect(mask < output)
        #expect(!text.contains(Self.value))
        #expect(lines.filter { $0.contains("host-mask") }.count == 1)
    }

    @Test func `nothing is told to a file, and nobody is told elsewhere`() throws {
        let ops = try OpsProgram(Self.recipe)
        // The streams of this run are files.
        let result = try ops("t", environment: ["TOKEN": Self.value, "GITHUB_ACTIONS": "true"])
        #expect(!(result.text + result.errorText).contains("add-mask"))
        #expect(!(try piped(ops, ["t"], [:])).contains("add-mask"))
    }

    @Test func `Buildkite's agent is told by its standard input`() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops.write(
            "bin/buildkite-agent", "#!/bin/sh\necho \"$@\" >> '\(ops.project)/told'\ncat >> '\(ops.project)/told'\n",
            mode: 0o755)
        let path = "\(ops.project)/bin:/usr/bin:/bin"
        let text = try piped(ops, ["t"], ["BUILDKITE": "true", "PATH": path])
        #expect(!text.contains(Self.value) && !text.contains("warning"))
        #expect(try ops.text("told") == "redactor add\n" + Self.value)
        let missing = try piped(ops, ["t"], ["BUILDKITE": "true"])
        #expect(missing.contains("warning: the Buildkite agent could not be told what to mask"))
    }
}
