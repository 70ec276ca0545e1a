import AsyncHTTPClient
import Glibc
package import Logging
import NIOCore
import NIOHTTP1
import OpsCore
import OpsSystem

/// Sends requests, over connections that are kept and reused. Nothing is opened or started before the first one.
///
/// Redirects, retries and proxies are its own; TLS is 1.2 or later and always verified.
package struct HTTPService: Sendable {
    private let connections: Connections

    /// The service that the process's environment configures.
    package static let shared = HTTPService.make(.ofProcess())

    /// A service with connections of its own.
    package static func make(_ configuration: HTTPConfiguration) -> HTTPService {
        HTTPService(connections: Connections(configuration))
    }

    /// Sends a request and gives the answer once its head has come, whatever its status.
    ///
    /// `timeout` bounds the wait for the head, once for each attempt and redirect; a streamed body is bounded by
    /// the idle time instead. Throws: `OpsError` (`unavailable`, `timeout`, `untrusted`, `invalid`, `forbidden`) whose
    /// text holds no header, user information or query value; `CancellationError`.
    package func send(
        _ request: HTTPRequest, timeout: Duration = .seconds(30), retry: RetryPolicy = .none, logger: Logger? = nil
    ) async throws -> HTTPResponse {
        try request.check()
        var attempt = 1
        while true {
            var wait = retry.wait(after: attempt)
            do {
                let response = try await following(request, timeout: timeout)
                guard attempt < retry.attempts, retry.retries(response.status) else { return response }
                if let text = response.header("retry-after"),
                    let asked = RetryPolicy.retryAfter(text, now: Int(Glibc.time(nil)))
                {
                    if asked > retry.longestWait { return response }
                    wait = max(asked, retry.delay / 2)
                }
                await response.discard()
                logger?.debug("\(request.name) answered \(response.status); trying again in \(wait.shortText)")
            } catch {
                guard attempt < retry.attempts, retry.retries(error) else { throw error }
                logger?.debug("\(OpsError.text(of: error)); trying again in \(wait.shortText)")
            }
            try await Task.sleep(for: wait)
            attempt += 1
        }
    }

    private func following(_ request: HTTPRequest, timeout: Duration) async throws -> HTTPResponse {
        var current = request
        var count = 0
        while true {
            let response = try await once(current, timeout: timeout)
            guard case .follow(let limit) = request.redirects,
                let next = try RedirectPolicy.next(
                    current, status: response.status, location: response.header("location"))
            else { return response }
            count += 1
            guard count <= limit else {
                throw OpsError(.mismatch, "\(request.name) redirects more than \(limit) times")
            }
            await response.discard()
            current = next
        }
    }

    private func once(_ request: HTTPRequest, timeout: Duration) async throws -> HTTPResponse {
        try Task.checkCancellation()
        if let error = NetworkGate.current?.refusal(request.url.host, request.url.effectivePort) { throw error }
        var target = request.url
        if let serverName = connections.serverName(for: target) { target.host = serverName }
        var outgoing = HTTPClientRequest(url: target.text)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        if let credentials = request.url.userInfo, request.header("authorization") == nil {
            let text = PercentEncoding.decode(credentials) ?? Array(credentials.utf8)
            outgoing.headers.add(name: "Authorization", value: "Basic " + Base64.encode(text))
        }
        if target.host != request.url.host, request.header("host") == nil {
            outgoing.headers.add(name: "Host", value: String(request.url.origin.dropFirst("https://".count)))
        }
        if request.header("user-agent") == nil { outgoing.headers.add(name: "User-Agent", value: "ops") }
        var deadline = NIODeadline.now() + .nanoseconds(timeout.nanoseconds)
        switch request.body {
        case .empty: break
        case .bytes(let bytes): outgoing.body = .bytes(ByteBuffer(bytes: bytes))
        case .stream(let length, let open):
            outgoing.body = .stream(BufferStream(source: try await open()), length: .known(Int64(length)))
            deadline = .now() + .hours(24)
        }
        let name = request.name
        do {
            let client = try connections.client(for: request.url, timeout: timeout)
            let response = try await client.execute(outgoing, deadline: deadline)
            let body = response.body
            // The service lives as long as a body that it is still sending.
            let connections = connections
            return HTTPResponse(
                status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
                url: request.url,
                chunks: ByteStream {
                    var iterator = body.makeAsyncIterator()
                    return {
                        do {
                            defer { withExtendedLifetime(connections) {} }
                            return try await iterator.next().map { Array($0.readableBytesView) }
                        } catch {
                            if Task.isCancelled { throw CancellationError() }
                            throw TransportError.error(error, name: name, limit: nil)
                        }
                    }
                }, name: name)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw TransportError.error(error, name: name, limit: timeout)
        }
    }
}

/// A request's body as the client takes it.
private struct BufferStream: AsyncSequence, Sendable {
    let source: ByteStream

    struct AsyncIterator: AsyncIteratorProtocol {
        var chunks: ByteStream.AsyncIterator

        mutating func next() async throws -> ByteBuffer? { try await chunks.next().map { ByteBuffer(bytes: $0) } }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks: source.makeAsyncIterator()) }
}
