package import OpsCore

/// A registry's host, with its port where one is given: `registry.example.com`, `localhost:5000`, `[::1]:5000`.
package struct RegistryHost: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// Docker Hub, by the name that references use.
    package static let dockerHub = RegistryHost(trusted: "docker.io")

    private init(trusted text: String) { description = text }

    /// Throws: an `OpsError` (`invalid`). The names of Docker Hub become one.
    package init(_ text: String) throws(OpsError) {
        var name = text[...]
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"),
                text[..<end].dropFirst().utf8.allSatisfy({ Self.isHex($0) || $0 == 0x3A || $0 == 0x2E }),
                text[..<end].dropFirst().contains(":")
            else { throw OpsError(.invalid, "the host '\(text)' is not an address") }
            name = text[text.index(after: end)...]
            guard name.isEmpty || name.hasPrefix(":") else {
                throw OpsError(.invalid, "the host '\(text)' is not an address")
            }
        }
        if let colon = name.firstIndex(of: ":") {
            guard let port = UInt16(name[name.index(after: colon)...]), port > 0 else {
                throw OpsError(.invalid, "the port of '\(text)' is not a number from 1 to 65535")
            }
            name = name[..<colon]
        }
        if !text.hasPrefix("[") {
            let labels = name.split(separator: ".", omittingEmptySubsequences: false)
            guard
                labels.allSatisfy({ label in
                    !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
                        && label.utf8.allSatisfy {
                            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x2D
                        }
                })
            else { throw OpsError(.invalid, "'\(text)' is not a host name") }
        }
        let isHub = ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(text)
        description = isHub ? "docker.io" : text
    }

    /// Where requests go: Docker Hub's API has a host of its own.
    package var authority: String { self == .dockerHub ? "registry-1.docker.io" : description }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
