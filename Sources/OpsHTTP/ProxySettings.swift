import OpsCore

/// Which requests go through a proxy, as the variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
///
/// Every request, also a plain one, is tunnelled (`CONNECT`). Loopback is never reached through a proxy.
package struct ProxySettings: Sendable, Hashable {
    /// For `http` addresses.
    package var plain: String?
    /// For `https` addresses.
    package var secure: String?
    /// Hosts that are reached directly: `*`, `example.com` (and all below it), `.example.com`, an address, an IPv4
    /// network such as `10.0.0.0/8`, each with an optional `:port`.
    package var exceptions: [String]

    package init(plain: String? = nil, secure: String? = nil, exceptions: [String] = []) {
        self.plain = plain
        self.secure = secure
        self.exceptions = exceptions
    }

    package init(environment: @Sendable (String) -> String?) {
        func value(_ name: String) -> String? {
            let value = environment(name.lowercased()) ?? environment(name)
            return value?.isEmpty == false ? value : nil
        }
        let all = value("ALL_PROXY")
        self.init(
            plain: value("HTTP_PROXY") ?? all, secure: value("HTTPS_PROXY") ?? all,
            exceptions: (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() })
    }

    /// A proxy to be used.
    struct Proxy: Hashable {
        var host: String
        var port: Int
        var isSOCKS: Bool
        /// `user:password`.
        var credentials: String?
    }

    /// The proxy for a URL; nil where it is reached directly.
    ///
    /// Throws: an `OpsError` (`invalid`) where the variable holds no address of a proxy; its text is not shown.
    func proxy(for url: URLParts) throws(OpsError) -> Proxy? {
        guard let text = url.isSecure ? secure : plain, !isException(url) else { return nil }
        let isSOCKS = text.lowercased().hasPrefix("socks5")
        let address: URLParts
        do throws(OpsError) {
            let rest = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
            guard !text.contains("://") || isSOCKS || text.lowercased().hasPrefix("http://") else {
                throw OpsError(.unsupported, "its scheme is neither http nor socks5")
            }
            address = try URLParts("http://" + rest)
        } catch {
            throw OpsError(
                .invalid,
                "the address of the \(url.isSecure ? "HTTPS_PROXY" : "HTTP_PROXY") cannot be used: \(error.message)",
                hint: "write http://host:port")
        }
        let credentials = address.userInfo.flatMap { PercentEncoding.decode($0) }
            .flatMap { String(validating: $0, as: UTF8.self) }
        return Proxy(
            host: address.host, port: address.port ?? (isSOCKS ? 1080 : 80), isSOCKS: isSOCKS,
            credentials: isSOCKS ? nil : credentials)
    }

    func isException(_ url: URLParts) -> Bool {
        let host = url.host
        if url.isLoopback { return true }
        return exceptions.contains { exception in
            var name = exception[...]
            if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]"),
                name.firstIndex(of: ":") == colon || name.hasPrefix("[")
            {
                guard Int(name[name.index(after: colon)...]) == url.effectivePort else { return false }
                name = name[..<colon]
            }
            if name == "*" || name == host || "[\(name)]" == host { return true }
            if let network = Self.network(name), let address = Self.address(host) {
                return address & network.mask == network.base & network.mask
            }
            if name.hasPrefix("*.") { name = name.dropFirst() }
            return !name.isEmpty && host.hasSuffix(name.hasPrefix(".") ? String(name) : "." + name)
        }
    }

    /// The four bytes of a dotted IPv4 address.
    private static func address(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part) else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return address
    }

    private static func network(_ text: Substring) -> (base: UInt32, mask: UInt32)? {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let base = address(parts[0]), let bits = Int(parts[1]), (0...32).contains(bits) else {
            return nil
        }
        return (base, bits == 0 ? 0 : UInt32.max << (32 - UInt32(bits)))
    }
}
