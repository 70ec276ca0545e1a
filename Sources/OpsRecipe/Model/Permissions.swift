package import OpsCore

/// What the steps of a recipe, of a task or of an included recipe may touch, as it was written (ops-recipe(5),
/// "Permissions"). What a list does not name is not given.
package struct Permissions: Sendable {
    /// One item with its place.
    package struct Item: Sendable, Hashable {
        package var text: String
        package var range: SourceRange

        package init(_ text: String, _ range: SourceRange) {
            self.text = text
            self.range = range
        }
    }

    /// Files and folders, relative to the recipe's folder.
    package var read: [Item] = []
    package var write: [Item] = []
    /// Servers, each checked to be a `NetworkGrant`; empty is no network.
    package var net: [Item] = []
    /// Files, folders, or names of programs.
    package var exec: [Item] = []
    /// By the names that the recipe has for them.
    package var secrets: [Item] = []
    /// Names of variables, or `NAME_*`.
    package var env: [Item] = []
    /// The key `permissions`.
    package var range: SourceRange

    package init(range: SourceRange) { self.range = range }

    /// The lists with their keys.
    package var lists: [(key: String, items: [Item])] {
        [("read", read), ("write", write), ("net", net), ("exec", exec), ("secrets", secrets), ("env", env)]
    }
}

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
        guard host == "*" || !host.isEmpty && SecretHostPattern.problem(of: String(host)) == nil,
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
}
