import Logging
import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Requests to one service of AWS in one region, with one identity (the JSON 1.1 protocol).
struct AWSClient: Sendable {
    let chain: AWSCredentialChain
    let service: AWSSettings.Service
    let region: String
    private let endpoint: URLParts
    /// Before the operation's name in `X-Amz-Target`.
    private let target: String

    private static let attempts = 5

    /// Throws: a `SecretFailure` (`invalid`) where settings cannot be used.
    init(
        _ service: AWSSettings.Service, target: String, _ account: AWSAccount, _ context: SecretContext,
        retryDelay: Duration
    ) throws(SecretFailure) {
        let settings = try AWSSettings(context, profile: account.profile, region: account.region)
        self.service = service
        self.target = target
        region = try settings.region()
        endpoint = try settings.endpoint(service, region: region)
        chain = AWSCredentialChain(
            settings: settings, requests: SecretRequests(context, retryDelay: retryDelay), role: account.role)
    }

    /// Calls an operation. A throttled one is tried again with back-off; one whose credentials have expired once more,
    /// with new ones.
    ///
    /// Throws: a `SecretFailure` where no answer came or no credentials are to be had.
    func call(_ operation: String, _ input: ValueMap) async throws(SecretFailure) -> Result<Value, AWSFailure> {
        let policy = RetryPolicy(
            attempts: Self.attempts, delay: chain.requests.retryDelay, longestWait: .seconds(20))
        var attempt = 1
        var hasRenewed = false
        while true {
            let credentials = try await chain.credentials()
            let reply = try await send(operation, input, credentials)
            guard reply.status != 200 else { return .success(reply.json) }
            let failure = Self.failure(reply)
            if failure.isExpired, !hasRenewed {
                hasRenewed = true
                chain.forget()
                continue
            }
            guard failure.isThrottled, attempt < policy.attempts else { return .failure(failure) }
            chain.context.logger.debug("\(service.name) \(operation) is throttled; trying again")
            do { try await Task.sleep(for: policy.wait(after: attempt)) } catch {
                throw SecretRequests.failure(of: error)
            }
            attempt += 1
        }
    }

    private func send(
        _ operation: String, _ input: ValueMap, _ credentials: AWSCredentials
    ) async throws(SecretFailure) -> SecretRequests.Reply {
        var request = HTTPRequest(
            "POST", endpoint,
            headers: [("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", "\(target).\(operation)")],
            body: .bytes(Array(JSONWriter.text(.map(input)).utf8)), label: "AWS at \(endpoint.origin)")
        SignatureV4(credentials, region: region, service: service.name).sign(&request)
        return try await chain.requests.send(request)
    }

    private static func failure(_ reply: SecretRequests.Reply) -> AWSFailure {
        let json = reply.json
        let code = reply.response.header("x-amzn-errortype") ?? json["__type"]?.stringValue ?? json["code"]?.stringValue
        if let code {
            let message = json["message"] ?? json["Message"]
            return AWSFailure(code: code, message: message?.stringValue ?? "", status: reply.status)
        }
        let text = String(decoding: reply.body, as: UTF8.self)
        return AWSFailure(
            code: XMLText.content(of: "Code", in: text) ?? "status \(reply.status)",
            message: XMLText.content(of: "Message", in: text) ?? "", status: reply.status)
    }
}

/// Whose secrets, and where, as a reference says.
struct AWSAccount: Sendable, Hashable {
    var profile: String?
    /// nil is what the settings say.
    var region: String?
    /// The ARN of a role that is assumed with the credentials found.
    var role: String?
}

/// A name in AWS that holds its region: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
struct AWSResourceName: Sendable {
    var service: String
    var region: String
    var resource: String

    /// nil where the text is none.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts.dropFirst().allSatisfy({ !$0.isEmpty }) else { return nil }
        service = String(parts[2])
        region = String(parts[3])
        resource = String(parts[5])
    }

    /// The account of a reference whose path may be such a name.
    ///
    /// Throws: an `OpsError` (`invalid`) where the name is of another service, or `?region=` contradicts it.
    static func account(of reference: SecretReference, service: String) throws(OpsError) -> AWSAccount {
        var account = AWSAccount(profile: reference.options["profile"], region: reference.options["region"])
        do throws(SecretFailure) {
            if let region = account.region { _ = try AWSSettings.checkedRegion(region) }
        } catch {
            throw OpsError(.invalid, error.message, hint: error.hint)
        }
        guard reference.path.hasPrefix("arn:") else { return account }
        guard let name = AWSResourceName(reference.path), name.service == service else {
            throw OpsError(.invalid, "'\(reference.path)' is not the ARN of something in '\(service)'")
        }
        guard account.region == nil || account.region == name.region else {
            throw OpsError(.invalid, "the ARN in '\(reference)' is of region \(name.region)", hint: "leave region out")
        }
        account.region = name.region
        return account
    }
}
