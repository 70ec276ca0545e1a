import Glibc
import OpsCore

/// How connections are made. Equal configurations share nothing; keep the service that is made of one.
package struct HTTPConfiguration: Sendable {
    /// A PEM file of certificate authorities that replaces the system's (`SSL_CERT_FILE`).
    package var certificateFile: String?
    /// A folder of certificate authorities that replaces the system's (`SSL_CERT_DIR`), as `c_rehash` makes it.
    package var certificateFolder: String?
    /// PEM text of certificate authorities that replaces the system's and those of file and folder.
    package var authorities: [UInt8]?
    /// Shown to a server that asks for one.
    package var clientCertificate: ClientCertificate?
    /// The name that a server is asked for (RFC 6066 §3) and that its certificate must be for, where that is not the
    /// URL's host.
    package var serverName: String?
    package var proxies: ProxySettings
    package var connectTimeout: Duration
    /// How long a body may stand still.
    package var idleTimeout: Duration

    package init(
        certificateFile: String? = nil, certificateFolder: String? = nil, proxies: ProxySettings = ProxySettings(),
        connectTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(60)
    ) {
        self.certificateFile = certificateFile
        self.certificateFolder = certificateFolder
        self.proxies = proxies
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
    }

    /// What the variables `SSL_CERT_FILE`, `SSL_CERT_DIR`, `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY` (each also in lower case, which wins) ask for.
    package init(environment: @Sendable (String) -> String?) {
        func set(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        self.init(
            certificateFile: set("SSL_CERT_FILE"), certificateFolder: set("SSL_CERT_DIR"),
            proxies: ProxySettings(environment: environment))
    }

    /// The configuration that the process's own environment asks for.
    package static func ofProcess() -> HTTPConfiguration {
        HTTPConfiguration { name in getenv(name).map { String(cString: $0) } }
    }
}
