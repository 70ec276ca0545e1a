import OpsCore

/// One request, which can be sent again: for a retry, and where a redirect asks for it.
package struct HTTPRequest: Sendable {
    package enum Body: Sendable {
        case empty
        case bytes([UInt8])
        /// A body of `length` bytes that is opened anew each time it is sent.
        case stream(length: Int, open: @Sendable () async throws -> ByteStream)
    }

    package var method: String
    /// User information in it becomes basic authorization (RFC 7617) unless the headers hold one.
    package var url: URLParts
    package var headers: [(String, String)]
    package var body: Body
    package var redirects: RedirectPolicy
    /// What messages call the place where the URL itself is a secret, such as `Slack`; nil is the URL without
    /// user information and query values.
    package var label: String?
    /// True where the body holds a secret: it is then never sent to another origin.
    package var isBodyPrivate: Bool

    package init(
        _ method: String = "GET", _ url: URLParts, headers: [(String, String)] = [], body: Body = .empty,
        redirects: RedirectPolicy = .follow(5), label: String? = nil, isBodyPrivate: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.redirects = redirects
        self.label = label
        self.isBodyPrivate = isBodyPrivate
    }

    /// What messages call the place.
    package var name: String { label ?? url.display }

    /// The first value of a header; names have no case.
    package func header(_ name: String) -> String? {
        headers.first { $0.0.lowercased() == name.lowercased() }?.1
    }

    /// Sets a header, replacing those of the same name.
    package mutating func set(_ name: String, _ value: String) {
        headers.removeAll { $0.0.lowercased() == name.lowercased() }
        headers.append((name, value))
    }

    /// Checks method and headers (RFC 9110 §5.6.2 and §5.5): a line break would let a value write headers.
    ///
    /// Throws: an `OpsError` (`invalid`) that names the header, never its value.
    func check() throws(OpsError) {
        guard Self.isToken(method) else { throw OpsError(.invalid, "'\(method)' is not a request method") }
        for (name, value) in headers {
            guard Self.isToken(name) else { throw OpsError(.invalid, "'\(name)' is not a header name") }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw OpsError(
                    .invalid, "the value of header '\(name)' holds a control character",
                    hint: "a line break at its end is the usual cause")
            }
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
    }
}
