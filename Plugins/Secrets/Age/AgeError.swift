/// Why an age file was not opened.
struct AgeError: Error, Sendable, Hashable {
    /// As the format's test vectors tell failures apart (C2SP/CCTV, age).
    enum Kind: String, Sendable {
        case armor = "armor failure"
        case header = "header failure"
        case noMatch = "no match"
        case mac = "HMAC failure"
        case payload = "payload failure"
    }

    var kind: Kind
    /// Continues "file 'x' …"; holds nothing of the content.
    var message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
