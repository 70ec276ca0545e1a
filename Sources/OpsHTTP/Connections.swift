import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OpsCore
import Synchronization

/// The clients of one configuration: one for each proxy and idle time in use, made when first needed.
final class Connections: Sendable {
    private struct Key: Hashable {
        var proxy: ProxySettings.Proxy?
        var idleMinutes: Int64
        /// Where connections go when the URL's host is only the name that the certificate is for.
        var target: String?
    }

    private let configuration: HTTPConfiguration
    private let clients = Mutex<[Key: HTTPClient]>([:])

    /// Event loops for all services; they end with the process.
    private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: min(max(System.coreCount, 1), 4))

    init(_ configuration: HTTPConfiguration) { self.configuration = configuration }

    deinit {
        // A client that is let go without this is an error to the library.
        for client in clients.withLock({ $0.values }) { _ = client.shutdown() }
    }

    /// The host that TLS is spoken with where it is not the URL's.
    func serverName(for url: URLParts) -> String? {
        guard url.isSecure, let name = configuration.serverName, name != url.host else { return nil }
        return name
    }

    /// The client for a URL. A connection may stand still for the idle time, or for `timeout` where that is more.
    func client(for url: URLParts, timeout: Duration) throws(OpsError) -> HTTPClient {
        let proxy = try configuration.proxies.proxy(for: url)
        let idle = max(configuration.idleTimeout, timeout)
        let minutes = idle > configuration.idleTimeout ? (idle.nanoseconds - 1) / 60_000_000_000 + 1 : 0
        let key = Key(
            proxy: proxy, idleMinutes: minutes, target: serverName(for: url) == nil ? nil : url.host)
        return try clients.withLock { (clients) throws(OpsError) -> HTTPClient in
            if let client = clients[key] { return client }
            let client = HTTPClient(eventLoopGroup: Self.loops, configuration: try clientConfiguration(key))
            clients[key] = client
            return client
        }
    }

    private func clientConfiguration(_ key: Key) throws(OpsError) -> HTTPClient.Configuration {
        var result = HTTPClient.Configuration()
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.certificateVerification = .fullVerification
        if let folder = configuration.certificateFolder {
            try Self.checkReadable(folder, "SSL_CERT_DIR")
            tls.trustRoots = .file(folder)
        }
        if let file = configuration.certificateFile {
            try Self.checkReadable(file, "SSL_CERT_FILE")
            if configuration.certificateFolder == nil {
                tls.trustRoots = .file(file)
            } else {
                tls.additionalTrustRoots = [.file(file)]
            }
        }
        if let pem = configuration.authorities {
            tls.trustRoots = .certificates(try certificates(in: pem, "what is to be trusted"))
            tls.additionalTrustRoots = []
        }
        try configuration.clientCertificate?.apply(to: &tls)
        result.tlsConfiguration = tls
        if let target = key.target, let name = configuration.serverName { result.dnsOverride = [name: target] }
        result.redirectConfiguration = .disallow
        result.connectionPool.retryConnectionEstablishment = false
        result.httpVersion = .http1Only
        result.timeout.connect = .nanoseconds(configuration.connectTimeout.nanoseconds)
        let idle: TimeAmount =
            key.idleMinutes > 0 ? .minutes(key.idleMinutes) : .nanoseconds(configuration.idleTimeout.nanoseconds)
        result.timeout.read = idle
        result.timeout.write = idle
        // Digests are of the bytes on the wire, and nothing asks for an encoding.
        result.decompression = .disabled
        if let proxy = key.proxy {
            result.proxy =
                proxy.isSOCKS
                ? .socksServer(host: proxy.host, port: proxy.port)
                : .server(
                    host: proxy.host, port: proxy.port,
                    authorization: proxy.credentials.map { .basic(credentials: Base64.encode(Array($0.utf8))) })
        }
        return result
    }

    private static func checkReadable(_ path: String, _ variable: String) throws(OpsError) {
        guard access(path, R_OK) != 0 else { return }
        throw OpsError(
            .unavailable, "\(variable) names '\(path)', which cannot be read: \(String(cString: strerror(errno)))")
    }
}
