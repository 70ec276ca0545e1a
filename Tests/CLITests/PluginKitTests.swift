import HTTPTestServer
import OpsCore
import OrderedCollections
import TestKit
import Testing

/// `ops plugin test`: what it says of good plugins, and of each way to break the protocol.
@Suite struct PluginKitTests {
    private let ops: OpsProgram

    init() throws { ops = try OpsProgram() }

    /// The outcome of each check by its id.
    private func outcomes(_ folder: String, _ options: String...) throws -> [String: String] {
        let result = try ops.run(["plugin", "test", folder, "--format", "json"] + options)
        let report = try JSONReader.value(result.output)
        var outcomes: [String: String] = [:]
        for check in report["checks"]?.listValue ?? [] {
            guard let id = check["id"]?.stringValue, let outcome = check["outcome"]?.stringValue else { continue }
            outcomes[id] = outcome == "failed" ? "failed: \(check["seen"]?.stringValue ?? "")" : outcome
        }
        let isGood = !outcomes.values.contains { $0.hasPrefix("failed") }
        #expect(result.status == (isGood ? 0 : 1) && report["passed"] == .boolean(isGood))
        return outcomes
    }

    private func failures(_ outcomes: [String: String]) -> [String] {
        outcomes.filter { $0.value.hasPrefix("failed") }.map { "\($0.key) \($0.value)" }.sorted()
    }

    @Test(arguments: ["word-count", "disk-space"])
    func examplesPass(_ name: String) throws {
        let outcomes = try outcomes("\(projectFolder)/Plugins/Examples/\(name)")
        #expect(failures(outcomes) == [])
        #expect(outcomes["examples"] == "passed" && outcomes["outputs"] == "passed")
    }

    /// What is put into the manifests that the built-in plugins make of themselves: an example of the first action.
    private static let builtIns: [(name: String, action: String, example: String)] = [
        (
            "archive", "create",
            #"{ title: Pack, with: { output: a.tar, files: [ { from: a, to: b } ] }, files: { a: text } }"#
        ),
        (
            "container", "build",
            #"{ title: One file, with: { output: [ "oci:out" ], layers: [ { files: [ { from: a, to: /a } ] } ] }, files: { a: text } }"#
        ),
        ("http", "request", #"{ title: Ask, with: { url: "http://127.0.0.1:PORT/", body: secret, output: answer } }"#),
        // A webhook is a URL, which the secret of the kit is not.
        ("notify", "", ""),
        ("secrets", "", ""),
    ]

    @Test(arguments: builtIns.indices)
    func builtInPluginPassesAsAProgram(_ index: Int) async throws {
        let server = try await HTTPTestServer { _ in .text(200, "answer") }
        let (name, action, example) = Self.builtIns[index]
        let program = OpsProgram.built("builtin-program")
        // The program goes by its name.
        let start = "#!/bin/bash\nexec -a \(name) '\(program)' \"$@\"\n"
        let script = try ops.write("\(name)/bin/\(name)", start, mode: 0o755)
        let manifest = try run([script, "manifest"]).text
        let place = "  \(action):\n"
        #expect(action.isEmpty || manifest.contains(place))
        let more = "    examples: [ \(example.replacing("PORT", with: "\(server.port)")) ]\n"
        try ops.write(
            "\(name)/plugin.yaml", action.isEmpty ? manifest : manifest.replacing(place, with: place + more))
        let outcomes = try outcomes(name)
        #expect(failures(outcomes) == [])
        #expect(outcomes[name == "secrets" ? "fetch" : "plan-unknown"] == "passed")
        guard !action.isEmpty else { return }
        for check in ["examples", "plan-is-pure", "outputs"] { #expect(outcomes[check] == "passed", "\(check)") }
        if name == "http" { #expect(outcomes["secrets-unseen"] == "passed") }
    }

    @Test func textNamesTheRuleAndWhatWasSeen() throws {
        try ops("plugin", "new", "bad", "--language", "sh")
        try ops.write(
            "bad/bin/bad", try ops.text("bad/bin/bad").replacing("debug log\" >&2", with: "log\""), mode: 0o755)
        let result = try ops("plugin", "test", "bad", "--check", "lines")
        #expect(result.status == 1)
        #expect(result.text.hasPrefix("bad 0.1.0\n"))
        let line = result.text.split(separator: "\n").first { $0.contains("M4") } ?? ""
        #expect(line.hasPrefix("✗") && line.contains("\"this goes to the log\""))
        #expect(result.text.contains("hint: write what is for people to standard error"))
        #expect(result.text.hasSuffix("2 checks: 1 passed, 1 failed\n"))
    }

    /// Each takes away or spoils one thing of a plugin that passes.
    @Test(arguments: [
        ("lines", "debug log\" >&2", "debug log\""),
        (
            "one-result", #"result() { printf"#,
            #"result() { printf '{"type":"result","id":"x","status":"ok"}\n'; printf"#
        ),
        ("one-result", #""id":"%s",%s}\n' "$id""#, #""id":"%s",%s}\n' "other""#),
        ("exit-status", "\"$1\"; exit 0; }", "\"$1\"; exit 3; }"),
        ("garbage", "echo \"hello: $1\" >&2; exit 2; }", "exit 0; }"),
        ("empty-input", "echo \"hello: $1\" >&2; exit 2; }", "exit 0; }"),
        ("other-major", #"[ "$(field ops)" = 1 ]"#, "true"),
        ("describe", "'\\n' ' ' <", "'0' '9' <"),
        ("outputs", #"printf '{"type":"outputs""#, #"true '{"type":"outputs""#),
        ("outputs", #"{"text":"Hello %s"}"#, #"{"text":"Hello %s","more":1}"#),
        ("own-folder", "word=$(field word)", "word=$(field word); touch \"$(dirname \"$0\")/cache\""),
        ("left-overs", "word=$(field word)", "word=$(field word); sleep 60 >/dev/null 2>&1 &"),
        ("examples", "word=$(field word)", "fail conflict no"),
        ("alone", "echo \"hello is a plugin of ops: see 'ops plugin test'\" >&2; exit 2", "exit 2"),
    ])
    func breachIsFound(_ check: String, _ good: String, _ bad: String) throws {
        try ops("plugin", "new", "hello", "--language", "sh")
        let program = try ops.text("hello/bin/hello")
        #expect(program.contains(good))
        try ops.write("hello/bin/hello", program.replacing(good, with: bad), mode: 0o755)
        #expect(try outcomes("hello", "--check", check)[check]?.hasPrefix("failed: ") == true)
    }

    @Test(arguments: [
        ("plan-is-pure", "def plan(call):\n", "def plan(call):\n    open('made', 'w').close()\n"),
        ("planned-outputs", #"return {"text": "Hello " + call.inputs["name"]}"#, #"return {"text": "Bye"}"#),
        ("plan-unknown", "if isinstance(call.inputs[\"name\"], Unknown):\n", "if False:\n"),
        ("secrets-unseen", "text = \"Hello \"", "print(call.inputs['token'].reveal())\n    text = \"Hello \""),
        (
            "secrets-unseen", "text = \"Hello \"",
            "call.write('a', call.inputs['token'].reveal())\n    text = \"Hello \""
        ),
        ("own-folder", "sys.dont_write_bytecode = True", "sys.dont_write_bytecode = False"),
    ])
    func breachOfAPlanOrSecretIsFound(_ check: String, _ good: String, _ bad: String) throws {
        try ops("plugin", "new", "hello", "--language", "python")
        let program = try ops.text("hello/bin/hello")
            .replacing(
                #""properties": {"#, with: #""properties": {"token": {"type": "string", "x-ops-secret": True},"#,
                maxReplacements: 1
            )
            .replacing(#""with": {"#, with: #""with": {"token": "x", "#)
        #expect(program.contains(good))
        try ops.write("hello/bin/hello", program.replacing(good, with: bad, maxReplacements: 1), mode: 0o755)
        let manifest = try run([ops.project + "/hello/bin/hello", "manifest"]).text
        try ops.write("hello/plugin.yaml", manifest)
        try run(["rm", "-rf", ops.project + "/hello/bin/__pycache__"])
        #expect(try outcomes("hello", "--check", check)[check]?.hasPrefix("failed: ") == true)
    }

    @Test func withoutAProgramNothingElseIsAsked() throws {
        try ops("plugin", "new", "hello", "--language", "sh")
        try run(["rm", ops.project + "/hello/bin/hello"])
        let outcomes = try outcomes("hello")
        #expect(outcomes.count == 1 && outcomes["program"]?.hasPrefix("failed: there is no file ") == true)
    }

    @Test func wrongManifestIsToldWithItsPlace() throws {
        try ops.write("hello/plugin.yaml", "apiVersion: ops/plugin/v1\nname: other\n")
        let result = try ops("plugin", "test", "hello")
        #expect(result.status == 2 && result.text.isEmpty)
        #expect(
            result.errorText.contains(
                "hello/plugin.yaml:2:7: error: the plugin 'other' stands in a folder named 'hello'"))
        #expect(try ops("plugin", "test", "none").status == 2)
        #expect(try ops("plugin", "test", "hello", "--limit", "soon").status == 64)
        #expect(try ops("plugin", "test", "hello", "--check", "line").errorText.contains("did you mean 'lines'?"))
    }
}
