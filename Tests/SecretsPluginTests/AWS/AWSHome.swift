import OpsPlugin
import TestKit

@testable import SecretsPlugin

/// A home folder with AWS's two files, and nothing else that could give credentials.
struct AWSHome {
    static let future = "2099-01-01T00:00:00Z"

    var harness: SecretsHarness

    init(config: String = "", credentials: String = "") throws {
        harness = try SecretsHarness(["AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-west-1"])
        harness.environment["HOME"] = harness.folder.path
        try harness.folder.write(".aws/config", config)
        try harness.folder.write(".aws/credentials", credentials)
    }

    var folder: TemporaryFolder { harness.folder }

    subscript(variable: String) -> String? {
        get { harness.environment[variable] }
        set { harness.environment[variable] = newValue }
    }

    func find(profile: String? = nil) async throws -> AWSCredentials {
        let settings = try AWSSettings(harness.context, profile: profile)
        let requests = SecretRequests(harness.context, retryDelay: .milliseconds(10))
        return try await AWSCredentialChain(settings: settings, requests: requests).credentials()
    }

    /// Why none are found; nil where some are.
    func refusal(profile: String? = nil) async -> SecretFailure? {
        do {
            _ = try await find(profile: profile)
            return nil
        } catch { return error as? SecretFailure }
    }
}
