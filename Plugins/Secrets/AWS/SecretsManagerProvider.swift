import OpsCore
import OpsPlugin

/// `aws-sm://NAME`: a secret of AWS Secrets Manager; `#field` a member of the JSON it holds.
struct SecretsManagerProvider: AWSStoreProvider {
    typealias Store = SecretsManager
    typealias Key = SecretsManager.Key

    let scheme = "aws-sm"
    let summary = "A secret of AWS Secrets Manager, or a field of the JSON it holds"
    let example = "aws-sm://prod/database#password"

    let retryDelay: Duration

    init(retryDelay: Duration = .milliseconds(500)) { self.retryDelay = retryDelay }

    let manual = """
        `aws-sm://NAME-OR-ARN` is the text of the secret, or its bytes where it is binary; nothing is trimmed. \
        `#field` selects a member of JSON: the exact name first, then its parts between dots.

        Options: `version-stage=AWSPREVIOUS` or `version-id=ID` for another version than AWSCURRENT, `region=`, \
        `profile=`, `decode=base64`. An ARN brings its region with it.

        Current versions are fetched up to 20 a request (BatchGetSecretValue), or one by one where the policy does not \
        allow that. `ops secrets check` uses DescribeSecret, which shows no value.

        """ + awsManual

    func check(_ reference: SecretReference) throws(OpsError) {
        try SecretSelection.checkOptions(reference, known: ["version-stage", "version-id", "region", "profile"])
        _ = try AWSResourceName.account(of: reference, service: AWSSettings.Service.secretsManager.name)
        let isName = reference.path.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "/_+=.@-:!".utf8.contains($0)
        }
        guard isName, reference.path.utf8.count <= 2048, !reference.path.hasPrefix("/") else {
            throw OpsError(
                .invalid, "'\(reference.path)' is not the name of a secret in AWS",
                hint: "write aws-sm://NAME or the secret's ARN")
        }
        guard reference.options["version-stage"] == nil || reference.options["version-id"] == nil else {
            throw OpsError(.invalid, "'\(reference)' names a stage and a version", hint: "write one of them")
        }
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }
}

/// How both AWS providers log in.
let awsManual = """
    Credentials are looked for once a run, in the order of the AWS SDKs: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` \
    and `AWS_SESSION_TOKEN` (not where the reference names a profile); the profile (`AWS_PROFILE`, else default) with \
    role_arn and source_profile or credential_source, web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`), \
    IAM Identity Center (the token of `aws sso login`), keys, or credential_process; the container's endpoint \
    (`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, `AWS_CONTAINER_CREDENTIALS_FULL_URI`); the EC2 metadata service, \
    version 2 (`AWS_EC2_METADATA_DISABLED` turns it off). A profile with mfa_serial is an error: nothing can ask for \
    the code.

    The region is `?region=`, else `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's. Endpoints: \
    `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL_SSM`, `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, and \
    endpoint_url in the profile; plain http only for loopback. Where the recipe has `secret-hosts`, it names these \
    hosts and those that give credentials.
    """
