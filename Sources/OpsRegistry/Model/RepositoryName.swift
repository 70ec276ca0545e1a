package import OpsCore

/// The name of a repository within a registry, such as `library/debian` (OCI distribution-spec, "Pulling
/// manifests"): components of `[a-z0-9]+`, joined by a dot, one or two underscores, or hyphens.
package struct RepositoryName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// Throws: an `OpsError` (`invalid`).
    package init(_ text: String) throws(OpsError) {
        guard !text.isEmpty else { throw OpsError(.invalid, "the repository is empty") }
        let hint = text.contains { $0.isUppercase } ? "a repository is lower-case: \(text.lowercased())" : nil
        for component in text.split(separator: "/", omittingEmptySubsequences: false) {
            guard Self.isComponent(component) else {
                throw OpsError(.invalid, "'\(text)' is not a repository name", hint: hint)
            }
        }
        description = text
    }

    private static func isComponent(_ text: Substring) -> Bool {
        var separators: [UInt8] = []
        var isStart = true
        for byte in text.utf8 {
            switch byte {
            case 0x61...0x7A, 0x30...0x39:
                let isAllowed =
                    separators.isEmpty || separators == [0x2E] || separators == [0x5F] || separators == [0x5F, 0x5F]
                    || separators.allSatisfy { $0 == 0x2D }
                guard isAllowed else { return false }
                separators = []
                isStart = false
            case 0x2E, 0x5F, 0x2D:
                guard !isStart else { return false }
                separators.append(byte)
            default: return false
            }
        }
        return !isStart && separators.isEmpty
    }
}
