import Glibc
import TestKit
import Testing

/// Programs of plugins that misbehave: each ends with a clear error, and none harms the run.
@Suite struct PluginAbuseTests {
    /// What the program does once it has read its request, and what the error says.
    static let abuses: [(name: String, program: String, error: String)] = [
        (
            "a stray print", "print('hello there')\nresult()",
            "broke the protocol: a line on its standard output is not valid JSON: expected a value at byte 0: 'hello there'"
        ),
        (
            "JSON that is no message", "print('[1]')",
            "broke the protocol: a line on its standard output is not a JSON object: '[1]'"
        ),
        (
            "half a line", "sys.stdout.write('{\"type\":\"res'); sys.stdout.flush(); os._exit(0)",
            "broke the protocol: it ended (exit status 0) in the middle of a line: '{\"type\":\"res'"
        ),
        ("no result", "sys.exit(0)", "the plugin 'acme' ended (exit status 0) before it gave a result"),
        (
            "a failure without a result", "print('it broke', file=sys.stderr)\nsys.exit(3)",
            "the plugin 'acme' ended (exit status 3) before it gave a result"
        ),
        (
            "death by a signal", "os.kill(os.getpid(), 11)",
            "the plugin 'acme' ended (signal SIGSEGV) before it gave a result"
        ),
        ("two results", "result()\nresult()", "broke the protocol: it wrote a line after its result"),
        (
            "a line after the result", "result()\nprint('bye')",
            "broke the protocol: it wrote a line after its result: 'bye'"
        ),
        ("another request's result", "r['id'] = 'r2'\nresult()", "its result is for the request 'r2', not 'r1'"),
        (
            "an oversize line", "sys.stdout.write('x' * 3000000)\nresult()",
            "a line on its standard output is longer than 1.0 MB"
        ),
        (
            "a line without end", "\nwhile True: sys.stdout.write('x' * 65536)",
            "a line on its standard output is longer than 1.0 MB"
        ),
        (
            "lines without end", "\nwhile True: sys.stdout.write('x\\n')",
            "a line on its standard output is not valid JSON"
        ),
        (
            "secrets without end", "\nfor i in range(2000): send('secret', name='s', value='value-%d' % i)\nresult()",
            "it found more than 1000 secrets"
        ),
        (
            "an undeclared output", "send('outputs', outputs={'pat': 'x'})\nresult()",
            "gave the output 'pat', which its manifest does not declare"
        ),
        (
            "an output of another type", "send('outputs', outputs={'path': 1, 'key': 'k'})\nresult()",
            "gave the output 'path' as integer, declared is string"
        ),
        (
            "a missing output", "send('outputs', outputs={'key': 'some-key'})\nresult()",
            "did not give the output 'path'"
        ),
        (
            "an unknown output", "send('outputs', outputs={'path': {'$unknown': 'x'}, 'key': 'k'})\nresult()",
            "gave the output 'path' as unknown"
        ),
        ("giving up", "result('cancelled')", "gave up, though nobody cancelled it"),
        ("an error without a reason", "result('error')", "'error' of its result must be an object"),
        (
            "bytes that are no text", "sys.stdout.buffer.write(b'\\xff\\xfe{}\\n'); sys.stdout.flush()",
            "broke the protocol"
        ),
        ("a question to the terminal", "open('/dev/tty').readline()\nresult()", "before it gave a result"),
    ]

    @Test(arguments: abuses.indices)
    func abuseIsAClearError(_ index: Int) throws {
        let abuse = Self.abuses[index]
        let project = try PluginProject(PluginProject.recipe(), program: abuse.program)
        let result = try project.ops("t", "--grace", "1s")
        let text = result.text + result.errorText
        #expect(result.status == 1, "\(abuse.name): \(text.prefix(2000))")
        #expect(text.contains(abuse.error), "\(abuse.name): \(text.prefix(2000))")
        // What came is quoted, not repeated.
        #expect(text.utf8.count < 4000, "\(abuse.name): \(text.utf8.count)")
    }

    @Test func aProgramMayIgnoreItsInput() throws {
        let project = try PluginProject(PluginProject.recipe())
        try project.writeExecutable("#!/bin/sh\nexec <&-\nexit 4\n")
        let result = try project.ops("t")
        #expect(result.status == 1)
        #expect((result.text + result.errorText).contains("ended (exit status 4) before it gave a result"))
    }

    @Test func onATerminalItHasNone() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                try: open("/dev/tty"); has = "a terminal"
                except OSError: has = "no terminal"
                send("output", text="it has " + has + "\\n")
                send("outputs", outputs={"path": "a", "key": "some-key"})
                result()
                """)
        let command = project.ops.command(["t"]).map { "'\($0)'" }.joined(separator: " ")
        let result = try run(["script", "-qec", command, "/dev/null"])
        #expect(result.text.contains("it has no terminal"), "\(result.text)")
    }

    @Test(arguments: ["graceful", "kill"])
    func aProgramThatHangsIsEnded(_ cancel: String) throws {
        let project = try PluginProject(
            PluginProject.recipe("    timeout: 5s\n"),
            program: """
                import signal
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                open("child", "w").write(str(os.getpid()))
                while True: time.sleep(60)
                """,
            manifest: AcmeManifest.text().replacing("plan: full", with: "plan: full\n    cancel: \(cancel)"))
        let result = try project.ops("t", "--grace", "300ms")
        #expect(result.status == 1)
        #expect((result.text + result.errorText).contains("its timeout of 5s passed"))
        #expect(try project.ops.isGone("child"))
    }

    @Test func whatItForksIsEndedWithIt() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                for index in range(3):
                    child = subprocess.Popen(["setsid", "sleep", "61"])
                    open("child%d" % index, "w").write(str(child.pid))
                send("outputs", outputs={"path": "a", "key": "some-key"})
                result()
                """)
        let result = try project.ops("t", "--grace", "1s")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        for index in 0..<3 { #expect(try project.ops.isGone("child\(index)")) }
    }

    @Test func aFloodOfStandardErrorIsKeptInPart() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                line = b"x" * 65535 + b"\\n"
                for index in range(1000): os.write(2, line)
                send("outputs", outputs={"path": "a", "key": "some-key"})
                result()
                """)
        let result = try project.ops("t")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        let size = try run(["du", "-sk", project.ops.state]).text.prefix { $0.isNumber }
        #expect(try #require(Int(size)) < 4096)
    }

    @Test func aFloodOfMessagesIsKeptInPart() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                text = "".join(json.dumps({"type": "log", "level": "info", "message": "m%d" % i}) + "\\n" for i in range(12000))
                sys.stdout.write(text)
                sys.stdout.write((json.dumps({"type": "progress", "done": 1}) + "\\n") * 2000)
                send("outputs", outputs={"path": "a", "key": "some-key"})
                result()
                """)
        let result = try project.ops("t", "--log-file", "log")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        let log = try project.ops.text("log")
        #expect(log.contains("says too much: further messages are dropped"))
        #expect(log.split(separator: "\n").count < 10_200)
    }

    @Test func theEndOfTheHostIsTheEndOfItsInput() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                import signal
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                open("child", "w").write(str(os.getpid()))
                open("started", "w").write("")
                sys.stdin.read()
                """)
        let program = try project.ops.start(["t"])
        try program.wait(for: project.ops.project + "/started")
        program.signal(SIGKILL)
        _ = try program.end()
        #expect(try project.ops.isGone("child"))
    }

    @Test func aSecondCallIsNotAnsweredForByTheFirst() throws {
        // Two at a time, each with its own process: what one says never reaches the other.
        let project = try PluginProject(
            """
            ops: 1
            tasks:
              a: { acme.pack: { source: a } }
              b: { acme.pack: { source: b } }
              t: { needs: [ a, b ], env: { A: "${{ needs.a.outputs.path }}", B: "${{ needs.b.outputs.path }}" }, run: echo "got $A $B" }
            """,
            program: """
                send("outputs", outputs={"path": r["inputs"]["source"] + ".tgz", "key": "some-key"})
                result()
                """)
        let result = try project.ops("t", "-j", "2")
        #expect(result.text.contains("got a.tgz b.tgz"), "\(result.text)\(result.errorText)")
    }

    @Test(arguments: [
        ("protocol: [1]", "protocol: [2, 3]", "the plugin 'acme' speaks protocol 2, 3, and this ops speaks 1"),
        ("run: bin/acme", "run: { macos-arm64: bin/acme }", "the plugin 'acme' has no program for linux-"),
        ("run: bin/acme", "run: bin/other", "the plugin 'acme' has no program '"),
    ])
    func whatCannotBeStartedIsToldWhenPlanned(_ part: String, _ other: String, _ error: String) throws {
        let project = try PluginProject(
            PluginProject.recipe(), manifest: AcmeManifest.text().replacing(part, with: other))
        let plan = try project.ops("plan", "t")
        #expect(plan.status == 2)
        #expect(plan.errorText.contains("ops.yaml:4:5: error: \(error)"), "\(plan.errorText)")
    }

    @Test(arguments: [
        ("exit 7", "the plugin 'acme' ended (exit status 7) before it gave a result"),
        ("echo top-secret-value", "broke the protocol: a line on its standard output is not valid JSON"),
        (
            "read -r line; echo '{\"type\":\"result\",\"id\":\"r1\",\"status\":\"ok\"}'",
            "the plugin 'acme' answered 0 of 1 references"
        ),
        (
            "read -r line; echo '{\"type\":\"result\",\"id\":\"r1\",\"status\":\"ok\",\"values\":[{\"value\":\"\"}]}'",
            "the plugin 'acme' gave nothing"
        ),
    ])
    func aBadSourceOfSecretsIsAnErrorThatQuotesNothing(_ script: String, _ error: String) throws {
        let project = try PluginProject(
            "ops: 1\nsecrets: { key: acme://a }\ntasks: { t: { env: { K: \"${{ secrets.key }}\" }, run: 'true' } }\n")
        try project.writeExecutable("#!/bin/sh\necho top-secret-value >&2\n\(script)\n")
        let result = try project.ops("t", "-v")
        let text = result.text + result.errorText
        #expect(result.status == 2, "\(text)")
        #expect(text.contains(error), "\(text)")
        #expect(!text.contains("top-secret-value"))
    }
}
