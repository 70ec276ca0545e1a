import OpsCore
import OpsEngine
import OpsPlugin
import OpsReport
import OrderedCollections
import Testing

@Suite struct JSONReporterTests {
    func lines(_ script: Script) -> [String] {
        let output = ReportOutput()
        let reporter = JSONReporter(output: output)
        for event in script.events { reporter.receive(event) }
        reporter.close()
        return output.text.split(separator: "\n").map(String.init)
    }

    @Test func everyEventIsALine() {
        var script = Script()
        let id = StepID(task: TaskID(name: "image", instance: "arch=amd64"), part: .finally, index: 1)
        script.begin("a", "b", count: 2)
        script.add(.taskStarted(TaskID(name: "image", instance: "arch=amd64"), reason: "src/a changed"))
        script.add(.stepStarted(StepStarted(step: id, name: "N", action: "run", summary: "s \"q\"", attempt: 2)))
        script.add(.progress(id, Progress(done: 1, unit: "files")))
        script.add(.message(Message(level: .notice, text: "hi")))
        script.add(
            .stepFinished(
                StepFinished(
                    step: id, outcome: .failed, duration: .milliseconds(1005),
                    outputs: ["k": .secret(Secret(planned: ["s"]))], failure: Script.failure, isTolerated: true)))
        script.finish("a", .skipped, reason: "no", ms: 0)
        script.finish(.failed, status: 1)
        let place = #""task":"image","instance":"arch=amd64""#
        let step = place + #","part":"finally","step":2"#
        #expect(
            lines(script) == [
                #"{"time":1800000000.000,"event":"run-started","run":"r1","recipe":"ops.yaml","tasks":["a","b"],"#
                    + #""task-count":2,"version":"0.1.0"}"#,
                #"{"time":1800000000.100,"event":"task-started",\#(place),"reason":"src/a changed"}"#,
                #"{"time":1800000000.200,"event":"step-started",\#(step),"name":"N","action":"run","#
                    + #""summary":"s \"q\"","attempt":2}"#,
                #"{"time":1800000000.300,"event":"progress",\#(step),"done":1,"unit":"files"}"#,
                #"{"time":1800000000.400,"event":"message","level":"notice","text":"hi"}"#,
                #"{"time":1800000000.500,"event":"step-finished",\#(step),"outcome":"failed","duration":1.005,"#
                    + #""tolerated":true,"outputs":{"k":{"$secret":["s"]}},"failure":{"code":"command","#
                    + #""message":"the command ended with status 3","hint":"start the server first","#
                    + #""file":"ops.yaml","line":14,"column":7,"exit-status":3,"#
                    + #""last-lines":["connecting","refused"]}}"#,
                #"{"time":1800000000.600,"event":"task-finished","task":"a","outcome":"skipped","reason":"no","#
                    + #""duration":0.000}"#,
                #"{"time":1800000000.700,"event":"run-finished","run":"r1","outcome":"failed","duration":1.250,"#
                    + #""exit-status":1}"#,
            ])
    }

    @Test func splitCharactersStayTextAndOtherBytesAreBase64() {
        var script = Script()
        let id = StepID(task: TaskID(name: "a"), index: 0)
        for bytes in [[0x78, 0xE2, 0x9C], [0x93, 0x0A], [0xFF, 0x00], [0xF0, 0x9F]] as [[UInt8]] {
            script.add(.output(id, .standardOutput, bytes))
        }
        script.end("a")
        let texts = lines(script).map { $0.split(separator: #""stream":"stdout","#).last.map(String.init) ?? "" }
        #expect(texts.prefix(4) == [#""text":"x"}"#, #""text":"✓\n"}"#, #""data":"/wA="}"#, #""data":"8J8="}"#])
    }

    @Test func linesAreValidJSON() throws {
        for line in lines(.failing) {
            #expect(try JSONReader.value(line)["event"] != nil)
        }
    }
}
