import Glibc
import OpsCore

/// A repository of git's with commits of its own, made by the system's git, which reads no settings of the machine.
package final class GitRepository: Sendable {
    private let folder: TemporaryFolder

    /// Its work tree, absolute.
    package var path: String { folder.path }

    package init() throws {
        folder = try TemporaryFolder()
        try git("init", "--quiet", "--initial-branch=main")
    }

    /// Writes files and commits them; returns the commit's full name.
    @discardableResult
    package func commit(_ files: [String: String], tag: String? = nil) throws -> String {
        for (name, text) in files { try folder.write(name, text) }
        return try commitAll(tag: tag)
    }

    /// Commits the work tree as it is; returns the commit's full name.
    @discardableResult
    package func commitAll(tag: String? = nil) throws -> String {
        try git("add", "--all", "--force")
        try git("commit", "--quiet", "--allow-empty", "--message", "change")
        if let tag { try git("tag", "--force", tag) }
        return try git("rev-parse", "HEAD").text.trimmed
    }

    @discardableResult
    package func git(_ words: String...) throws -> CommandResult {
        let identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.com", "-c", "commit.gpgsign=false"]
        let result = try run(
            ["git", "-C", folder.path] + identity + words,
            environment: ["GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"])
        guard result.status == 0 else { throw OpsError(.command, "git \(words): \(result.errorText)") }
        return result
    }
}

extension String {
    fileprivate var trimmed: String { String(prefix { !$0.isNewline }) }
}
