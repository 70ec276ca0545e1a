import OpsCore
import OpsHTTP
import OpsPlugin

/// Requests to services that hold secrets, and to those that give the tokens for them.
///
/// Each goes only where the recipe's `secret-hosts` permits, over TLS (plain HTTP reaches loopback and the metadata
/// services of clouds only), follows no redirect, and ends within its time. Connection errors, 408, 425, 429 and 5xx
/// are tried again with back-off.
struct SecretRequests: Sendable {
    /// A whole answer, whatever its status.
    struct Reply: Sendable {
        let response: HTTPResponse
        let body: [UInt8]

        var status: Int { response.status }
        /// Null where it is not JSON.
        var json: Value { (try? JSONReader.value(body)) ?? .null }
    }

    /// How patient a request is.
    enum Place: Sendable {
        /// Anywhere: 4 attempts within 60 s.
        case service
        /// The machine's own metadata service, never through a proxy: 2 attempts, 1 s for the connection.
        case metadata
    }

    let context: SecretContext
    /// The wait before the second attempt.
    let retryDelay: Duration
    private let anywhere: HTTPService
    private let nearby: HTTPService

    init(_ context: SecretContext, retryDelay: Duration = .milliseconds(500)) {
        self.context = context
        self.retryDelay = retryDelay
        let environment = context.environment
        var configuration = HTTPConfiguration { environment[$0] }
        anywhere = HTTPService.make(configuration)
        configuration.proxies = ProxySettings()
        configuration.connectTimeout = .seconds(1)
        configuration.idleTimeout = .seconds(5)
        nearby = HTTPService.make(configuration)
    }

    /// Sends a request and reads the whole answer, 4 MiB at most.
    ///
    /// Throws: a `SecretFailure`: `forbidden` where `secret-hosts` does not name the host, `invalid` for an address
    /// without TLS, `unreachable` where no answer came or the answer leads elsewhere. It names `request.name` and
    /// holds no header, body or query value.
    func send(_ request: HTTPRequest, to place: Place = .service) async throws(SecretFailure) -> Reply {
        try Self.checkTransport(request.url)
        try context.permit(host: request.url.hostName, port: request.url.effectivePort)
        var request = request
        request.redirects = .none
        let sent = request
        let (service, logger) = (place == .service ? anywhere : nearby, context.logger)
        let retry = RetryPolicy(
            attempts: place == .service ? 4 : 2, delay: retryDelay, longestWait: max(retryDelay, .seconds(20)))
        let limit: Duration = place == .service ? .seconds(60) : .seconds(10)
        let reply: Reply
        do {
            let late = OpsError(.timeout, "no whole answer from \(request.name) within \(limit.text)")
            reply = try await withDeadline(limit, late) {
                let response = try await service.send(
                    sent, timeout: place == .service ? .seconds(20) : .seconds(4), retry: retry, logger: logger)
                return Reply(response: response, body: try await response.collect(limit: 4 << 20))
            }
        } catch {
            throw Self.failure(of: error)
        }
        guard ![301, 302, 303, 307, 308].contains(reply.status) else {
            let target = reply.response.header("location").flatMap { try? request.url.resolve($0) }?.origin
            throw SecretFailure(
                .unreachable, "\(request.name) redirects to \(target ?? "elsewhere"), and nothing is sent there",
                hint: "a proxy or a login page on the way is the usual cause")
        }
        return reply
    }

    /// `name=value&…` as a form's body (application/x-www-form-urlencoded).
    static func form(_ items: [(String, String)]) -> HTTPRequest.Body {
        let pairs = items.map { PercentEncoding.encode($0.0) + "=" + PercentEncoding.encode($0.1) }
        return .bytes(Array(pairs.joined(separator: "&").utf8))
    }

    static func failure(of error: any Error) -> SecretFailure {
        switch error {
        case let error as SecretFailure: error
        case let error as OpsError:
            SecretFailure(
                error.code == .invalid ? .invalid : .unreachable, error.message,
                hint: error.code == .untrusted
                    ? "SSL_CERT_FILE can name a file of authorities to trust; verification is never off" : error.hint)
        default: SecretFailure(.unreachable, "the request was cancelled")
        }
    }

    private static func checkTransport(_ url: URLParts) throws(SecretFailure) {
        // Link-local addresses (RFC 3927) reach nothing beyond the machine's own cloud.
        let bytes = url.host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        let isLinkLocal = bytes.count == 4 && !bytes.contains(nil) && bytes.prefix(2) == [169, 254]
        let names = ["metadata.google.internal", "[fd00:ec2::254]", "[fd00:ec2::23]"]
        let isNearby = url.isLoopback || isLinkLocal || names.contains(url.host)
        guard !url.isSecure, !isNearby else { return }
        throw SecretFailure(
            .invalid, "\(url.origin) has no TLS, so nothing secret is asked of it or sent there",
            hint: "write https://; plain http is for loopback and the metadata service of a cloud")
    }
}

extension URLParts {
    /// The host without the brackets of an IPv6 address.
    var hostName: String { host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host }
}
