import Glibc
import OpsCore
import OrderedCollections
import TestKit
import Testing

/// `ops_plugin.py` under actions that print, wait, find secrets and break.
@Suite struct PythonModuleTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let module = try readAll("\(projectFolder)/Plugins/Examples/word-count/bin/ops_plugin.py")
        try folder.write("bin/ops_plugin.py", module)
        try folder.write("bin/odd", Self.program, mode: 0o755)
    }

    private static let program = """
        #!/usr/bin/env python3
        import os, subprocess, sys, time
        sys.dont_write_bytecode = True
        from ops_plugin import Failure, Plugin, SecretFailure
        print("printed while it loads")
        plugin = Plugin("odd", version="1.0.0", summary="Odd")
        schema = {"type": "object"}

        @plugin.action("print", summary="Print", inputs=schema, outputs=schema)
        def print_all(call):
            print("by print")
            subprocess.run(["sh", "-c", "echo by a child; cat"], check=True)
            os.write(1, b"by the descriptor")
            return {"said": "\\u2028\\u0085 é"}

        @plugin.action("wait", summary="Wait", inputs=schema, outputs=schema)
        def wait(call):
            try:
                call.log("waiting", level="notice", seconds=30)
                time.sleep(30)
            except Exception:
                call.log("swallowed")
            finally:
                open("tidied", "w").close()

        @plugin.action("secret", summary="Use a secret", inputs=schema, outputs=schema)
        def use(call):
            token = call.inputs["token"]
            call.secret("session", token.reveal() + "-session")
            print(token, repr(token))
            return {"length": len(token.reveal()), "bytes": len(call.inputs["key"].reveal()), "odd": {"$a": 1}}

        @plugin.action("break", summary="Break", inputs=schema, outputs=schema)
        def break_it(call):
            return {"text": 1 / 0}

        @plugin.action("large", summary="Say much", inputs=schema, outputs=schema)
        def large(call):
            call.output("x" * (3 << 20))
            return {"text": "x" * (2 << 20)}

        @plugin.secret("odd")
        def fetch(call, reference):
            if reference["path"] == "none":
                raise SecretFailure("missing", "there is no none")
            return b"\\xff" if reference["field"] == "raw" else "value of " + reference["path"]

        plugin.main()
        """

    private func start(_ verb: String, _ action: String, _ members: String = "") throws -> PluginDialogue {
        let dialogue = try PluginDialogue(folder.path + "/bin/odd", verb, in: folder.path)
        try dialogue.send(
            #"{"ops":1,"type":"request","id":"r1","verb":"\#(verb)","action":"\#(action)","directory":"\#(folder.path)""#
                + members + "}")
        return dialogue
    }

    @Test func printCannotBreakTheProtocol() throws {
        let dialogue = try start("apply", "print")
        let messages = try dialogue.messages()
        let errors = try dialogue.end().errorText
        #expect(messages.map { $0["type"]?.stringValue } == ["outputs", "result"])
        #expect(messages.first?["outputs"]?["said"] == .string("\u{2028}\u{85} é"))
        for text in ["by print", "by a child", "by the descriptor"] { #expect(errors.contains(text)) }
    }

    @Test(arguments: [true, false])
    func cancellationReachesASleep(_ isCancel: Bool) throws {
        let dialogue = try start("apply", "wait")
        #expect(try dialogue.message()["level"] == .string("notice"))
        try dialogue.stop(byCancelling: isCancel)
        let result = try dialogue.message()
        #expect(result["type"] == .string("result") && result["status"] == .string("cancelled"))
        #expect(try dialogue.end().status == 0)
        #expect(folder.exists("tidied"))
    }

    @Test func terminationIsACancellation() throws {
        let dialogue = try start("apply", "wait")
        _ = try dialogue.message()
        dialogue.signal(SIGTERM)
        #expect(try dialogue.message()["status"] == .string("cancelled"))
        #expect(try dialogue.end().status == 0)
    }

    @Test func secretsShowOnlyWhereTheyAreAskedFor() throws {
        let dialogue = try start(
            "apply", "secret",
            #","inputs":{"token":{"$secret":"s1"},"key":{"$secret":"s2"}},"secrets":{"s1":"hunter2","s2":{"base64":"/w=="}}"#
        )
        let messages = try dialogue.messages()
        #expect(messages.first?["value"] == .string("hunter2-session"))
        #expect(
            messages[1]["outputs"]
                == .map(["length": .integer(7), "bytes": .integer(1), "odd": .map(["$map": .map(["$a": .integer(1)])])])
        )
        #expect(try dialogue.end().errorText.contains("*** ***"))
    }

    @Test func aPlanHasNoSecret() throws {
        let dialogue = try start("plan", "secret", #","inputs":{"token":{"$secret":"s1"}}"#)
        #expect(try dialogue.messages().last?["status"] == .string("ok"))
    }

    @Test func mistakesAreInternalErrors() throws {
        let dialogue = try start("apply", "break")
        let error = try dialogue.messages().last?["error"]
        #expect(error?["code"] == .string("internal"))
        #expect(error?["message"] == .string("ZeroDivisionError: division by zero"))
        #expect(try dialogue.end().errorText.contains("break_it"))
    }

    @Test func largeOutputGoesInPieces() throws {
        let dialogue = try start("apply", "large")
        var total = 0
        var last: Value = .null
        while let line = try dialogue.line() {
            #expect(line.utf8.count <= 1 << 20)
            last = try JSONReader.value(line)
            total += last["text"]?.stringValue?.utf8.count ?? 0
        }
        #expect(total == 3 << 20)
        #expect(last["error"]?["message"]?.stringValue?.contains("larger than 1 MiB") == true)
    }

    @Test func fetchAnswersEachReference() throws {
        let references = [("a/b", "x"), ("none", "x"), ("a", "raw")].map {
            #"{"scheme":"odd","path":"\#($0)","field":"\#($1)","options":{},"text":"odd://\#($0)#\#($1)"}"#
        }
        let dialogue = try start("fetch", "", #","references":[\#(references.joined(separator: ","))]"#)
        #expect(
            try dialogue.messages().last?["values"]
                == .list([
                    .map(["value": .string("value of a/b")]),
                    .map(["failure": .string("missing"), "message": .string("there is no none")]),
                    .map(["base64": .string("/w==")]),
                ]))
    }
}
