import Glibc
import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import SecretsPlugin

/// A real moto server on a free loopback port, started by the first test that asks for it. It ends with this process:
/// then its standard input is at its end.
final class MotoServer: Sendable {
    /// One that verifies signatures and policies of three users: `admin` may do all, `single` read one by one, `nobody`
    /// neither. The role `ops` may read secrets; it wants the external id `ext-1`. The role `sops` may decrypt by KMS.
    static let strict = Result { try MotoServer(arguments: ["0"]) }
    /// One that answers everybody: moto's own web identities and metadata have no keys that it would accept.
    static let lenient = Result { try MotoServer(arguments: []) }

    /// False where no Python package is to be had: scripts/test installs it.
    static let isInstalled = access(projectFolder + "/.build/test-tools/bin/moto_server", X_OK) == 0
    static let absence: Comment = "moto is not installed in .build/test-tools: scripts/test does that"

    let url: String
    private let keys: Value
    private let input: Int32

    private init(arguments: [String]) throws {
        let python = projectFolder + "/.build/test-tools/bin/python3"
        guard access(python, X_OK) == 0 else {
            throw OpsError(.notFound, "moto is not installed in .build/test-tools: scripts/test does that")
        }
        let (theirInput, ourInput) = try Self.pipe()
        let (ourOutput, theirOutput) = try Self.pipe()
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { for descriptor in [theirInput, ourOutput, theirOutput, null] { close(descriptor) } }
        _ = try spawn([python, "-c", Self.script] + arguments, streams: [theirInput, theirOutput, null])
        close(theirOutput)
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(ourOutput, &byte, 1) == 1, byte != 0x0A { line.append(byte) }
        let answer = try JSONReader.value(line)
        url = answer["url"]?.stringValue ?? ""
        keys = answer["keys"] ?? .null
        input = ourInput
    }

    private static func pipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw OpsError(.system, "pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// The variables with which a user asks for secrets here.
    func environment(_ user: String = "admin") -> [String: String] {
        let key = keys[user]?.listValue?.compactMap(\.stringValue) ?? ["", ""]
        return [
            "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1], "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true",
        ]
    }

    /// Calls an operation as `admin`.
    @discardableResult
    func call(_ service: AWSSettings.Service, _ operation: String, _ input: ValueMap) async throws -> Value {
        let harness = try SecretsHarness(environment())
        let target = ["ssm": "AmazonSSM", "kms": "TrentService"][service.name] ?? service.name
        let client = try AWSClient(
            service, target: target, AWSAccount(), harness.context, retryDelay: .milliseconds(10))
        return try await client.call(operation, input).get()
    }

    /// Makes a secret, and gives its version.
    @discardableResult
    func secret(_ name: String, _ text: String) async throws -> Value {
        try await call(.secretsManager, "CreateSecret", ["Name": .string(name), "SecretString": .string(text)])
    }

    func parameter(_ name: String, _ text: String, type: String = "SecureString") async throws {
        try await call(
            .parameters, "PutParameter",
            ["Name": .string(name), "Value": .string(text), "Type": .string(type), "Overwrite": .boolean(true)])
    }

    private static let script = """
        import json, os, sys, urllib.request, boto3
        from moto.server import ThreadedMotoServer
        server = ThreadedMotoServer('127.0.0.1', port=0, verbose=False)
        server.start()
        url = 'http://127.0.0.1:%d' % server.get_host_and_port()[1]
        iam = boto3.client('iam', endpoint_url=url, region_name='eu-west-1', aws_access_key_id='x',
                           aws_secret_access_key='x')
        def policy(actions):
            allow = {'Effect': 'Allow', 'Action': actions, 'Resource': '*'}
            return json.dumps({'Version': '2012-10-17', 'Statement': [allow]})
        def user(name, actions):
            iam.create_user(UserName=name)
            iam.put_user_policy(UserName=name, PolicyName='p', PolicyDocument=policy(actions))
            key = iam.create_access_key(UserName=name)['AccessKey']
            return [key['AccessKeyId'], key['SecretAccessKey']]
        keys = {
            'admin': user('admin', ['*']),
            'single': user('single', ['secretsmanager:GetSecretValue', 'ssm:GetParameter']),
            'nobody': user('nobody', ['iam:ListUsers']),
        }
        trust = {'Effect': 'Allow', 'Principal': {'AWS': '*'}, 'Action': 'sts:AssumeRole',
                 'Condition': {'StringEquals': {'sts:ExternalId': 'ext-1'}}}
        iam.create_role(RoleName='ops',
                        AssumeRolePolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [trust]}))
        iam.put_role_policy(RoleName='ops', PolicyName='p', PolicyDocument=policy(['secretsmanager:*']))
        trust.pop('Condition')
        iam.create_role(RoleName='sops',
                        AssumeRolePolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [trust]}))
        iam.put_role_policy(RoleName='sops', PolicyName='p', PolicyDocument=policy(['kms:Decrypt']))
        if sys.argv[1:]:
            headers = {'Content-Type': 'text/plain'}
            urllib.request.urlopen(urllib.request.Request(url + '/moto-api/reset-auth', b'0', headers))
        print(json.dumps({'url': url, 'keys': keys}), flush=True)
        sys.stdin.read()
        os._exit(0)
        """
}
