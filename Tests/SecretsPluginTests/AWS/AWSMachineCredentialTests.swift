import Crypto
import HTTPTestServer
import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

/// Credentials that a program, the machine or a browser's login gives; servers are moto and doubles.
@Suite(.timeLimit(.minutes(10)), .enabled(if: MotoServer.isInstalled, MotoServer.absence))
struct AWSMachineCredentialTests {
    @Test func theMachineIsAskedByVersionTwoOnly() async throws {
        let moto = try MotoServer.lenient.get()
        var home = try AWSHome()
        home["AWS_EC2_METADATA_DISABLED"] = nil
        home["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = moto.url + "/"
        let found = try await home.find()
        #expect(found.accessKeyID == "test-key" && found.sessionToken == "test-session-token")

        let metadata = try await HTTPTestServer { request in
            if request.method == "PUT" { return .text(403, "") }
            return .text(200, "role")
        }
        home["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata.url
        #expect(await home.refusal()?.message.contains("answered 403 for /latest/api/token") == true)
        #expect(metadata.requests.map(\.method) == ["PUT"])
        #expect(metadata.requests[0].header("x-aws-ec2-metadata-token-ttl-seconds") == "300")
        home["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://metadata.example"
        #expect(await home.refusal()?.message.contains("http://metadata.example has no TLS") == true)
    }

    @Test func containersAreAskedAtTheirOwnAddressesOnly() async throws {
        let agent = try await HTTPTestServer { request in
            guard request.header("authorization") == "tok-s3cret" else { return .text(401, "") }
            return .json(
                200, #"{"AccessKeyId":"K","SecretAccessKey":"S","Token":"T","Expiration":"\#(AWSHome.future)"}"#)
        }
        var home = try AWSHome()
        home["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url + "/creds?x=1"
        #expect(await home.refusal()?.message.hasSuffix("answered 401") == true)
        let file = try home.folder.write("token", "tok-s3cret\n")
        home["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "ignored where there is a file"
        home["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file
        let found = try await home.find()
        #expect(found.accessKeyID == "K" && found.sessionToken == "T" && found.expires == 4_070_908_800)
        for host in ["http://agent.example/x", "http://169.254.169.254/x", "http://169.254.example/x"] {
            home["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = host
            #expect(await home.refusal()?.message.contains("without TLS, which is not asked") == true, "\(host)")
        }
    }

    @Test func aProcessGivesCredentials() async throws {
        var home = try AWSHome()
        let script = try home.folder.write(
            "give keys",
            "#!/bin/sh\necho \"{\\\"Version\\\":$1,\\\"AccessKeyId\\\":\\\"$2\\\",\\\"SecretAccessKey\\\":\\\"s\\\"}\"\n",
            mode: 0o755)
        try home.folder.write(
            ".aws/config",
            """
            [default]
            credential_process = "\(script)" 1 'P Q'
            [profile old]
            credential_process = "\(script)" 2 P
            [profile broken]
            credential_process = sh -c "echo s3cret; exit 3"
            [profile open]
            credential_process = sh -c "echo
            [profile absent]
            credential_process = no-such-program-here
            """)
        let found = try await home.find()
        #expect(found.accessKeyID == "P Q" && found.sessionToken == nil)
        for (profile, message) in [
            ("old", "credential_process of profile 'old' did not print JSON with \"Version\": 1"),
            ("broken", "credential_process of profile 'broken' failed: 'sh' ended with exit status 3"),
            ("open", "credential_process of profile 'open' has a quote that is not closed"),
            ("absent", "there is no program 'no-such-program-here'"),
        ] {
            #expect(await home.refusal(profile: profile)?.message == message)
        }
        home["AWS_PROFILE"] = "none"
        #expect(await home.refusal()?.reason == .invalid)
    }

    @Test func singleSignOnUsesTheTokenOfTheCommand() async throws {
        let portal = try await HTTPTestServer { request in
            guard request.header("x-amz-sso_bearer_token") == "sso-s3cret" else { return .json(401, "{}") }
            return .json(
                200,
                #"{"roleCredentials":{"accessKeyId":"K","secretAccessKey":"S","sessionToken":"T","expiration":4070908800000}}"#
            )
        }
        var home = try AWSHome(
            config: """
                [profile dev]
                sso_session = corp
                sso_account_id = 123456789012
                sso_role_name = Reader
                [sso-session corp]
                sso_region = eu-west-1
                sso_start_url = https://corp.example/start
                """)
        home["AWS_ENDPOINT_URL_SSO"] = portal.url
        var failure = await home.refusal(profile: "dev")
        #expect(failure?.message == "profile 'dev' has not logged in (IAM Identity Center)")
        #expect(failure?.hint == "run: aws sso login --profile dev")
        let file = ".aws/sso/cache/" + hexadecimal(Insecure.SHA1.hash(data: Array("corp".utf8))) + ".json"
        try home.folder.write(file, #"{"accessToken":"sso-s3cret","expiresAt":"2020-01-01T00:00:00Z"}"#)
        failure = await home.refusal(profile: "dev")
        #expect(failure?.message == "profile 'dev' has a login that has expired (IAM Identity Center)")
        #expect(portal.requests.isEmpty)
        try home.folder.write(file, #"{"accessToken":"sso-s3cret","expiresAt":"\#(AWSHome.future)"}"#)
        let found = try await home.find(profile: "dev")
        #expect(found.accessKeyID == "K" && found.expires == 4_070_908_800)
        #expect(
            portal.requests[0].target == "/federation/credentials?role_name=Reader&account_id=123456789012")
        try home.folder.write(file, #"{"accessToken":"other","expiresAt":"\#(AWSHome.future)"}"#)
        #expect(await home.refusal(profile: "dev")?.hint == "run: aws sso login --profile dev")
    }

}
