import HTTPTestServer
import OpsCore
import OpsHTTP
import OpsPlugin
import Synchronization
import TestKit
import Testing

@testable import SecretsPlugin

/// Where the credentials come from; servers are moto and, for what it lacks, doubles.
@Suite(.timeLimit(.minutes(10)), .enabled(if: MotoServer.isInstalled, MotoServer.absence)) struct AWSCredentialTests {
    @Test func variablesComeFirstUnlessAProfileIsNamed() async throws {
        var home = try AWSHome(
            credentials: "[default]\naws_access_key_id=D\naws_secret_access_key=d\n[ci]\naws_access_key_id = C"
                + "\naws_secret_access_key = c # comment\naws_session_token = t\n")
        #expect(try await home.find().accessKeyID == "D")
        home["AWS_PROFILE"] = "ci"
        let found = try await home.find()
        #expect(found.accessKeyID == "C" && found.secretAccessKey == "c" && found.sessionToken == "t")
        home["AWS_ACCESS_KEY_ID"] = "E"
        #expect(await home.refusal()?.message == "AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY")
        home["AWS_SECRET_ACCESS_KEY"] = "e"
        #expect(try await home.find().accessKeyID == "E")
        #expect(try await home.find(profile: "ci").accessKeyID == "C")
        home["AWS_PROFILE"] = "cj"
        #expect(await home.refusal()?.hint == "did you mean 'ci'?")
    }

    @Test func noneAtAllSaysWhatToDo() async throws {
        let failure = try await AWSHome().refusal()
        #expect(failure?.reason == .forbidden)
        #expect(
            failure?.message == "no AWS credentials: none in the environment or profile 'default', "
                + "and the metadata service is turned off")
    }

    @Test func brokenFilesAreToldByLineOnly() async throws {
        let failure = try await AWSHome(config: "[default]\nregion = x\ns3cret-in-the-wrong-place\n").refusal()
        #expect(failure?.message.hasPrefix("line 3 of '") == true)
        #expect(failure?.message.contains("s3cret") == false)
    }

    @Test func aRoleIsAssumedWithTheSourceProfile() async throws {
        let moto = try MotoServer.strict.get()
        try await moto.secret("for-role", "seen by the role")
        let admin = moto.environment()
        let keys = """
            aws_access_key_id = \(admin["AWS_ACCESS_KEY_ID"] ?? "")
            aws_secret_access_key = \(admin["AWS_SECRET_ACCESS_KEY"] ?? "")
            """
        var home = try AWSHome(
            config: """
                [profile role]
                role_arn = arn:aws:iam::123456789012:role/ops
                source_profile = base
                external_id = ext-1
                [profile wrong]
                role_arn = arn:aws:iam::123456789012:role/ops
                source_profile = base
                external_id = other
                """, credentials: "[base]\n\(keys)\n")
        home["AWS_ENDPOINT_URL"] = moto.url
        let provider = SecretsManagerProvider(retryDelay: .milliseconds(10))
        let values = try await home.harness.fetch(
            provider, "aws-sm://for-role?profile=role", "aws-sm://for-role?profile=wrong")
        #expect(values[0] == "seen by the role")
        #expect(values[1].hasPrefix("forbidden: the role of profile 'wrong' (AssumeRole at \(moto.url)): AccessDenied"))
        let found = try await home.find(profile: "role")
        #expect(found.sessionToken != nil && found.expires ?? 0 > Timestamp.now)
    }

    @Test(arguments: [
        ("mfa_serial = m\nsource_profile = base", "has mfa_serial, and ops cannot ask for a code"),
        ("", "neither source_profile nor credential_source"),
        ("source_profile = base\ncredential_source = Environment", "both source_profile and credential_source"),
        ("source_profile = none", "source_profile 'none' of profile 'a' does not exist"),
        ("source_profile = b", "goes round in a circle: a → b → a"),
        ("source_profile = empty", "source_profile 'empty' of profile 'a' has no credentials"),
        ("credential_source = Moon", "credential_source 'Moon' of profile 'a' is not known"),
        ("credential_source = Environment", "credential_source 'Environment' of profile 'a' has no credentials"),
    ])
    func rolesThatCannotBe(_ lines: String, _ message: String) async throws {
        let home = try AWSHome(
            config: """
                [profile a]
                role_arn = r
                \(lines)
                [profile b]
                role_arn = r
                source_profile = a
                [profile empty]
                region = x
                """, credentials: "[base]\naws_access_key_id=A\naws_secret_access_key=a\n")
        #expect(await home.refusal(profile: "a")?.message.contains(message) == true)
    }

    @Test func webIdentityIsExchangedUnsigned() async throws {
        let moto = try MotoServer.lenient.get()
        var home = try AWSHome()
        home["AWS_ENDPOINT_URL_STS"] = moto.url
        home["AWS_WEB_IDENTITY_TOKEN_FILE"] = try home.folder.write("token", "a.b.c\n")
        #expect(await home.refusal()?.message == "there is a web identity token, but no role for it")
        home["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/web"
        let found = try await home.find()
        #expect(found.sessionToken?.isEmpty == false && found.source == "the role of the web identity")

        let sts = try await HTTPTestServer { _ in
            .text(
                400,
                "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Token &amp; all</Message></Error></ErrorResponse>"
            )
        }
        home["AWS_ENDPOINT_URL_STS"] = sts.url
        let failure = await home.refusal()
        #expect(failure?.reason == .forbidden)
        #expect(failure?.message.hasSuffix("InvalidIdentityToken: Token & all") == true)
        #expect(sts.requests[0].header("authorization") == nil)
        #expect(sts.requests[0].bodyText.contains("WebIdentityToken=a.b.c"))
    }

    @Test func oneLoginServesARunAndIsMasked() async throws {
        let agent = try await HTTPTestServer { _ in
            .json(
                200,
                #"{"AccessKeyId":"K","SecretAccessKey":"key-s3cret","Token":"tok-s3cret","Expiration":"\#(AWSHome.future)"}"#
            )
        }
        let aws = try await HTTPTestServer { _ in .json(200, #"{"Name":"a","ARN":"arn","SecretString":"v"}"#) }
        var home = try AWSHome()
        home["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url
        home["AWS_ENDPOINT_URL"] = aws.url
        let masked = Mutex<Set<String>>([])
        let session = SecretSession(
            .init(masks: { _, bytes in masked.withLock { _ = $0.insert(String(decoding: bytes, as: UTF8.self)) } }))
        let context = SecretContext(
            directory: home.folder.path, environment: home.harness.environment, logger: home.harness.log.logger,
            session: session)
        let provider = SecretsManagerProvider(retryDelay: .milliseconds(10))
        for _ in 0..<3 { _ = await provider.fetch([try SecretReference("aws-sm://a")], context) }
        _ = await provider.probe(try SecretReference("aws-sm://a"), context)
        #expect(agent.requests.count == 1)
        #expect(masked.withLock { $0 } == ["key-s3cret", "tok-s3cret"])
        #expect(!home.harness.log.text.contains("s3cret"))
    }

    @Test func endpointsAndRegionsAreSettable() throws {
        var home = try AWSHome(
            config: """
                [default]
                region = eu-south-1
                endpoint_url = https://all.example
                services = local
                [services local]
                ssm =
                  endpoint_url = https://ssm.example
                """)
        home["AWS_REGION"] = nil
        func endpoint(_ service: AWSSettings.Service) throws -> String {
            let settings = try AWSSettings(home.harness.context)
            return try settings.endpoint(service, region: settings.region()).origin
        }
        #expect(try AWSSettings(home.harness.context).region() == "eu-south-1")
        #expect(try endpoint(.parameters) == "https://ssm.example")
        #expect(try endpoint(.secretsManager) == "https://all.example")
        home["AWS_ENDPOINT_URL"] = "https://env.example"
        home["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = "https://own.example"
        home["AWS_DEFAULT_REGION"] = "cn-north-1"
        #expect(try endpoint(.parameters) == "https://env.example")
        #expect(try endpoint(.secretsManager) == "https://own.example")
        home["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        #expect(try endpoint(.parameters) == "https://ssm.cn-north-1.amazonaws.com.cn")
        home["AWS_REGION"] = "us-east-1"
        #expect(try endpoint(.secretsManager) == "https://secretsmanager.us-east-1.amazonaws.com")
    }
}
