import OpsCore

/// What to do with an answer that points elsewhere (301, 302, 303, 307, 308).
///
/// At another origin (scheme, host or port) only headers that describe the request travel on: never
/// `Authorization`, `Cookie` or a header of the caller's own making.
package enum RedirectPolicy: Sendable, Hashable {
    /// The redirect is the answer.
    case none
    /// At most so many are followed; one more is an error.
    case follow(Int)

    /// Headers that say nothing of who asks.
    private static let travelling: Set<String> = [
        "accept", "accept-encoding", "accept-language", "cache-control", "content-type", "if-match",
        "if-modified-since", "if-none-match", "if-unmodified-since", "range", "user-agent",
    ]

    /// The request that follows a redirect; nil where the answer is none.
    ///
    /// The method becomes GET after 303, and for a POST after 301 and 302 (RFC 9110 §15.4).
    /// Throws: an `OpsError` (`invalid`) where `Location` is no URL, (`forbidden`) where a body that holds a
    /// secret would reach another origin.
    static func next(_ request: HTTPRequest, status: Int, location: String?) throws(OpsError) -> HTTPRequest? {
        guard [301, 302, 303, 307, 308].contains(status), let location else { return nil }
        var next = request
        do throws(OpsError) {
            next.url = try request.url.resolve(location)
        } catch {
            throw OpsError(.invalid, "\(request.name) redirects to something that is no URL: \(error.message)")
        }
        next.url.userInfo = nil
        if status == 303 && request.method != "HEAD" || status < 303 && request.method == "POST" {
            next.method = "GET"
            next.body = .empty
            next.headers.removeAll { $0.0.lowercased().hasPrefix("content-") }
        }
        let isUpgrade =
            request.url.host == next.url.host && request.url.origin == "http://" + next.url.host
            && next.url.origin == "https://" + next.url.host
        if next.url.origin == request.url.origin || isUpgrade {
            // User information belongs to the origin it was given for.
            next.url.userInfo = request.url.userInfo
            return next
        }
        next.headers.removeAll { !travelling.contains($0.0.lowercased()) }
        if case .empty = next.body { return next }
        guard !request.isBodyPrivate else {
            throw OpsError(
                .forbidden, "\(request.name) redirects to \(request.label == nil ? next.url.origin : "another place")",
                hint: "the request's body holds a secret and is not sent there; name the final address")
        }
        return next
    }
}
