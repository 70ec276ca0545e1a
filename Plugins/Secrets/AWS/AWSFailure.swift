import OpsPlugin

/// An error that a service of AWS answered with.
struct AWSFailure: Error, Sendable {
    /// Such as `ResourceNotFoundException`.
    var code: String
    /// The service's words.
    var message: String
    var status: Int

    /// - Parameter code: as it was sent; a name space before `#` and an address behind `:` are cut off.
    init(code: String, message: String, status: Int = 400) {
        let name = code.split(separator: "#").last ?? ""
        self.code = String(name.prefix { $0 != ":" })
        self.message = message
        self.status = status
    }

    private static let missing: Set<String> = [
        "ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound", "ParameterVersionLabelNotFound",
    ]
    private static let signatures: Set<String> = [
        "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException",
    ]
    private static let forbidden: Set<String> = [
        "AccessDenied", "AccessDeniedException", "AuthFailure", "DecryptionFailure", "IDPRejectedClaim",
        "InvalidClientTokenId", "InvalidIdentityToken", "InvalidKeyId", "MissingAuthenticationToken",
        "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired", "RegionDisabledException",
        "UnrecognizedClientException",
    ]
    private static let throttled: Set<String> = [
        "LimitExceededException", "PriorRequestNotComplete", "ProvisionedThroughputExceededException",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttling",
        "ThrottledException", "ThrottlingException", "TooManyRequestsException", "TooManyUpdates",
    ]

    /// True where the same request may do better later.
    var isThrottled: Bool { Self.throttled.contains(code) }

    /// True where other credentials are needed.
    var isExpired: Bool { ["ExpiredToken", "ExpiredTokenException", "RequestExpired"].contains(code) }

    var reason: SecretFailure.Reason {
        if Self.missing.contains(code) { return .missing }
        if code == "InvalidRequestException", message.contains("delet") { return .missing }
        if isExpired || Self.signatures.contains(code) || Self.forbidden.contains(code) { return .forbidden }
        if isThrottled || status >= 500 || status == 429 { return .unreachable }
        return status == 401 || status == 403 ? .forbidden : .invalid
    }

    /// - Parameter what: what was asked for, and where.
    func failure(of what: String) -> SecretFailure {
        // What a wrong signature is answered with repeats the request, its session token included.
        let isSignature = Self.signatures.contains(code)
        let words = message.split { $0.isWhitespace || $0.isNewline }.joined(separator: " ")
        let said = isSignature || words.isEmpty ? "" : ": \(words.prefix(300))"
        return SecretFailure(reason, "\(what): \(code)\(said)", hint: hint)
    }

    private var hint: String? {
        switch code {
        case _ where isExpired: "the credentials have expired: log in again"
        case _ where Self.signatures.contains(code):
            "the secret access key is wrong, or this machine's clock is"
        case "UnrecognizedClientException", "InvalidClientTokenId": "AWS does not know this access key"
        case "AccessDenied", "AccessDeniedException": "the policies of this identity must allow the action"
        case "InvalidCiphertextException", "IncorrectKeyException":
            "it was encrypted with another key or another encryption context, or was changed since"
        case "DecryptionFailure", "InvalidKeyId": "the KMS key's policy must allow kms:Decrypt"
        case "InvalidRequestException" where reason == .missing:
            "aws secretsmanager restore-secret brings it back before its last day"
        case _ where isThrottled: "the account's rate limit was reached, also after a few attempts"
        default: nil
        }
    }
}
