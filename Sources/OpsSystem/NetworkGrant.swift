/// One server, or several alike, that may be reached.
package struct NetworkGrant: Sendable, Hashable, CustomStringConvertible {
    /// In lower case: a name, an address without brackets, `*.domain`, or `*` for all.
    package var host: String
    /// Nil is any.
    package var port: Int?

    /// `host:port`; either may be `*`. An IPv6 address stands in brackets (RFC 3986, section 3.2.2).
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let host = text[..<colon]
        let port = text[text.index(after: colon)...]
        if port != "*" {
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
                (1...65535).contains(number)
            else { return nil }
            self.port = number
        }
        guard host == "*" || !host.isEmpty && HostPattern.problem(of: String(host)) == nil,
            !host.contains(":") || host.hasPrefix("[")
        else { return nil }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()).lowercased() : host.lowercased()
    }

    package var description: String {
        "\(host.contains(":") ? "[\(host)]" : host):\(port.map { String($0) } ?? "*")"
    }

    /// True where all that the other one names is named by this one too.
    package func covers(_ other: NetworkGrant) -> Bool {
        guard port == nil || port == other.port else { return false }
        if host == "*" || host == other.host { return true }
        return host.hasPrefix("*.") && other.host.hasSuffix(host.dropFirst(1)) && other.host.count >= host.count
    }

    /// True for this machine's own addresses: a server of the step's may listen there.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// What was meant by a text that is none, for a hint.
    package static func rewrite(of text: String) -> String {
        if text == "none" { return "'none' stands alone" }
        let host = HostPattern.rewrite(of: text) ?? text
        let guess = text.hasPrefix("http://") ? "\(host):80" : "\(host):443"
        if NetworkGrant(host) != nil { return "write '\(host)'" }
        if NetworkGrant(guess) != nil { return "write '\(guess)'" }
        return "write 'host:port', '*.domain:port' or '*:port'"
    }
}

extension Sandbox {
    /// Holds the network to some servers; an empty list is no network.
    package mutating func limitNetwork(to servers: [NetworkGrant]) {
        isOffline = servers.isEmpty
        if servers.contains(where: { $0.port == nil }) { return }
        // Names are asked for by TCP where an answer is long.
        connect = servers.isEmpty ? [] : Set(servers.compactMap { $0.port.map { UInt16($0) } } + [53]).sorted()
        bind = Set(
            servers.filter { $0.isLoopback || $0.host == "*" }.compactMap { $0.port.map { UInt16($0) } }
        ).sorted()
    }
}
