import OpsCore
import OrderedCollections
import Testing

@testable import OpsPlugin

@Suite struct PluginProtocolTests {
    // MARK: Lines

    @Test(arguments: [1, 3, 1000])
    func cutsLinesAtLineFeedsOnly(_ pieceSize: Int) {
        let text = Array("{\"a\":\"x\u{2028}y\r\"}\n\n{}\nhalf".utf8)
        var frames = LineFrames()
        var lines: [String] = []
        for start in stride(from: 0, to: text.count, by: pieceSize) {
            for case .line(let bytes) in frames.append(Array(text[start..<min(start + pieceSize, text.count)])) {
                lines.append(String(decoding: bytes, as: UTF8.self))
            }
        }
        #expect(lines == ["{\"a\":\"x\u{2028}y\r\"}", "", "{}"])
        #expect(frames.unfinished == Array("half".utf8))
    }

    @Test func aLineMayBeAsLongAsTheLimitAndNoLonger() {
        var frames = LineFrames(limit: 8)
        #expect(frames.append(Array("12345678\n".utf8)) == [.line(Array("12345678".utf8))])
        #expect(frames.append(Array("1234".utf8)).isEmpty)
        #expect(frames.append(Array("56789\n{}\n".utf8)) == [.oversize(Array("12345678".utf8))])
        #expect(frames.append(Array("{}\n".utf8)).isEmpty)
    }

    // MARK: Values

    @Test func valuesSurviveTheWay() throws {
        let plain = #"{"text":"x","number":5.10,"list":[null,true],"two":{"$a":"","b":""},"#
        let special = #""own":{"$secret":"not one"},"nested":{"$map":{"$x":1}}}"#
        var members = try #require(try JSONReader.value(plain + special).mapValue)
        members["later"] = .unknown(Unknown("steps.a.outputs.b"))
        let value = Value.map(members)
        var secrets = WireSecrets()
        let text = JSONWriter.text(WireValue.encode(value, secrets: &secrets))
        #expect(secrets.all.isEmpty)
        #expect(text.contains(#""own":{"$map":{"$secret":"not one"}}"#))
        #expect(text.contains(#""later":{"$unknown":"steps.a.outputs.b"}"#))
        #expect(text.contains("5.10"))
        #expect(try WireValue.decode(try JSONReader.value(text)) == value)
    }

    @Test(arguments: [
        #"{"$secret":"s9"}"#, #"{"$secret":1}"#, #"{"$later":"x"}"#, #"{"$map":"x"}"#, #"{"$unknown":null}"#,
    ])
    func refusesOtherSpecialObjects(_ text: String) throws {
        let json = try JSONReader.value(text)
        #expect(throws: OpsError.self) { try WireValue.decode(json) }
    }

    // MARK: Requests

    private func request(_ verb: PluginVerb) -> PluginRequest {
        var request = PluginRequest(id: "r1", verb: verb, directory: "/work")
        request.action = "pack"
        request.step = PluginRequest.Step(task: "build", name: "pack", run: "20260101-1", attempt: 2)
        request.temporary = "/tmp/x"
        request.inputs = [
            "source": .string("dist"), "token": .secret(Secret(names: ["key"], bytes: Array("hunter2".utf8))),
            "list": .list([.secret(Secret(names: ["raw"], bytes: [0xFF, 0x00]))]),
        ]
        request.plannedOutputs = ["path": .string("a.tgz")]
        request.timeout = .seconds(600)
        return request
    }

    @Test func aRequestHoldsSecretsInTheirMapOnly() throws {
        let line = request(.apply).encoded()
        let json = try JSONReader.value(line)
        #expect(
            json["inputs"].map { JSONWriter.text($0) }
                == #"{"source":"dist","token":{"$secret":"s1"},"list":[{"$secret":"s2"}]}"#)
        #expect(json["secrets"].map { JSONWriter.text($0) } == #"{"s1":"hunter2","s2":{"base64":"/wA="}}"#)
        #expect(!line.contains(0x0A))
        guard case .request(let read) = try PluginHostMessage(line: line) else {
            Issue.record("not read as a request")
            return
        }
        #expect(read.action == "pack")
        #expect(read.step == PluginRequest.Step(task: "build", name: "pack", run: "20260101-1", attempt: 2))
        #expect(try Arguments(read.inputs, label: "").optionalSecret("token")?.revealText() == "hunter2")
        #expect(read.plannedOutputs?["path"] == .string("a.tgz"))
        #expect(read.timeout == .seconds(600))
    }

    @Test func aPlanHasNoValuesOfSecrets() throws {
        let line = request(.plan).encoded()
        #expect(!String(decoding: line, as: UTF8.self).contains("hunter2"))
        guard case .request(let read) = try PluginHostMessage(line: line) else {
            Issue.record("not read as a request")
            return
        }
        #expect(try Arguments(read.inputs, label: "").optionalSecret("token")?.isFetched == false)
    }

    @Test func fetchNamesItsReferences() throws {
        var request = PluginRequest(id: "r1", verb: .fetch, directory: "/")
        request.references = [try SecretReference("acme://a/b#x?version=2")]
        guard case .request(let read) = try PluginHostMessage(line: request.encoded()) else {
            Issue.record("not read as a request")
            return
        }
        #expect(read.references == request.references)
    }

    @Test func otherMajorsAndTypesAreToldApart() throws {
        func message(_ text: String) throws -> String {
            "\(try PluginHostMessage(line: Array(text.utf8)))"
        }
        #expect(try message(#"{"ops":2,"type":"request","id":"r1"}"#).contains("unsupported(major: 2, id: \"r1\")"))
        #expect(try message(#"{"ops":1,"type":"later","id":"r1"}"#).contains("unknown(type: \"later\")"))
        let cancel = PluginHostMessage.cancelLine(id: "r1", reason: .timeout, grace: .seconds(5))
        #expect(
            String(decoding: cancel, as: UTF8.self)
                == #"{"ops":1,"type":"cancel","id":"r1","reason":"timeout","grace-ms":5000}"#)
        guard case .cancel("r1", .timeout, .seconds(5)) = try PluginHostMessage(line: cancel) else {
            Issue.record("not read as a cancellation")
            return
        }
    }

    // MARK: Messages

    @Test(arguments: [
        #"{"type":"log","level":"warning","message":"careful","fields":{"path":"a"}}"#,
        #"{"type":"progress","done":10,"total":40,"unit":"files"}"#,
        #"{"type":"secret","name":"token","value":"x"}"#,
        #"{"type":"secret","name":"token","value":{"base64":"/wA="}}"#,
        #"{"type":"output","stream":"stderr","text":"x\ny"}"#,
        #"{"type":"outputs","outputs":{"path":"a.tgz","later":{"$unknown":"date"}}}"#,
        #"{"type":"result","id":"r1","status":"ok","effects":[{"kind":"write","target":"dist","detail":"1 file"}]}"#,
        #"{"type":"result","id":"r1","status":"ok","manifest":{"name":"acme"}}"#,
        #"{"type":"result","id":"r1","status":"ok","values":[{"value":"x"},{"base64":"/wA="},{"failure":"missing","message":"gone"}]}"#,
        #"{"type":"result","id":"r1","status":"error","error":{"code":"not-found","message":"m","retryable":true,"at":"/inputs/a"}}"#,
        #"{"type":"result","id":"r1","status":"cancelled"}"#,
    ])
    func messagesSurviveTheWay(_ line: String) throws {
        let message = try PluginMessage(line: Array(line.utf8))
        #expect(String(decoding: message.encoded(), as: UTF8.self) == line)
    }

    @Test(arguments: [
        (#"hello"#, "a line on its standard output is not valid JSON: expected a value at byte 0"),
        (#"{"a":1,"a":2}"#, "a line on its standard output is not valid JSON: a duplicate key"),
        (#"[]"#, "a line on its standard output is not a JSON object"),
        (#"{"level":"info"}"#, "'type' of a line on its standard output must be text"),
        (#"{"type":"log"}"#, "'message' of a line of type 'log' must be text"),
        (#"{"type":"result","id":"r1","status":"fine"}"#, "'status' of its result must be one of ok, error, cancelled"),
        (
            #"{"type":"result","id":"r1","status":"error"}"#,
            "'error' of its result must be an object where the status is error"
        ),
        (#"{"type":"result","id":1,"status":"ok"}"#, "'id' of its result must be text"),
        (#"{"type":"outputs"}"#, "'outputs' of a line of type 'outputs' must be an object"),
    ])
    func saysWhatIsWrongWithALine(_ line: String, _ message: String) {
        #expect {
            try PluginMessage(line: Array(line.utf8))
        } throws: {
            ($0 as? OpsError)?.message == message
        }
    }

    @Test func unknownFieldsAndTypesAreIgnored() throws {
        let result = try PluginMessage(line: Array(#"{"type":"result","id":"r1","status":"ok","new":{}}"#.utf8))
        guard case .result(let read) = result else {
            Issue.record("not a result")
            return
        }
        #expect(read.status == .ok)
        guard case .unknown("later") = try PluginMessage(line: Array(#"{"type":"later"}"#.utf8)) else {
            Issue.record("a type of a later version is no error")
            return
        }
    }
}
