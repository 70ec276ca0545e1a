import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite(.timeLimit(.minutes(10))) struct ExecProviderTests {
    private let provider = ExecProvider()

    @Test(arguments: [
        ("plain", "plain"), ("one\n", "one"), ("two\n\n", "two\n"), ("windows\r\n", "windows"), (" kept \n", " kept "),
        ("", "empty: the output of 'printf' is empty"), ("\n", "empty: the output of 'printf' is empty"),
    ])
    func outputLessOneLineBreak(_ output: String, _ expected: String) async throws {
        let harness = try SecretsHarness()
        #expect(try await harness.fetch(provider, SecretReference(command: ["printf", "%s", output])) == [expected])
    }

    @Test func noShellReadsTheArguments() async throws {
        let harness = try SecretsHarness(["HOME": "/home"])
        let text = "$HOME `id` $(id) * ' \" \\"
        #expect(try await harness.fetch(provider, SecretReference(command: ["printf", "%s", text])) == [text])
    }

    @Test func runsInTheFolderOfTheRecipeWithTheEnvironment() async throws {
        let harness = try SecretsHarness(["PATH": "/usr/bin:/bin", "WHO": "ada"])
        try harness.folder.write("bin/who", "#!/bin/sh\necho \"$WHO in $(pwd -P) $(cat)\"\n", mode: 0o755)
        let values = try await harness.fetch(provider, SecretReference(command: ["bin/who"]))
        #expect(
            values.first?.hasPrefix("ada in /") == true && values.first?.hasSuffix("\(harness.folder.path) ") == true)
    }

    @Test func equalCommandsRunOnce() async throws {
        let harness = try SecretsHarness()
        let reference = SecretReference(command: ["sh", "-c", "echo x >> log; echo s3cret"])
        #expect(try await harness.fetch(provider, reference, reference, reference) == ["s3cret", "s3cret", "s3cret"])
        #expect(try harness.folder.text("log") == "x\n")
    }

    @Test func failureShowsStandardErrorAndNoOutput() async throws {
        let harness = try SecretsHarness()
        let values = try await harness.fetch(
            provider,
            SecretReference(command: [
                "sh", "-c", "echo s3cret; echo 'no  login' >&2; echo \"+ s3cret\u{1B}\" >&2; exit 3",
            ]),
            SecretReference(command: ["sh", "-c", "echo s3cret; kill -TERM $$"]),
            SecretReference(command: ["sh", "-c", "for i in 1 2 3 4 5 6 7; do echo $i >&2; done; exit 1"]))
        #expect(
            values == [
                "unreachable: 'sh' ended with exit status 3: no login; + …",
                "unreachable: 'sh' ended with signal SIGTERM",
                "unreachable: 'sh' ended with exit status 1: 3; 4; 5; 6; 7",
            ])
        #expect(!harness.log.text.contains("s3cret"))
    }

    @Test func aProgramThatIsNotThereIsInvalid() async throws {
        let harness = try SecretsHarness()
        try harness.folder.write("plain", "echo x")
        let values = try await harness.fetch(
            provider, SecretReference(command: ["ops-no-such-program"]), SecretReference(command: ["./plain"]))
        #expect(
            values == [
                "invalid: the program 'ops-no-such-program' is not installed, or not in PATH",
                "invalid: the program './plain' is not installed, or not in PATH",
            ])
        #expect(
            await harness.probe(provider, SecretReference(command: ["ops-no-such-program"]))
                == "invalid: the program 'ops-no-such-program' is not installed, or not in PATH")
        let text = await harness.probe(provider, SecretReference(command: ["sh", "-c", "touch ran"]))
        #expect(text.hasPrefix("the program is there") && !harness.folder.exists("ran"))
    }

    @Test func timeAndOutputAreBounded() async throws {
        let harness = try SecretsHarness()
        let late = try await harness.fetch(
            ExecProvider(limit: .milliseconds(300)), SecretReference(command: ["sleep", "10000"]))
        #expect(late == ["unreachable: 'sleep' did not end within 300ms"])
        let large = try await harness.fetch(provider, SecretReference(command: ["yes"]))
        #expect(large == ["invalid: 'yes' printed more than 1.0 MB"])
    }

    @Test func cancellationEndsTheCommand() async throws {
        let harness = try SecretsHarness()
        let reference = SecretReference(command: [
            "sh", "-c", "trap 'touch ended; exit' TERM; touch started; sleep 10000",
        ])
        let fetching = Task { try await harness.fetch(provider, reference) }
        #expect(try await eventually { harness.folder.exists("started") })
        fetching.cancel()
        #expect(try await fetching.value == ["unreachable: 'sh' was ended, since the run was cancelled"])
        #expect(harness.folder.exists("ended"))
    }

    @Test func whoStillWaitsIsAnsweredWhenAnotherIsCancelled() async throws {
        let harness = try SecretsHarness()
        let context = harness.context
        let references = [
            SecretReference(command: ["sh", "-c", "touch started; until [ -e go ]; do sleep 0.02; done; echo value"])
        ]
        let first = Task { await provider.fetch(references, context) }
        #expect(try await eventually { harness.folder.exists("started") })
        let second = Task { await provider.fetch(references, context) }
        try await Task.sleep(for: .milliseconds(50))
        first.cancel()
        try harness.folder.write("go", "")
        #expect(try await second.value[0].get() == Array("value".utf8))
    }

    @Test func aReferenceNeedsACommand() throws {
        for reference in [
            SecretReference(command: []), SecretReference(command: [""]), try SecretReference("exec://ls"),
        ] {
            #expect(throws: OpsError.self) { try provider.check(reference) }
        }
        #expect(throws: OpsError.self) { try provider.check(SecretReference(command: ["a", "b\0c"])) }
    }
}
