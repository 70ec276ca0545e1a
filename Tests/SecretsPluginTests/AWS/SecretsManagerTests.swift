import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

/// Against a real moto server that verifies signatures.
@Suite(.timeLimit(.minutes(10)), .enabled(if: MotoServer.isInstalled, MotoServer.absence)) struct SecretsManagerTests {
    private let provider = SecretsManagerProvider(retryDelay: .milliseconds(10))

    @Test func textFieldsAndBytes() async throws {
        let moto = try MotoServer.strict.get()
        try await moto.secret("text/plain", " line\n")
        try await moto.secret(
            "text/json", #"{"password":"pa55-s3cret","a.b":"dotted","big":12345678901234567890,"coded":"aGk="}"#)
        try await moto.call(
            .secretsManager, "CreateSecret",
            ["Name": .string("text/bytes"), "SecretBinary": .string(Base64.encode([0, 255, 7]))])
        let harness = try SecretsHarness(moto.environment())
        let values = try await harness.fetch(
            provider, "aws-sm://text/plain", "aws-sm://text/json#password", "aws-sm://text/json#a.b",
            "aws-sm://text/json#big", "aws-sm://text/json#coded?decode=base64", "aws-sm://text/json#none",
            "aws-sm://text/plain#x")
        #expect(
            values == [
                " line\n", "pa55-s3cret", "dotted", "12345678901234567890", "hi",
                "missing: secret 'text/json' in AWS Secrets Manager has no field 'none'",
                "invalid: secret 'text/plain' in AWS Secrets Manager is no map or list in JSON or YAML, "
                    + "of which '#x' selects a member",
            ])
        let bytes = await provider.fetch([try SecretReference("aws-sm://text/bytes")], harness.context)
        #expect(try bytes[0].get() == [0, 255, 7])
    }

    @Test func moreThanABatchHolds() async throws {
        let moto = try MotoServer.strict.get()
        for index in 0..<23 { try await moto.secret("many/\(index)", "value \(index)") }
        let references = (0..<23).map { "aws-sm://many/\($0)" } + ["aws-sm://many/none", "aws-sm://many/0"]
        let expected =
            (0..<23).map { "value \($0)" } + [
                "missing: secret 'many/none' in AWS Secrets Manager: ResourceNotFoundException: "
                    + "Secrets Manager can't find the specified secret.", "value 0",
            ]
        for user in ["admin", "single"] {
            let harness = try SecretsHarness(moto.environment(user))
            let parsed = try references.map { try SecretReference($0) }
            let values = await provider.fetch(parsed, harness.context).map(SecretsHarness.text)
            #expect(values.map { $0.replacing(" (eu-west-1)", with: "") } == expected)
            // The one that may not ask for many has asked for each.
            #expect(harness.log.text.contains("read one by one") == (user == "single"))
        }
    }

    @Test func versionsAndStages() async throws {
        let moto = try MotoServer.strict.get()
        let first = try await moto.secret("rotated", "old")
        try await moto.call(
            .secretsManager, "PutSecretValue", ["SecretId": .string("rotated"), "SecretString": .string("new")])
        let id = try #require(first["VersionId"]?.stringValue)
        let arn = try #require(first["ARN"]?.stringValue)
        let harness = try SecretsHarness(moto.environment())
        let values = try await harness.fetch(
            provider, "aws-sm://rotated", "aws-sm://rotated?version-stage=AWSPREVIOUS",
            "aws-sm://rotated?version-id=\(id)",
            "aws-sm://\(arn)", "aws-sm://\(arn.dropLast(7))", "aws-sm://rotated?version-stage=AWSCURRENT")
        #expect(values == ["new", "old", "old", "new", "new", "new"])
        let wrong = try await harness.fetch(provider, "aws-sm://rotated?version-stage=NONE")
        #expect(wrong[0].hasPrefix("missing: "))
        let elsewhere = try await harness.fetch(provider, "aws-sm://rotated?region=eu-north-1")
        #expect(elsewhere[0].hasPrefix("missing: secret 'rotated' in AWS Secrets Manager (eu-north-1): "))
    }

    @Test func refusalsAreToldApart() async throws {
        let moto = try MotoServer.strict.get()
        try await moto.secret("kept", "s3cret")
        var harness = try SecretsHarness(moto.environment("nobody"))
        var value = try await harness.fetch(provider, "aws-sm://kept")
        #expect(value[0].hasPrefix("forbidden: secret 'kept' in AWS Secrets Manager (eu-west-1): AccessDenied: "))
        harness = try SecretsHarness(moto.environment())
        harness.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
        value = try await harness.fetch(provider, "aws-sm://kept")
        #expect(
            value == ["forbidden: secret 'kept' in AWS Secrets Manager (eu-west-1): SignatureDoesNotMatch"])
        harness.environment["AWS_ACCESS_KEY_ID"] = "AKIAUNKNOWN"
        value = try await harness.fetch(provider, "aws-sm://kept")
        #expect(value[0].hasPrefix("forbidden: "))
        #expect(value[0].contains("InvalidClientTokenId"))
    }

    @Test func deletedIsMissing() async throws {
        let moto = try MotoServer.strict.get()
        try await moto.secret("gone", "s3cret")
        try await moto.secret("stays", "s3cret")
        try await moto.call(.secretsManager, "DeleteSecret", ["SecretId": .string("gone")])
        let harness = try SecretsHarness(moto.environment())
        for references in [["aws-sm://gone"], ["aws-sm://gone", "aws-sm://stays"]] {
            let parsed = try references.map { try SecretReference($0) }
            let values = await provider.fetch(parsed, harness.context).map(SecretsHarness.text)
            #expect(values[0].hasPrefix("missing: "), "\(values[0])")
        }
        #expect(try await harness.probe(provider, "aws-sm://gone").hasPrefix("missing: secret 'gone' in AWS"))
    }

    @Test func probeNamesTheVersionAndReadsNoValue() async throws {
        let moto = try MotoServer.strict.get()
        let first = try await moto.secret("probed", "old")
        let id = try #require(first["VersionId"]?.stringValue)
        let harness = try SecretsHarness(moto.environment())
        let probe = try await provider.probe(try SecretReference("aws-sm://probed"), harness.context).get()
        #expect(probe.version == id)
        #expect(probe.text.hasPrefix("version \(id.prefix(8)), changed 20"))
        try await moto.call(
            .secretsManager, "PutSecretValue", ["SecretId": .string("probed"), "SecretString": .string("new")])
        let next = try await provider.probe(try SecretReference("aws-sm://probed"), harness.context).get()
        #expect(next.version != id)
        let previous = try SecretReference("aws-sm://probed?version-stage=AWSPREVIOUS")
        #expect(try await provider.probe(previous, harness.context).get().version == id)
        #expect(try await harness.probe(provider, "aws-sm://probed?version-id=none").hasPrefix("missing: "))
        #expect(try await harness.probe(provider, "aws-sm://probed-not").hasPrefix("missing: "))
        // Who may not describe may still read: the answer says so.
        let single = try SecretsHarness(moto.environment("single"))
        #expect(try await single.probe(provider, "aws-sm://probed").hasPrefix("forbidden: "))
    }

    @Test(arguments: [
        "aws-sm://a b", "aws-sm:///a", "aws-sm://a?stage=x", "aws-sm://a?version-stage=x&version-id=y",
        "aws-sm://a?region=evil.example/", "aws-sm://arn:aws:ssm:eu-west-1:1:parameter/a",
        "aws-sm://arn:aws:secretsmanager:eu-west-1:1:secret:a?region=us-east-1",
    ])
    func formsThatAreWrong(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
        try provider.check(SecretReference("aws-sm://arn:aws:secretsmanager:eu-west-1:1:secret:a/b-AbCdEf#x.y"))
    }
}
