/// An access key of AWS, its session token where it is temporary.
struct AWSCredentials: Sendable {
    var accessKeyID: String
    var secretAccessKey: String
    var sessionToken: String?
    /// Seconds since 1970; nil where they do not expire.
    var expires: Double?
    /// Where they are from, for messages: `profile 'ci'`.
    var source: String
}
