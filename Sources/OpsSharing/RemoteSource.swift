package import OpsCore
import OpsHTTP
package import OpsRecipe
package import OpsRegistry

/// Where a recipe or plugin of others is had from (ops-recipe(5), "Remote includes"):
/// `git+https://host/repository.git//path?ref=v1`, `git+ssh://…`, `git+file:///…`, or `oci://host/repository:tag`.
///
/// A reference holds no secret: user names are taken for ssh only, and passwords nowhere. Who may read is a matter of
/// git's credential helpers, of ssh, and of the registry's login.
package struct RemoteSource: Sendable, Hashable, CustomStringConvertible {
    package enum Place: Sendable, Hashable {
        /// What git is given as URL: `https://host/repository.git`, and the branch, tag or commit asked for; nil is the
        /// remote's HEAD.
        case git(url: String, ref: String?)
        case registry(ImageReference)
    }

    package let place: Place
    /// Of the recipe or of the plugin's folder in the tree, without slashes at its ends; empty is the tree itself.
    package let path: String
    /// The reference as it was written.
    package let description: String

    /// True for what looks like a reference to something remote, whether it is a good one or not.
    package static func isRemote(_ text: String) -> Bool {
        text.firstRange(ofBytes: "://") != nil || text.hasPrefix("git+") || text.hasPrefix("oci:")
    }

    /// Reads a reference.
    ///
    /// Throws: an `OpsError` (`invalid`) without a place, whose message reads on from the name of what has the
    /// reference (`is remote, …`) and never holds a password.
    package init(_ text: String) throws(OpsError) {
        description = text
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != 0x5C }) else {
            throw OpsError(
                .invalid, "has a space, a backslash or a control character, or is longer than 2048 bytes",
                hint: "write a space as %20")
        }
        // What looks like another host, or turns the text around, is none of it.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw OpsError(
                .invalid, "has a character that is not of ASCII",
                hint: "write it in % escapes, and a host's name in its form that begins with xn--")
        }
        guard let mark = text.firstRange(ofBytes: "://") else {
            throw OpsError(.invalid, "has no ://", hint: Self.forms)
        }
        let rest = text[mark.upperBound...]
        switch text[..<mark.lowerBound] {
        case "git+https": (place, path) = try Self.git("https", rest)
        case "git+ssh": (place, path) = try Self.git("ssh", rest)
        case "git+file": (place, path) = try Self.git("file", rest)
        case "oci": (place, path) = try Self.registry(rest)
        case "http", "https":
            throw OpsError(
                .invalid, "names a web page: what a server sends today it may change tomorrow", hint: Self.forms)
        case let scheme where scheme.hasPrefix("git+"):
            throw OpsError(
                .invalid, "has the scheme \(scheme), which protects nobody or is not known",
                hint: "git+https, git+ssh and git+file are taken")
        case let scheme: throw OpsError(.invalid, "has an unknown scheme '\(scheme)'", hint: Self.forms)
        }
    }

    private static let forms = "take git+https://host/repository.git//path?ref=TAG, oci://host/repository:tag or a file"

    /// What stands before and behind the path of a file in a reference to it.
    var ends: (start: String, end: String) {
        let mark = description.firstRange(of: "://")?.upperBound ?? description.startIndex
        let query = description[mark...].firstIndex(of: "?") ?? description.endIndex
        let path = description[mark..<query].firstRange(of: "//")?.lowerBound ?? query
        return (description[..<path] + "//", String(description[query...]))
    }

    /// What was asked for, which may move: a branch, a tag, a commit; `HEAD` where nothing was said.
    package var requested: String {
        switch place {
        case .git(_, let ref): ref ?? "HEAD"
        case .registry(let reference): reference.selector
        }
    }

    /// The server, with its port where one is written; nil for this machine's files.
    package var host: String? {
        switch place {
        case .registry(let reference): return reference.host.description
        case .git(let url, _):
            guard !url.hasPrefix("file:"), let mark = url.firstRange(ofBytes: "://") else { return nil }
            let authority = url[mark.upperBound...].prefix { $0 != "/" }
            return String(authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority)
        }
    }

    /// Why a policy lets nothing be fetched from there; nil where it does.
    package func refusal(by policy: Policy) -> OpsError? {
        switch place {
        case .registry(let reference):
            return policy.refusal(
                ofRegistry: reference.host.description, repository: reference.repository.description)
        case .git(let url, _):
            guard let host, let parts = try? URLParts("https://\(host)/") else { return nil }
            return policy.refusal(ofHost: parts.host, port: parts.port ?? (url.hasPrefix("ssh:") ? 22 : 443))
        }
    }

    // MARK: Parts

    private static func git(_ scheme: String, _ text: Substring) throws(OpsError) -> (Place, String) {
        var rest = text
        var ref: String?
        if let mark = rest.firstIndex(of: "?") {
            ref = try Self.ref(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        guard !rest.contains("#") else {
            throw OpsError(.invalid, "has a '#'", hint: "name a branch, tag or commit with ?ref=")
        }
        var path = ""
        if let mark = rest.firstRange(ofBytes: "//") {
            path = try Self.path(rest[mark.upperBound...])
            rest = rest[..<mark.lowerBound]
        }
        guard let slash = rest.firstIndex(of: "/"), rest.index(after: slash) != rest.endIndex else {
            throw OpsError(.invalid, "names no repository", hint: "write git+\(scheme)://host/repository.git//path")
        }
        try check(authority: rest[..<slash], scheme)
        return (.git(url: "\(scheme)://\(rest)", ref: ref), path)
    }

    private static func check(authority: Substring, _ scheme: String) throws(OpsError) {
        guard scheme != "file" else {
            guard authority.isEmpty else {
                throw OpsError(.invalid, "names a host for a file", hint: "write git+file:///folder/repository.git")
            }
            return
        }
        var host = authority
        if let at = authority.lastIndex(of: "@") {
            let user = authority[..<at]
            host = authority[authority.index(after: at)...]
            guard scheme == "ssh", !user.contains(":") else {
                throw OpsError(
                    .invalid, "holds a user name or a password",
                    hint: "leave it out: git's credential helper, or ssh, knows who you are")
            }
            // Past the shell and ssh's own options: a user or host that starts with a hyphen would be an option.
            guard isName(user) else { throw OpsError(.invalid, "has a user name that ssh cannot have") }
        }
        do throws(OpsError) {
            let parts = try URLParts("https://\(host)/")
            guard isName(parts.host[...]) || parts.host.hasPrefix("[") else {
                throw OpsError(.invalid, "the URL's host is not a host name")
            }
        } catch {
            throw OpsError(.invalid, "cannot be read: \(error.message)", hint: error.hint)
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "-._".utf8.contains($0)
        }
    }

    /// Of `ref=NAME`, by the rules of git-check-ref-format(1) that matter here.
    private static func ref(_ query: Substring) throws(OpsError) -> String {
        guard query.hasPrefix("ref="), !query.contains("&") else {
            throw OpsError(.invalid, "has a query that is not ?ref=NAME")
        }
        guard let bytes = PercentEncoding.decode(query.dropFirst(4)),
            let ref = String(validating: bytes, as: UTF8.self), isRef(ref)
        else { throw OpsError(.invalid, "has a ref that is no branch, tag or commit") }
        return ref
    }

    private static func isRef(_ text: String) -> Bool {
        guard !text.isEmpty, !text.hasPrefix("-"), !text.hasPrefix("/"), !text.hasSuffix("/"), !text.hasSuffix("."),
            ["..", "@{", "//"].allSatisfy({ text.firstRange(ofBytes: $0) == nil }), !text.hasSuffix(".lock"),
            text == text.plain
        else { return false }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"~^:?*[\\".utf8.contains($0) }
    }

    private static func path(_ text: Substring) throws(OpsError) -> String {
        guard let bytes = PercentEncoding.decode(text), let path = String(validating: bytes, as: UTF8.self) else {
            throw OpsError(.invalid, "has a path whose % escapes are broken")
        }
        let names = path.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." }
        guard !names.contains(".."), path == path.plain else {
            throw OpsError(.invalid, "has a path with '..' or a control character", hint: "a path stays in the tree")
        }
        return names.joined(separator: "/")
    }

    private static func registry(_ text: Substring) throws(OpsError) -> (Place, String) {
        var rest = text
        guard !rest.contains("?"), !rest.contains("#") else {
            throw OpsError(.invalid, "has a query", hint: "name a tag: oci://host/repository:tag")
        }
        var path = ""
        if let mark = rest.firstRange(ofBytes: "//") {
            path = try Self.path(rest[mark.upperBound...])
            rest = rest[..<mark.lowerBound]
        }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw OpsError(
                .invalid, "holds a user name or a password", hint: "leave it out: log in to the registry instead")
        }
        guard authority.count < rest.count else {
            throw OpsError(.invalid, "names no repository", hint: "write oci://host/repository:tag")
        }
        // A name of one word is a repository to `ImageReference`, not a host: an `oci://` reference always has a host.
        let host = try RegistryHost(String(authority))
        let parsed = try ImageReference("host.invalid/" + rest.dropFirst(authority.count + 1))
        guard parsed.tag != nil || parsed.digest != nil else {
            throw OpsError(.invalid, "has no tag", hint: "write oci://\(rest):TAG, or @sha256:…")
        }
        let reference = ImageReference(
            host: host, repository: parsed.repository, tag: parsed.tag, digest: parsed.digest)
        return (.registry(reference), path)
    }
}
