package import OpsCore

/// Where an image is, as a recipe names it.
package enum ImageLocation: Sendable, Hashable {
    /// No image: `scratch`.
    case scratch
    /// `oci:PATH`, `oci:PATH:TAG`, `oci:PATH@DIGEST`.
    case layout(path: String, ImageLayout.Selector)
    /// `docker-archive:PATH`, `docker-archive:PATH:NAME:TAG`.
    case dockerArchive(path: String, ImageReference?)
    /// `registry.example.com/team/app:v1`.
    case registry(ImageReference)

    /// Reads a location. A path ends at its first colon.
    ///
    /// Throws: an `OpsError` (`invalid`) that says which part is wrong.
    package init(_ text: String) throws(OpsError) {
        if text == "scratch" {
            self = .scratch
        } else if text.hasPrefix("oci:") {
            self = try Self.layout(text.dropFirst(4), text)
        } else if text.hasPrefix("docker-archive:") {
            let (path, name) = try Self.split(text.dropFirst(15), text)
            self = .dockerArchive(path: path, try name.map { (name) throws(OpsError) in try ImageReference(name) })
        } else {
            for scheme in ["docker://", "dir:", "oci-archive:", "containers-storage:", "docker-daemon:"]
            where text.hasPrefix(scheme) {
                throw OpsError(
                    .invalid, "'\(text)' is not a place of an image",
                    hint: scheme == "docker://"
                        ? "leave out 'docker://'" : "write scratch, oci:PATH, docker-archive:PATH or a registry's name")
            }
            self = .registry(try ImageReference(text))
        }
    }

    private static func layout(_ rest: Substring, _ text: String) throws(OpsError) -> ImageLocation {
        // The digest first: what stands before it may be any path.
        for algorithm in ["sha256", "sha512"] {
            guard let mark = rest.ranges(of: "@\(algorithm):").last else { continue }
            let digest = try Digest(String(rest[rest.index(after: mark.lowerBound)...]))
            guard mark.lowerBound > rest.startIndex else { throw noPath(text) }
            return .layout(path: String(rest[..<mark.lowerBound]), .digest(digest))
        }
        let (path, name) = try split(rest, text)
        guard let name else { return .layout(path: path, .only) }
        return .layout(path: path, .tag(try Tag(name)))
    }

    private static func split(_ rest: Substring, _ text: String) throws(OpsError) -> (String, String?) {
        let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, !path.isEmpty else { throw noPath(text) }
        return (String(path), parts.count == 2 ? String(parts[1]) : nil)
    }

    private static func noPath(_ text: String) -> OpsError { OpsError(.invalid, "'\(text)' names no path") }
}
