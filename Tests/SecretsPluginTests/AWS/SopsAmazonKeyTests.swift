import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

/// Data keys that AWS KMS unwraps: a real moto server that verifies signatures and policies.
@Suite(.timeLimit(.minutes(1)), .enabled(if: MotoServer.isInstalled, MotoServer.absence)) struct SopsAmazonKeyTests {
    private let moto: MotoServer
    private let arn: String
    private let sealed: Value

    init() async throws {
        moto = try MotoServer.strict.get()
        let made = try await moto.call(.keyManagement, "CreateKey", [:])
        arn = try #require(made["KeyMetadata"]?["Arn"]?.stringValue)
        let plain = Value.string(Base64.encode(SopsWriter.dataKey))
        let answer = try await moto.call(
            .keyManagement, "Encrypt",
            ["KeyId": .string(arn), "Plaintext": plain, "EncryptionContext": Self.pairs])
        sealed = try #require(answer["CiphertextBlob"])
    }

    private static let pairs: Value = .map(["app": .string("web"), "stage": .string("test")])

    @Test func theContextAndThePolicyDecide() async throws {
        let admin = try SecretsHarness(moto.environment())
        func fetch(_ harness: SecretsHarness, _ wrappings: ValueMap...) async throws -> String {
            try await SopsServiceTests.fetch(harness, "kms", wrappings)
        }
        #expect(
            try await fetch(admin, ["arn": .string(arn), "context": Self.pairs, "enc": sealed])
                == "pa55-s3cret")
        // The region is the key's, not that of the environment.
        var elsewhere = admin
        elsewhere.environment["AWS_REGION"] = "us-east-1"
        #expect(
            try await fetch(elsewhere, ["arn": .string(arn), "context": Self.pairs, "enc": sealed])
                == "pa55-s3cret")
        let wrong = try await fetch(admin, ["arn": .string(arn), "context": .null, "enc": sealed])
        #expect(
            wrong.contains("kms key \(arn): AWS KMS in eu-west-1: InvalidCiphertextException"), "\(wrong)")
        let nobody = try SecretsHarness(moto.environment("nobody"))
        let refused = try await fetch(
            nobody, ["arn": .string(arn), "context": Self.pairs, "enc": sealed])
        #expect(refused.contains("AWS KMS in eu-west-1: AccessDenied"), "\(refused)")
        // The second key of a group is tried where the first does not open it.
        let other = Value.string(arn.replacing("eu-west-1", with: "us-east-1"))
        #expect(
            try await fetch(
                admin, ["arn": other, "context": Self.pairs, "enc": sealed],
                ["arn": .string(arn), "context": Self.pairs, "enc": sealed]) == "pa55-s3cret")
    }

    @Test func rolesAndProfiles() async throws {
        let keys = moto.environment()
        var harness = try SecretsHarness(["AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": moto.url])
        harness.environment["HOME"] = harness.folder.path
        try harness.folder.write(".aws/config", "[profile ops]\n")
        try harness.folder.write(
            ".aws/credentials",
            "[ops]\naws_access_key_id = \(keys["AWS_ACCESS_KEY_ID"] ?? "")\n"
                + "aws_secret_access_key = \(keys["AWS_SECRET_ACCESS_KEY"] ?? "")\n")
        func fetch(role: String?, profile: String = "ops") async throws -> String {
            try await SopsServiceTests.fetch(
                harness, "kms",
                [
                    [
                        "arn": .string(arn), "context": Self.pairs, "enc": sealed, "aws_profile": .string(profile),
                        "role": .string(role.map { "arn:aws:iam::123456789012:role/\($0)" } ?? ""),
                    ]
                ])
        }
        #expect(try await fetch(role: nil) == "pa55-s3cret")
        #expect(harness.log.text.contains("AWS credentials are from profile 'ops'"))
        #expect(try await fetch(role: "sops") == "pa55-s3cret")
        #expect(
            harness.log.text.contains("AWS credentials are from the role 'arn:aws:iam::123456789012:role/sops'"))
        // That role may not decrypt.
        let refused = try await fetch(role: "ops")
        #expect(refused.hasPrefix("forbidden: ") && refused.contains("assumed-role/ops/"), "\(refused)")
        let none = try await fetch(role: nil, profile: "none")
        #expect(none.contains("kms key \(arn): there is no AWS profile 'none'"), "\(none)")
    }
}
