/// The form of a server in `secret-hosts`, in permissions and in policies: `host`, `host:port`, `*.domain`, an address; one of IPv6 stands in brackets
/// where a port follows (RFC 3986, section 3.2.2).
package enum HostPattern {
    /// What is wrong with it; nil where nothing is.
    package static func problem(of text: String) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.contains("://") { return "it is a URL" }
        if text.contains("/") { return "it has a path" }
        var host = text[...]
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            if !rest.isEmpty, !rest.hasPrefix(":") || !isPort(rest.dropFirst()) { return "its port is no number" }
            return isAddress(host) ? nil : "it is no IPv6 address"
        }
        if let colon = text.firstIndex(of: ":"), text[text.index(after: colon)...].contains(":") {
            return isAddress(host) ? nil : "it is no IPv6 address"
        }
        if let colon = text.firstIndex(of: ":") {
            guard isPort(text[text.index(after: colon)...]) else { return "its port is no number from 1 to 65535" }
            host = text[..<colon]
        }
        if host.hasPrefix("*.") { host = host.dropFirst(2) }
        if host.contains("*") { return "'*' stands only in front, for a whole name: '*.domain'" }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isNameByte) }) else {
            return "a name has letters, digits, '-' and dots"
        }
        return nil
    }

    /// What was meant by a URL: its host, with its port where it has one.
    package static func rewrite(of text: String) -> String? {
        guard let scheme = text.firstRange(of: "://") else {
            let host = text.prefix { $0 != "/" }
            return host.isEmpty || host.count == text.count || problem(of: String(host)) != nil ? nil : String(host)
        }
        let host = String(text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" })
        return problem(of: host) == nil ? host : nil
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (Int(text).map { (1...65535).contains($0) } ?? false)
    }

    private static func isAddress(_ text: Substring) -> Bool {
        !text.isEmpty && text.contains(":")
            && text.utf8.allSatisfy { $0 == 0x3A || $0 == 0x2E || Character(Unicode.Scalar($0)).isHexDigit }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D || byte == 0x5F
    }
}
