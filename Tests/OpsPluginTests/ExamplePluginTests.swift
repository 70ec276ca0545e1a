import Glibc
import OpsCore
import OrderedCollections
import TestKit
import Testing

/// The plugins in Plugins/Examples, by raw lines of the protocol.
@Suite struct ExamplePluginTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func start(_ name: String, _ verb: String) throws -> PluginDialogue {
        try PluginDialogue("\(projectFolder)/Plugins/Examples/\(name)/bin/\(name)", verb, in: folder.path)
    }

    private func request(_ verb: String, _ action: String, inputs: String, major: Int = 1) -> String {
        #"{"ops":\#(major),"type":"request","id":"r7","verb":"\#(verb)","action":"\#(action)","features":["progress"],"#
            + #""step":{"task":"t","name":"s","run":"x","attempt":1},"directory":"\#(folder.path)","#
            + #""temporary":"\#(folder.path)/tmp","inputs":\#(inputs),"secrets":{},"online":false,"later":"\#u{2028}"}"#
    }

    /// Sends one request, keeps the input open, and gives what came.
    private func answer(_ name: String, _ request: String) throws -> [Value] {
        let verb = try #require(try JSONReader.value(request)["verb"]?.stringValue)
        let dialogue = try start(name, verb)
        try dialogue.send(request)
        let messages = try dialogue.messages()
        #expect(try dialogue.end().status == 0)
        let results = messages.filter { $0["type"] == .string("result") }
        #expect(results.count == 1 && results.first?["id"] == .string("r7"))
        return messages
    }

    @Test func pythonPlansWhatItDoes() throws {
        try folder.write("text.txt", "one two\nthree\n")
        let inputs = #"{"source":"text.txt","report":"counts.json"}"#
        let plan = try answer("word-count", request("plan", "count", inputs: inputs))
        #expect(plan.first?["outputs"] == .map(["report": .string("counts.json")]))
        let effects = plan.last?["effects"]?.listValue ?? []
        #expect(effects.compactMap { $0["kind"]?.stringValue } == ["read", "write"])
        #expect(!folder.exists("counts.json"))

        let apply = try answer("word-count", request("apply", "count", inputs: inputs))
        #expect(
            apply.map { $0["type"]?.stringValue } == ["output", "outputs", "result"])
        #expect(
            apply[1]["outputs"]
                == .map([
                    "words": .integer(3), "lines": .integer(2), "bytes": .integer(14), "report": .string("counts.json"),
                ]))
        #expect(try folder.text("counts.json") == "{\"words\": 3, \"lines\": 2, \"bytes\": 14}\n")
        #expect(apply[2]["status"] == .string("ok"))
    }

    @Test func pythonPassesUnknownOn() throws {
        let inputs = #"{"source":{"$unknown":"steps.a.outputs.file"},"report":{"$unknown":"inputs.b"}}"#
        let plan = try answer("word-count", request("plan", "count", inputs: inputs))
        #expect(plan.first?["outputs"] == .map(["report": .map(["$unknown": .string("inputs.b")])]))
        #expect(plan.last?["effects"]?.listValue?.first?["target"] == .string("steps.a.outputs.file"))
    }

    @Test func pythonSaysWhatIsWrongAndWhere() throws {
        let error = try answer("word-count", request("apply", "count", inputs: #"{"source":"none"}"#)).last?["error"]
        #expect(error?["code"] == .string("not-found"))
        #expect(error?["message"] == .string("cannot read 'none': No such file or directory"))
        #expect(error?["at"] == .string("/inputs/source"))
    }

    @Test func manifestsAreAsDescribed() throws {
        for name in ["word-count", "disk-space"] {
            let manifest = try answer(name, request("describe", "", inputs: "{}")).last?["manifest"]
            #expect(manifest?["name"] == .string(name))
            #expect(manifest?["protocol"] == .list([.integer(1)]))
        }
        let program = "\(projectFolder)/Plugins/Examples/word-count/bin/word-count"
        let made = try run([program, "manifest"])
        #expect(made.output == (try readAll("\(projectFolder)/Plugins/Examples/word-count/plugin.yaml")))
    }

    @Test func shellAnswersWithoutParser() throws {
        #expect(
            try answer("disk-space", request("plan", "check", inputs: "{}")).last?["effects"]?.listValue?.count == 1)
        let apply = try answer("disk-space", request("apply", "check", inputs: #"{"at-least-mib":0}"#))
        #expect(apply.first?["outputs"]?["free-mib"]?.integerValue != nil)
        #expect(apply.last?["status"] == .string("ok"))
        let error = try answer("disk-space", request("apply", "check", inputs: #"{"at-least-mib":999999999}"#)).last?[
            "error"]
        #expect(error?["code"] == .string("conflict"))
    }

    @Test(arguments: ["word-count", "disk-space"])
    func otherMajorIsUnsupported(_ name: String) throws {
        let error = try answer(name, request("apply", "count", inputs: "{}", major: 2)).last?["error"]
        #expect(error?["code"] == .string("unsupported"))
        let message = error?["message"]?.stringValue ?? ""
        #expect(message.contains("protocol 1") && message.contains("protocol 2"))
    }

    @Test(arguments: ["word-count", "disk-space"], ["garbage\n", "", #"{"ops":1"#, "[1]\n"])
    func whatIsNoRequestEndsIt(_ name: String, _ input: String) throws {
        let dialogue = try start(name, "apply")
        try dialogue.send(bytes: Array(input.utf8))
        dialogue.closeInput()
        #expect(try dialogue.line() == nil)
        let end = try dialogue.end()
        #expect(end.status == 2)
        #expect(end.errorText.hasPrefix(name + ": "))
    }

    @Test(arguments: ["word-count", "disk-space"])
    func withoutHostItSaysWhatItIs(_ name: String) throws {
        let program = "\(projectFolder)/Plugins/Examples/\(name)/bin/\(name)"
        let result = try run([program, "apply"], environment: ["OPS_PLUGIN_PROTOCOL": nil])
        #expect(result.status == 2 && result.text.isEmpty)
        #expect(result.errorText == "\(name) is a plugin of ops: see 'ops plugin test'\n")
    }
}
