import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Which region, account and endpoints are asked: the variables and profile settings of the AWS SDKs.
struct AWSSettings: Sendable {
    /// A service of AWS by its names in addresses, in variables and in `[services]` sections.
    struct Service: Sendable {
        /// In host names and signatures.
        var name: String
        /// In `AWS_ENDPOINT_URL_…`, lower case.
        var identifier: String

        static let secretsManager = Service(name: "secretsmanager", identifier: "secrets_manager")
        static let parameters = Service(name: "ssm", identifier: "ssm")
        static let keyManagement = Service(name: "kms", identifier: "kms")
        static let tokens = Service(name: "sts", identifier: "sts")
        static let singleSignOn = Service(name: "portal.sso", identifier: "sso")
    }

    let context: SecretContext
    let config: AWSConfigFile
    let profileName: String
    /// True where the reference names the profile: then variables give no credentials, as with the SDKs.
    let isProfileExplicit: Bool
    private let givenRegion: String?

    /// - Parameters:
    ///   - profile: of the reference; else `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `default`.
    ///   - region: of the reference; else `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's.
    /// Throws: a `SecretFailure` (`invalid`) where a file cannot be read or there is no such profile.
    init(_ context: SecretContext, profile: String? = nil, region: String? = nil) throws(SecretFailure) {
        self.context = context
        config = try AWSConfigFile(context)
        let variable = context.variable("AWS_PROFILE") ?? context.variable("AWS_DEFAULT_PROFILE")
        profileName = profile ?? variable ?? "default"
        isProfileExplicit = profile != nil
        givenRegion = region
        guard profile == nil && variable == nil || config.profiles[profileName] != nil else {
            throw SecretFailure(
                .invalid, "there is no AWS profile '\(profileName)'",
                hint: nearestName(to: profileName, among: Array(config.profiles.keys)).map { "did you mean '\($0)'?" }
                    ?? "profiles are in ~/.aws/config and ~/.aws/credentials")
        }
    }

    var profile: AWSConfigFile.Section { config.profiles[profileName] ?? [:] }

    /// Throws: a `SecretFailure` (`invalid`) where none is set, or where it is not the name of a region.
    func region() throws(SecretFailure) -> String {
        let region =
            givenRegion ?? context.variable("AWS_REGION") ?? context.variable("AWS_DEFAULT_REGION") ?? profile["region"]
        guard let region else {
            throw SecretFailure(
                .invalid, "no AWS region is set", hint: "set AWS_REGION, 'region' in the profile, or write ?region=")
        }
        return try Self.checkedRegion(region)
    }

    /// A region becomes part of a host's name, so nothing else may stand in it.
    static func checkedRegion(_ region: String) throws(SecretFailure) -> String {
        guard !region.isEmpty, region.utf8.count < 64,
            region.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D })
        else { throw SecretFailure(.invalid, "'\(region)' is not the name of an AWS region", hint: "as in eu-west-1") }
        return region
    }

    /// Where a service is: `AWS_ENDPOINT_URL_X`, `AWS_ENDPOINT_URL`, the profile's `services` section and
    /// `endpoint_url`, else the region's own host. `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` leaves only the last.
    func endpoint(_ service: Service, region: String) throws(SecretFailure) -> URLParts {
        let own = profile["services"].flatMap { config.services[$0] }?[service.identifier + ".endpoint_url"]
        let choices = [
            ("AWS_ENDPOINT_URL_" + service.identifier.uppercased(), nil), ("AWS_ENDPOINT_URL", nil),
            ("endpoint_url of '\(service.identifier)' in profile '\(profileName)'", own),
            ("endpoint_url of profile '\(profileName)'", profile["endpoint_url"]),
        ]
        let ignored =
            context.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ?? profile["ignore_configured_endpoint_urls"]
        for (name, value) in choices where ignored?.lowercased() != "true" {
            guard let text = value ?? context.variable(name) else { continue }
            return try Self.address(text, name)
        }
        return try Self.address("https://\(service.name).\(region).\(Self.domain(region))", "the region")
    }

    static func address(_ text: String, _ name: String) throws(SecretFailure) -> URLParts {
        do {
            var url = try URLParts(text)
            url.userInfo = nil
            return url
        } catch {
            throw SecretFailure(.invalid, "\(name) cannot be used: \(error.message)", hint: error.hint)
        }
    }

    /// The domain of a region's partition (botocore's `partitions.json`).
    static func domain(_ region: String) -> String {
        let partitions = [
            ("cn-", "amazonaws.com.cn"), ("us-iso-", "c2s.ic.gov"), ("us-isob-", "sc2s.sgov.gov"),
            ("eu-isoe-", "cloud.adc-e.uk"), ("us-isof-", "csp.hci.ic.gov"), ("eusc-", "amazonaws.eu"),
        ]
        return partitions.first { region.hasPrefix($0.0) }?.1 ?? "amazonaws.com"
    }
}

extension SecretContext {
    /// A variable's value; one that is empty counts as not set.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
}
