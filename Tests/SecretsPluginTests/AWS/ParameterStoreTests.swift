import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

/// Against a real moto server that verifies signatures.
@Suite(.timeLimit(.minutes(10)), .enabled(if: MotoServer.isInstalled, MotoServer.absence)) struct ParameterStoreTests {
    private let provider = ParameterStoreProvider(retryDelay: .milliseconds(10))

    @Test func valuesVersionsAndLabels() async throws {
        let moto = try MotoServer.strict.get()
        try await moto.parameter("/app/password", "first")
        try await moto.parameter("/app/password", "second")
        try await moto.parameter("plain", #"{"user":"bob"}"#, type: "String")
        try await moto.call(
            .parameters, "LabelParameterVersion",
            ["Name": .string("/app/password"), "ParameterVersion": .integer(1), "Labels": .list([.string("stable")])])
        let harness = try SecretsHarness(moto.environment())
        let values = try await harness.fetch(
            provider, "aws-ssm:///app/password", "aws-ssm:///app/password?version=1", "aws-ssm:///app/password:2",
            "aws-ssm:///app/password:stable", "aws-ssm:///app/password?label=stable", "aws-ssm://plain#user",
            "aws-ssm://arn:aws:ssm:eu-west-1:123456789012:parameter/app/password:1", "aws-ssm:///app/none",
            "aws-ssm:///app/password?version=9", "aws-ssm:///app/password?label=none")
        #expect(values.prefix(7) == ["second", "first", "second", "first", "first", "bob", "first"])
        for value in values.dropFirst(7) { #expect(value.hasPrefix("missing: "), "\(value)") }
        #expect(values[7] == "missing: there is no parameter '/app/none' in AWS Systems Manager (eu-west-1)")
    }

    @Test(arguments: ["admin", "single"]) func moreThanABatchHolds(_ user: String) async throws {
        let moto = try MotoServer.strict.get()
        for index in 0..<13 { try await moto.parameter("/many/\(index)", "value \(index)") }
        let harness = try SecretsHarness(moto.environment(user))
        let parsed = try ((0..<13).map { "aws-ssm:///many/\($0)" } + ["aws-ssm:///many/x"])
            .map { try SecretReference($0) }
        let values = await provider.fetch(parsed, harness.context).map(SecretsHarness.text)
        #expect(values.prefix(13) == (0..<13).map { "value \($0)" }[...])
        #expect(values[13].hasPrefix("missing: "))
        #expect(harness.log.text.contains("read one by one") == (user == "single"))
    }

    @Test func deniedIsNotMissing() async throws {
        let moto = try MotoServer.strict.get()
        let harness = try SecretsHarness(moto.environment("nobody"))
        let values = try await harness.fetch(provider, "aws-ssm:///app/denied")
        #expect(
            values[0].hasPrefix("forbidden: parameter '/app/denied' in AWS Systems Manager (eu-west-1): AccessDenied"))
    }

    @Test func probeReadsNoValue() async throws {
        let moto = try MotoServer.strict.get()
        try await moto.parameter("/probe/a", "s3cret")
        try await moto.parameter("/probe/a", "s3cret-2")
        let harness = try SecretsHarness(moto.environment())
        let probe = try await provider.probe(try SecretReference("aws-ssm:///probe/a"), harness.context).get()
        #expect(probe.version == "2")
        #expect(probe.text.hasPrefix("version 2, changed 20"))
        let older = try await provider.probe(try SecretReference("aws-ssm:///probe/a:1"), harness.context).get()
        #expect(older.version == "1")
        #expect(
            try await harness.probe(provider, "aws-ssm:///probe/a:3")
                == "missing: parameter '/probe/a' has no version 3; the newest is 2")
        #expect(try await harness.probe(provider, "aws-ssm:///probe/none").hasPrefix("missing: "))
        let single = try SecretsHarness(moto.environment("single"))
        #expect(try await single.probe(provider, "aws-ssm:///probe/a").hasPrefix("forbidden: "))
    }

    @Test func aBatchHoldsNoNameTwice() throws {
        let texts = ["a:1", "a:2", "b", "a"] + (0..<11).map { "n\($0)" }
        let batches = ParameterStore.batches(
            .init(try texts.map { ParameterStore.Key(try SecretReference("aws-ssm://" + $0)) }))
        #expect(batches.allSatisfy { $0.count <= 10 && Set($0.map(\.name)).count == $0.count })
        #expect(batches.reduce(0) { $0 + $1.count } == 15)
    }

    @Test(arguments: [
        "aws-ssm://app/name", "aws-ssm:///a b", "aws-ssm:///a:1?version=2", "aws-ssm:///a?version=0",
        "aws-ssm:///a?version=1&label=x", "aws-ssm:///a?region=EU", "aws-ssm:///a?stage=x",
    ])
    func formsThatAreWrong(_ text: String) throws {
        let reference = try SecretReference(text)
        #expect(throws: OpsError.self) { try provider.check(reference) }
        try provider.check(SecretReference("aws-ssm://arn:aws:ssm:eu-west-1:1:parameter/a/b:3#x"))
    }
}
