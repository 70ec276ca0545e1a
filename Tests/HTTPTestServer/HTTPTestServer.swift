import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A request as a test server got it.
package struct ServedRequest: Sendable {
    package var method: String
    /// Path and query as they were sent.
    package var target: String
    package var headers: [(String, String)]
    package var body: [UInt8]

    package func header(_ name: String) -> String? {
        headers.first { $0.0.lowercased() == name.lowercased() }?.1
    }

    package var path: String { String(target.prefix { $0 != "?" }) }
    package var bodyText: String { String(decoding: body, as: UTF8.self) }
}

/// What a test server does with a request.
package enum Answer: Sendable {
    case response(Int, headers: [(String, String)] = [], body: [UInt8] = [])
    /// These bytes as they are; then the connection is closed where `closes` is true.
    case raw([UInt8], closes: Bool = true)
    /// Nothing, with the connection left open.
    case silence
    /// A head, then the chunks with a pause before each, then silence.
    case slow([UInt8], chunks: [[UInt8]], pause: Duration)

    package static func text(_ status: Int, _ text: String, headers: [(String, String)] = []) -> Answer {
        .response(status, headers: headers, body: Array(text.utf8))
    }

    package static func json(_ status: Int, _ text: String) -> Answer {
        .text(status, text, headers: [("Content-Type", "application/json")])
    }
}

/// A real HTTP/1.1 server on a free port of loopback, whose answers a test gives.
package final class HTTPTestServer: Sendable {
    private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let log = Log()
    package let port: Int
    private let scheme: String

    /// Starts it; it stops when the last reference goes.
    ///
    /// - Parameters:
    ///   - tls: PEM files of a certificate chain and its key.
    ///   - clientAuthority: a PEM file of the authority that must have signed a client's certificate.
    package init(
        tls: (certificate: String, key: String)? = nil, clientAuthority: String? = nil,
        _ answer: @escaping @Sendable (ServedRequest) async -> Answer
    ) async throws {
        var context: NIOSSLContext?
        if let tls {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(tls.certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: tls.key, format: .pem)))
            if let clientAuthority {
                configuration.certificateVerification = .noHostnameVerification
                configuration.trustRoots = .file(clientAuthority)
            }
            context = try NIOSSLContext(configuration: configuration)
        }
        let log = log
        channel = try await ServerBootstrap(group: Self.loops)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [context] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
                    try channel.pipeline.syncOperations.addHandler(Handler(log: log, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        scheme = tls == nil ? "http" : "https"
    }

    deinit { channel.close(promise: nil) }

    /// `http://127.0.0.1:port`.
    package var url: String { "\(scheme)://127.0.0.1:\(port)" }

    /// All requests so far.
    package var requests: [ServedRequest] { log.requests.withLock { $0 } }
}

private final class Log: Sendable {
    let requests = Mutex<[ServedRequest]>([])
}

/// Gathers a request and writes what the test answers.
private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let log: Log
    private let answer: @Sendable (ServedRequest) async -> Answer
    private var request: ServedRequest?

    init(log: Log, answer: @escaping @Sendable (ServedRequest) async -> Answer) {
        self.log = log
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = ServedRequest(
                method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) },
                body: [])
        case .body(let buffer): request?.body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let request else { return }
            log.requests.withLock { $0.append(request) }
            let (answer, channel) = (answer, context.channel)
            Task(executorPreference: AnswerThread.shared) {
                try await write(answer(request), to: channel, method: request.method)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let channel = context.channel
        let bytes = ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        channel.writeAndFlush(bytes).whenComplete { _ in channel.close(promise: nil) }
    }
}

private func write(_ answer: Answer, to channel: any Channel, method: String) async throws {
    switch answer {
    case .response(let status, let headers, let body):
        var head = "HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        let isLengthGiven = headers.contains { $0.0.lowercased() == "content-length" }
        if status != 204, status != 304, !isLengthGiven { head += "Content-Length: \(body.count)\r\n" }
        var buffer = ByteBuffer(string: head + "\r\n")
        if method != "HEAD", status != 204, status != 304 { buffer.writeBytes(body) }
        try await channel.writeAndFlush(buffer)
    case .raw(let bytes, let closes):
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
        if closes { try await channel.close() }
    case .silence: break
    case .slow(let head, let chunks, let pause):
        try await channel.writeAndFlush(ByteBuffer(bytes: head))
        for chunk in chunks {
            try await Task.sleep(for: pause)
            try await channel.writeAndFlush(ByteBuffer(bytes: chunk))
        }
    }
}
