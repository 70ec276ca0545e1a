import HTTPTestServer
import OpsCore
import OpsPlugin
import Synchronization
import TestKit
import Testing

@testable import SecretsPlugin

/// What no healthy server does: answers that a double gives.
@Suite(.timeLimit(.minutes(10))) struct AWSRequestTests {
    private let provider = SecretsManagerProvider(retryDelay: .milliseconds(5))

    private static let value = Answer.json(200, #"{"Name":"a","ARN":"arn","SecretString":"v"}"#)

    /// A server that gives these answers first, then the value.
    private func server(_ answers: Answer...) async throws -> HTTPTestServer {
        let rest = Mutex(answers)
        return try await HTTPTestServer { _ in rest.withLock { $0.isEmpty ? Self.value : $0.removeFirst() } }
    }

    private func harness(_ url: String) throws -> SecretsHarness {
        try SecretsHarness([
            "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "key-s3cret", "AWS_SESSION_TOKEN": "tok-s3cret",
            "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true",
        ])
    }

    @Test func throttlingIsWaitedOut() async throws {
        let throttled = Answer.json(400, #"{"__type":"ThrottlingException","message":"Rate exceeded"}"#)
        let aws = try await server(
            throttled, .text(429, "", headers: [("Retry-After", "0")]), .json(500, "{}"), throttled,
            .json(503, #"{"__type":"InternalServiceError"}"#))
        #expect(try await harness(aws.url).fetch(provider, "aws-sm://a") == ["v"])
        #expect(aws.requests.count == 6)
    }

    @Test func throttlingThatLastsEnds() async throws {
        let aws = try await HTTPTestServer { _ in
            .json(400, #"{"__type":"com.amazonaws#ThrottlingException","message":"Rate exceeded"}"#)
        }
        let values = try await harness(aws.url).fetch(provider, "aws-sm://a")
        #expect(
            values == ["unreachable: secret 'a' in AWS Secrets Manager (eu-west-1): ThrottlingException: Rate exceeded"]
        )
        #expect(aws.requests.count == 5)
    }

    @Test func expiredCredentialsAreLookedForOnceMore() async throws {
        let expired = Answer.json(400, #"{"__type":"ExpiredTokenException","message":"expired"}"#)
        let once = try await server(expired)
        #expect(try await harness(once.url).fetch(provider, "aws-sm://a") == ["v"])
        let always = try await server(expired, expired, expired)
        let values = try await harness(always.url).fetch(provider, "aws-sm://a")
        #expect(values[0].hasPrefix("forbidden: "))
        #expect(always.requests.count == 2)
    }

    @Test func aBatchThatLeavesSomethingOutIsCompletedOneByOne() async throws {
        let aws = try await HTTPTestServer { request in
            guard request.header("x-amz-target") == "secretsmanager.BatchGetSecretValue" else { return Self.value }
            return .json(
                200,
                #"{"SecretValues":[{"Name":"b","ARN":"arn:b","SecretString":"w"}],"Errors":[{"SecretId":"c","ErrorCode":"AccessDeniedException","Message":"no"}]}"#
            )
        }
        let values = try await harness(aws.url).fetch(provider, "aws-sm://a", "aws-sm://b", "aws-sm://c")
        #expect(
            values == ["v", "w", "forbidden: secret 'c' in AWS Secrets Manager: AccessDeniedException: no"])
        #expect(aws.requests.count == 2)
    }

    @Test func aBatchHoldsTwentyAndNoSecretTwice() async throws {
        let aws = try await HTTPTestServer { request in
            let ids = (try? JSONReader.value(request.body))?["SecretIdList"]?.listValue ?? []
            let values = ids.compactMap(\.stringValue).map { #"{"Name":"\#($0)","SecretString":"v\#($0)"}"# }
            return .json(200, #"{"SecretValues":[\#(values.joined(separator: ","))]}"#)
        }
        let harness = try harness(aws.url)
        let names = (0..<45).map { "s\($0)" }
        let references = try (names + names).map { try SecretReference("aws-sm://" + $0) }
        let values = await provider.fetch(references, harness.context).map(SecretsHarness.text)
        #expect(values == (names + names).map { "v" + $0 })
        let sizes = try aws.requests.map { try JSONReader.value($0.body)["SecretIdList"]?.listValue?.count }
        #expect(sizes.compactMap { $0 }.sorted() == [5, 20, 20])
        #expect(aws.requests.count == 3)
    }

    @Test func whatAWrongSignatureIsAnsweredWithIsNotRepeated() async throws {
        let aws = try await HTTPTestServer { request in
            .json(
                403,
                #"{"__type":"InvalidSignatureException","message":"The Canonical String should have been x-amz-security-token:\#(request.header("x-amz-security-token") ?? "")"}"#
            )
        }
        let harness = try harness(aws.url)
        let values = try await harness.fetch(provider, "aws-sm://a")
        #expect(
            values == ["forbidden: secret 'a' in AWS Secrets Manager (eu-west-1): InvalidSignatureException"])
        #expect(aws.requests[0].header("x-amz-security-token") == "tok-s3cret")
        #expect(!harness.log.text.contains("s3cret"))
    }

    @Test func answersThatAreNone() async throws {
        let page = try await HTTPTestServer { _ in .text(200, "<html>Log in</html>") }
        let values = try await harness(page.url).fetch(provider, "aws-sm://a")
        #expect(values[0].hasPrefix("invalid: the answer for secret 'a'"))
        let nobody = try await harness("http://127.0.0.1:9").fetch(provider, "aws-sm://a")
        #expect(nobody[0].hasPrefix("unreachable: "))
    }
}
