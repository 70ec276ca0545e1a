import Glibc
import OpsCore
import OrderedCollections
import TestKit
import Testing

/// Plugins that `PluginExecutable` makes programs of, by raw lines of the protocol.
@Suite struct PluginExecutableTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func program(_ name: String) -> String {
        OpsProgram.built("\(name)-program")
    }

    private func start(_ name: String, _ verb: String, _ members: String) throws -> PluginDialogue {
        let dialogue = try PluginDialogue(Self.program(name), verb, in: folder.path)
        try dialogue.send(
            #"{"ops":1,"type":"request","id":"r1","verb":"\#(verb)","directory":"\#(folder.path)","later":[],\#(members)}"#
        )
        return dialogue
    }

    private func answer(_ name: String, _ verb: String, _ members: String) throws -> [Value] {
        let dialogue = try start(name, verb, members)
        let messages = try dialogue.messages()
        #expect(try dialogue.end().status == 0)
        #expect(messages.last?["type"] == .string("result") && messages.last?["id"] == .string("r1"))
        return messages
    }

    @Test func plansAndRuns() throws {
        let members = #""action":"greet","inputs":{"name":"é\#u{2028}","file":"a/b.txt"}"#
        let plan = try answer("hello", "plan", members)
        #expect(plan[0]["outputs"] == .map(["text": .string("Hello é\u{2028}")]))
        #expect(plan[1]["effects"] == .list([.map(["kind": .string("write"), "target": .string("a/b.txt")])]))
        #expect(!folder.exists("a"))
        let apply = try answer("hello", "apply", members)
        #expect(apply.map { $0["type"]?.stringValue } == ["output", "outputs", "result"])
        #expect(apply[0]["text"] == .string("Hello é\u{2028}\n"))
        #expect(apply[1]["outputs"] == plan[0]["outputs"])
        #expect(try folder.text("a/b.txt") == "Hello é\u{2028}\n")
    }

    @Test func unknownStaysUnknown() throws {
        let plan = try answer("hello", "plan", #""action":"greet","inputs":{"name":{"$unknown":"inputs.a"}}"#)
        #expect(plan.count == 1 && plan[0]["status"] == .string("ok"))
    }

    /// By a name that is no plugin's, the program is the archive plugin.
    @Test func builtInPluginIsAProgramToo() throws {
        try folder.write("src/a.txt", "a")
        let create = #""action":"create","inputs":{"output":"a.tar","files":[{"from":"src/a.txt","to":"a.txt"}]}"#
        let plan = try answer("builtin", "plan", create)
        #expect(plan.last?["effects"]?.listValue?.isEmpty == false)
        #expect(!folder.exists("a.tar"))
        let made = try answer("builtin", "apply", create)
        #expect(made.last?["status"] == .string("ok"))
        let list = try answer("builtin", "apply", #""action":"list","inputs":{"archive":"a.tar"}"#)
        #expect(list.first?["outputs"]?["entries"] == .list([.string("a.txt")]))
        let error = try answer("builtin", "apply", #""action":"list","inputs":{"archive":"none"}"#).last?["error"]
        #expect(error?["message"]?.stringValue?.contains("none") == true)
    }

    @Test func manifestIsMadeFromTheDeclarations() throws {
        let manifest = try answer("hello", "describe", #""features":[]"#).last?["manifest"]
        #expect(
            manifest?["actions"]?["greet"]?["inputs"]
                == .map([
                    "type": .string("object"), "required": .list([.string("name")]),
                    "properties": .map([
                        "name": .map(["type": .string("string"), "description": .string("Who is greeted")]),
                        "file": .map([
                            "type": .string("string"), "x-ops-path": .string("write"),
                            "description": .string("Where to write the greeting"),
                        ]),
                    ]),
                ]))
        #expect(manifest?["permissions"] == .map(["net": .string("none")]))
        let text = try run([Self.program("hello"), "manifest"]).text
        #expect(text.hasPrefix("apiVersion: \"ops/plugin/v1\"\nname: \"hello\"\n"))
        #expect(text.contains("\n    outputs:\n      type: \"object\"\n      required: [\"text\"]\n"))
    }

    @Test func printCannotBreakTheProtocol() throws {
        let dialogue = try start("odd", "apply", #""action":"print""#)
        let messages = try dialogue.messages()
        let errors = try dialogue.end().errorText
        #expect(errors.contains("by print\n") && errors.contains("by the descriptor\n"))
        let texts = { (stream: String) in
            messages.filter { $0["stream"] == .string(stream) }.compactMap { $0["text"]?.stringValue }
        }
        #expect(texts("stdout") == ["é"])
        #expect(texts("stderr").joined() == String(repeating: "\u{1}", count: 200_000))
        #expect(messages.last?["status"] == .string("ok"))
    }

    @Test(arguments: [true, false])
    func cancellationReachesAnAction(_ isCancel: Bool) throws {
        let dialogue = try start("odd", "apply", #""action":"wait","log-level":"info""#)
        let log = try dialogue.message()
        #expect(log["level"] == .string("notice") && log["fields"] == .map(["for": .string("30s")]))
        try dialogue.stop(byCancelling: isCancel)
        let result = try dialogue.message()
        #expect(result["type"] == .string("result") && result["status"] == .string("cancelled"))
        #expect(try dialogue.end().status == 0)
        #expect(try folder.text("tidied") == (isCancel ? "timeout" : "interrupt"))
    }

    @Test func secretsShowOnlyWhereTheyAreAskedFor() throws {
        let plan = try answer("odd", "plan", #""action":"secret","inputs":{"token":{"$secret":"s1"}}"#)
        #expect(plan.last?["effects"]?.listValue?.first?["target"] == .string("token: true"))
        let dialogue = try start(
            "odd", "apply", #""action":"secret","inputs":{"token":{"$secret":"s1"}},"secrets":{"s1":"hunter2"}"#)
        let messages = try dialogue.messages()
        #expect(
            messages.first
                == .map(["type": .string("secret"), "name": .string("session"), "value": .string("hunter2!")]))
        #expect(messages[1]["outputs"] == .map(["length": .integer(7), "session": .string("hunter2!")]))
        #expect(try !dialogue.end().errorText.contains("hunter2"))
    }

    @Test func fetchAnswersEachReference() throws {
        let references = ["odd://a/b", "odd://none", "odd://bad", "other://a"].map {
            #"{"scheme":"\#($0.prefix { $0 != ":" })","path":"x","options":{},"text":"\#($0)"}"#
        }
        let result = try answer("odd", "fetch", #""references":[\#(references.joined(separator: ","))]"#).last
        #expect(
            result?["values"]?.listValue?.map { $0["value"]?.stringValue ?? $0["failure"]?.stringValue }
                == ["value of a/b", "missing", "invalid", "invalid"])
    }

    @Test(arguments: ["garbage\n", "", #"{"ops":1"#, "[1]\n", #"{"ops":1,"type":"cancel","id":"r1"}"# + "\n"])
    func whatIsNoRequestEndsIt(_ input: String) throws {
        let dialogue = try PluginDialogue(Self.program("hello"), "apply", in: folder.path)
        try dialogue.send(bytes: Array(input.utf8))
        dialogue.closeInput()
        #expect(try dialogue.line() == nil)
        let end = try dialogue.end()
        #expect(end.status == 2 && end.errorText.hasPrefix("hello: "))
    }

    @Test func otherMajorIsUnsupported() throws {
        let dialogue = try PluginDialogue(Self.program("hello"), "apply", in: folder.path)
        try dialogue.send(#"{"ops":3,"type":"request","id":"r9","new":true}"#)
        let error = try dialogue.message()["error"]
        #expect(error?["code"] == .string("unsupported"))
        #expect(error?["message"] == .string("'hello' speaks protocol 1, ops speaks protocol 3"))
        #expect(try dialogue.end().status == 0)
    }

    @Test func withoutHostItSaysWhatItIs() throws {
        let result = try run([Self.program("hello"), "apply"], environment: ["OPS_PLUGIN_PROTOCOL": nil])
        #expect(result.status == 2 && result.text.isEmpty)
        #expect(result.errorText == "hello is a plugin of ops: see 'ops plugin test'\n")
    }
}
