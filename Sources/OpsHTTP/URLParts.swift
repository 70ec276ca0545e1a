package import OpsCore

/// An absolute `http` or `https` URL, taken apart and checked (RFC 3986).
///
/// Spaces and other bytes that may not stand in a path or query are percent-encoded; a fragment is dropped.
package struct URLParts: Sendable, Hashable {
    /// `http` or `https`.
    package var scheme: String
    /// `user:password`, still percent-encoded; never part of `text` or `display`.
    package var userInfo: String?
    /// Lower case; an IPv6 address stands in brackets.
    package var host: String
    /// nil is the scheme's own.
    package var port: Int?
    /// Percent-encoded; starts with a slash.
    package var path: String
    /// Percent-encoded, without its question mark.
    package var query: String?

    /// Reads a URL.
    ///
    /// Throws: an `OpsError` (`invalid`) that holds neither user information nor query values.
    package init(_ text: String) throws(OpsError) {
        guard let mark = text.firstRange(ofBytes: "://") else {
            throw OpsError(.invalid, "the URL has no scheme", hint: "write https://host/path")
        }
        let scheme = text[..<mark.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw OpsError(.invalid, "the URL's scheme is neither http nor https")
        }
        self.scheme = scheme
        let rest = text[mark.upperBound...]
        let end = rest.firstIndex { "/?#\\".contains($0) } ?? rest.endIndex
        var authority = rest[..<end]
        if let at = authority.lastIndex(of: "@") {
            userInfo = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        (host, port) = try Self.hostAndPort(authority)
        var tail = rest[end...]
        if let mark = tail.firstIndex(of: "#") { tail = tail[..<mark] }
        if let mark = tail.firstIndex(of: "?") {
            query = try Self.escaped(tail[tail.index(after: mark)...], "query")
            tail = tail[..<mark]
        }
        path = try tail.isEmpty ? "/" : Self.escaped(tail, "path")
        guard path.hasPrefix("/") else { throw OpsError(.invalid, "the URL's path starts with a backslash") }
    }

    /// The URL without user information, as a request uses it.
    package var text: String { origin + path + (query.map { "?" + $0 } ?? "") }

    /// `scheme://host:port`; a port that is the scheme's own is left out.
    package var origin: String {
        guard let port, port != Self.defaultPort(scheme) else { return scheme + "://" + host }
        return "\(scheme)://\(host):\(port)"
    }

    /// For messages and plans: without user information, and with query values replaced by `…`.
    package var display: String {
        guard let query else { return origin + path }
        let names = query.split(separator: "&").map { pair in
            pair.contains("=") ? pair.prefix { $0 != "=" } + "=…" : "…"
        }
        return origin + path + "?" + names.joined(separator: "&")
    }

    package var isSecure: Bool { scheme == "https" }

    /// True where the host is this machine by name or address.
    package var isLoopback: Bool {
        let bytes = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host == "localhost" || host == "[::1]" || bytes.count == 4 && bytes[0] == 127 && !bytes.contains(nil)
    }

    /// The port a connection goes to.
    package var effectivePort: Int { port ?? Self.defaultPort(scheme) }

    /// The URL that a reference such as a `Location` header means, seen from this one (RFC 3986 §5.2).
    ///
    /// Throws: an `OpsError` (`invalid`) where the result is no `http` or `https` URL.
    package func resolve(_ reference: String) throws(OpsError) -> URLParts {
        if reference.contains("://"), Self.startsWithScheme(reference) { return try URLParts(reference) }
        if reference.hasPrefix("//") { return try URLParts(scheme + ":" + reference) }
        guard !Self.startsWithScheme(reference) else {
            throw OpsError(.invalid, "the URL's scheme is neither http nor https")
        }
        let bare = reference.prefix { $0 != "#" }
        var result = self
        result.userInfo = nil
        let mark = bare.firstIndex(of: "?")
        let path = bare[..<(mark ?? bare.endIndex)]
        if let mark {
            result.query = try Self.escaped(bare[bare.index(after: mark)...], "query")
        } else if !path.isEmpty {
            result.query = nil
        }
        if path.hasPrefix("/") {
            result.path = Self.withoutDotSegments(try Self.escaped(path, "path"))
        } else if !path.isEmpty {
            let folder = self.path.lastIndex(of: "/").map { self.path[...$0] } ?? "/"
            result.path = Self.withoutDotSegments(folder + (try Self.escaped(path, "path")))
        }
        return result
    }

    /// The URL with more segments, which are percent-encoded, behind its path; its query is dropped.
    package func appending(_ segments: String...) -> URLParts {
        var result = self
        result.query = nil
        if result.path.hasSuffix("/") { result.path.removeLast() }
        for segment in segments { result.path += "/" + PercentEncoding.encode(segment) }
        return result
    }

    /// The URL with more query items, which are percent-encoded, behind those it has.
    package func adding(query items: [(String, String)]) -> URLParts {
        var result = self
        let text = items.map { PercentEncoding.encode($0.0) + "=" + PercentEncoding.encode($0.1) }
            .joined(separator: "&")
        if !text.isEmpty { result.query = query.map { $0.isEmpty ? text : $0 + "&" + text } ?? text }
        return result
    }

    private static func defaultPort(_ scheme: String) -> Int { scheme == "https" ? 443 : 80 }

    private static func startsWithScheme(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), let first = text.utf8.first else { return false }
        let isLetter = { (byte: UInt8) in (0x61...0x7A).contains(byte | 0x20) }
        return isLetter(first)
            && text.utf8[..<colon].allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "+-.".utf8.contains($0) }
    }

    private static func hostAndPort(_ authority: Substring) throws(OpsError) -> (String, Int?) {
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else {
                throw OpsError(.invalid, "the URL's IPv6 address has no closing bracket")
            }
            host = authority[...bracket]
            let after = authority[authority.index(after: bracket)...]
            guard after.isEmpty || after.hasPrefix(":") else {
                throw OpsError(.invalid, "the URL has text behind its IPv6 address")
            }
            portText = after.isEmpty ? nil : after.dropFirst()
            let inner = host.dropFirst().dropLast()
            guard inner.contains(":"),
                inner.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit || $0 == 0x3A || $0 == 0x2E })
            else { throw OpsError(.invalid, "the URL's host is not an IPv6 address") }
        } else {
            if let colon = authority.lastIndex(of: ":") {
                host = authority[..<colon]
                portText = authority[authority.index(after: colon)...]
            }
            guard !host.isEmpty else { throw OpsError(.invalid, "the URL has no host") }
            let isName = host.utf8.allSatisfy {
                (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "-._".utf8.contains($0)
            }
            guard isName, !host.hasPrefix("."), host.utf8.count <= 253 else {
                throw OpsError(
                    .invalid, "the URL's host is not a host name",
                    hint: "a name with other letters is written in its xn-- form")
            }
        }
        guard let portText, !portText.isEmpty else { return (host.lowercased(), nil) }
        guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(portText),
            (1...65535).contains(port)
        else { throw OpsError(.invalid, "the URL's port is not a number from 1 to 65535") }
        return (host.lowercased(), port)
    }

    /// What may not stand in a URL escaped, escapes that are there kept.
    private static func escaped(_ text: Substring, _ part: String) throws(OpsError) -> String {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw OpsError(.invalid, "the URL's \(part) holds a control character")
        }
        return PercentEncoding.encode(String(text), allowing: "%:/?@!$&'()*+,;=" + (part == "query" ? "[]" : ""))
    }

    private static func withoutDotSegments(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
