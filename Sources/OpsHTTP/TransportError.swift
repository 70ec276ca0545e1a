import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import OpsCore

extension OpsError.Code {
    /// The server's certificate is not one to trust, or not for the name that was asked.
    package static let untrusted = OpsError.Code("untrusted")
}

/// Says in the project's words why a request failed, without any text of the request beyond `name`.
enum TransportError {
    static func error(_ error: any Error, name: String, limit: Duration?) -> any Error {
        switch error {
        case is CancellationError, is OpsError: return error
        case let error as HTTPClientError: return client(error, name, limit)
        case let error as NIOConnectionError: return connection(error, name)
        case let error as IOError: return system(error.errnoCode, name)
        case is NIOSSLExtraError: return wrongName(name)
        case let error as NIOSSLError: return tls(String(describing: error), name)
        case let error as BoringSSLError: return tls(String(describing: error), name)
        case is HTTPParserError:
            return OpsError(.unavailable, "\(name) broke off, or answered with something that is not HTTP")
        case ChannelError.connectTimeout(let time):
            return OpsError(.timeout, "no connection to \(name) within \(Duration.nanoseconds(time.nanoseconds).text)")
        case is ChannelError: return OpsError(.unavailable, "the connection to \(name) was closed")
        default: return OpsError(.unavailable, "the request to \(name) failed: \(type(of: error))")
        }
    }

    private static func client(_ error: HTTPClientError, _ name: String, _ limit: Duration?) -> any Error {
        switch error {
        case .cancelled: return CancellationError()
        case .deadlineExceeded:
            return OpsError(.timeout, "no answer from \(name)" + (limit.map { " within \($0.text)" } ?? ""))
        case .connectTimeout, .getConnectionFromPoolTimeout:
            return OpsError(.timeout, "no connection to \(name) in time")
        case .tlsHandshakeTimeout: return OpsError(.timeout, "\(name) did not complete the TLS handshake in time")
        case .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            return OpsError(.timeout, "the proxy did not connect to \(name) in time")
        case .readTimeout: return OpsError(.timeout, "\(name) sent nothing more for too long")
        case .writeTimeout: return OpsError(.timeout, "\(name) took nothing more for too long")
        case .remoteConnectionClosed:
            return OpsError(.unavailable, "\(name) closed the connection before it had answered")
        case .proxyAuthenticationRequired:
            return OpsError(
                .forbidden, "the proxy wants a user name and a password to reach \(name)",
                hint: "write http://user:password@host:port")
        case .invalidProxyResponse: return OpsError(.unavailable, "the proxy did not connect to \(name)")
        case .bodyLengthMismatch:
            return OpsError(.mismatch, "the body sent to \(name) was not as long as announced")
        default: return OpsError(.unavailable, "the request to \(name) failed: \(error.shortDescription)")
        }
    }

    private static func connection(_ error: NIOConnectionError, _ name: String) -> OpsError {
        guard let first = error.connectionErrors.first else {
            return OpsError(.unavailable, "the host name of \(name) could not be found", hint: "it is '\(error.host)'")
        }
        if let failure = first.error as? IOError { return system(failure.errnoCode, name) }
        if case ChannelError.connectTimeout(let time) = first.error {
            return OpsError(.timeout, "no connection to \(name) within \(Duration.nanoseconds(time.nanoseconds).text)")
        }
        return OpsError(.unavailable, "no connection to \(name)")
    }

    private static func system(_ code: CInt, _ name: String) -> OpsError {
        switch code {
        case ECONNREFUSED:
            OpsError(.unavailable, "\(name) refused the connection", hint: "nothing listens there")
        case ECONNRESET, EPIPE: OpsError(.unavailable, "\(name) broke the connection")
        case EHOSTUNREACH, ENETUNREACH: OpsError(.unavailable, "there is no route to \(name)")
        case ETIMEDOUT: OpsError(.timeout, "no connection to \(name) in time")
        default: OpsError(.unavailable, "the connection to \(name) failed: \(String(cString: strerror(code)))")
        }
    }

    private static func wrongName(_ name: String) -> OpsError {
        OpsError(
            .untrusted, "the certificate of \(name) is for another host name",
            hint: "use the name that the certificate is for")
    }

    private static func tls(_ text: String, _ name: String) -> OpsError {
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
            return OpsError(
                .untrusted, "the certificate of \(name) is not signed by an authority known here, or has expired",
                hint: "SSL_CERT_FILE can name a file of authorities to trust")
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return OpsError(.unavailable, "\(name) does not speak TLS there", hint: "is it an http:// address?")
        }
        if text.contains("UNSUPPORTED_PROTOCOL") || text.contains("PROTOCOL_VERSION") {
            return OpsError(.unavailable, "\(name) offers no TLS 1.2 or later")
        }
        if text.contains("CERTIFICATE_REQUIRED") || text.contains("ALERT_HANDSHAKE_FAILURE") {
            return OpsError(.forbidden, "\(name) refused the TLS handshake; it may want a client certificate")
        }
        if text.contains("EOF") || text.contains("uncleanShutdown") {
            return OpsError(.unavailable, "\(name) broke the connection")
        }
        return OpsError(.unavailable, "the TLS handshake with \(name) failed")
    }
}
