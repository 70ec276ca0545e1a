package import OpsCore
import OpsSystem
import OrderedCollections

/// Facts of the repository that the recipe stands in, asked of the system's git, read-only.
package enum GitFacts {
    /// The names and what they are (`git.NAME`).
    package static let names = ["sha", "short-sha", "branch", "tag", "dirty", "commit-time"]

    /// Asks only what `wanted` names. Null outside a repository, where git is not installed, and for what does
    /// not apply; `dirty` is unknown unless `asksDirty`, since it may run the repository's filters. `recorded` ones are
    /// not asked.
    package static func ask(
        _ wanted: Set<String>, in directory: String, environment: [String: String], asksDirty: Bool,
        recorded: ValueMap = [:]
    ) async throws -> ValueMap {
        var facts: ValueMap = [:]
        guard !wanted.isEmpty else { return facts }
        let git = Git(directory: directory, environment: environment)
        for name in names where wanted.contains(name) {
            if let value = recorded[name] {
                facts[name] = value
                continue
            }
            switch name {
            case "sha": facts[name] = try await git.line(["rev-parse", "--verify", "-q", "HEAD^{commit}"])
            case "short-sha":
                facts[name] = try await git.line(["rev-parse", "--short", "--verify", "-q", "HEAD^{commit}"])
            case "tag": facts[name] = try await git.line(["describe", "--tags", "--exact-match", "HEAD"])
            case "commit-time":
                let text = try await git.line(["show", "-s", "--no-show-signature", "--format=%ct", "HEAD"])
                facts[name] =
                    text.stringValue.flatMap { text in Int(text).map { .integer($0, spelling: text) } } ?? .null
            case "branch":
                let branch = try await git.line(["symbolic-ref", "--short", "-q", "HEAD"])
                facts[name] = branch.isNull ? branchFromCI(environment) : branch
            case "dirty":
                guard asksDirty else {
                    facts[name] = .unknown(Unknown("git.dirty", type: .boolean))
                    continue
                }
                facts[name] = try await git.output(["status", "--porcelain"]).map { .boolean(!$0.isEmpty) } ?? .null
            default: break
            }
        }
        return facts
    }

    /// A detached HEAD's branch is the one that CI names.
    private static func branchFromCI(_ environment: [String: String]) -> Value {
        if environment["GITHUB_REF_TYPE"] == "branch", let name = environment["GITHUB_REF_NAME"] {
            return .string(name)
        }
        for variable in ["CI_COMMIT_BRANCH", "BUILDKITE_BRANCH", "BRANCH_NAME"] {
            if let name = environment[variable], !name.isEmpty { return .string(name) }
        }
        return .null
    }
}
