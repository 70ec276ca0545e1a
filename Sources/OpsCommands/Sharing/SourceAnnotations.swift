import OpsCore
import OpsEngine
import OpsRegistry
import OrderedCollections

/// Where a folder comes from, as annotations say it (OCI image-spec, annotations.md): the repository that git names, and
/// the commit where nothing in the folder differs from it.
enum SourceAnnotations {
    static func values(_ folder: String, environment: [String: String]) async throws -> ValueMap {
        let git = Git(directory: folder, environment: environment)
        guard let revision = try await git.line(["rev-parse", "--verify", "-q", "HEAD^{commit}"]).stringValue else {
            return [:]
        }
        var values: ValueMap = [:]
        if let url = try await git.line(["config", "--get", "remote.origin.url"]).stringValue,
            let shown = published(url)
        {
            values[Annotation.source] = .string(shown)
        }
        if let changes = try await git.output(["status", "--porcelain", "--", "."]), changes.isEmpty {
            values[Annotation.revision] = .string(revision)
        }
        return values
    }

    /// A URL without who logs in; nil for a folder of this machine, which says nothing to others.
    static func published(_ url: String) -> String? {
        guard let mark = url.firstRange(of: "://") else {
            // git@host:path, as ssh has it.
            guard let colon = url.firstIndex(of: ":"), !url[..<colon].contains("/") else { return nil }
            return url
        }
        let scheme = url[..<mark.lowerBound]
        guard ["https", "http", "ssh", "git"].contains(scheme) else { return nil }
        let rest = url[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return url }
        let user = authority[..<at].prefix { $0 != ":" }
        let host = rest[authority.index(after: at)...]
        return scheme == "ssh" ? "ssh://\(user)@\(host)" : "\(scheme)://\(host)"
    }
}
