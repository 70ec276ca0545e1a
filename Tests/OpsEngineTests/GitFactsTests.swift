import OpsCore
import OpsEngine
import OrderedCollections
import TestKit
import Testing

@Suite struct GitFactsTests {
    private static let path = "/usr/local/bin:/usr/bin:/bin"

    private func repository() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("file", "text")
        for command in [
            ["git", "init", "-q", "-b", "trunk"], ["git", "add", "file"],
            [
                "git", "-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "commit",
                "-qm", "one",
            ], ["git", "tag", "v1"],
        ] {
            let environment = ["GIT_COMMITTER_DATE": "1700000000 +0000", "GIT_AUTHOR_DATE": "1700000000 +0000"]
            #expect(try run(command, in: folder.path, environment: environment).status == 0)
        }
        return folder
    }

    private func ask(_ folder: TemporaryFolder, _ environment: [String: String] = [:], online: Bool = false)
        async throws
        -> ValueMap
    {
        try await GitFacts.ask(
            Set(GitFacts.names), in: folder.path,
            environment: environment.merging(["PATH": Self.path, "GIT_CEILING_DIRECTORIES": "/tmp"]) { first, _ in first
            },
            asksDirty: online)
    }

    @Test func `a repository on a branch`() async throws {
        let folder = try repository()
        let facts = try await ask(folder)
        let sha = try run(["git", "rev-parse", "HEAD"], in: folder.path).text.dropLast()
        #expect(facts["sha"] == .string(String(sha)))
        #expect(facts["short-sha"]?.stringValue.map { sha.hasPrefix($0) && $0.count >= 7 } == true)
        #expect(facts["branch"] == .string("trunk"))
        #expect(facts["tag"] == .string("v1"))
        #expect(facts["commit-time"] == .integer(1_700_000_000))
        #expect(facts["dirty"]?.containsUnknown == true)
    }

    @Test func `dirty is asked online only`() async throws {
        let folder = try repository()
        let dirty138 = try await ask(folder, online: true)["dirty"]
        #expect(dirty138 == .boolean(false))
        try folder.write("file", "other")
        let dirty579 = try await ask(folder, online: true)["dirty"]
        #expect(dirty579 == .boolean(true))
    }

    @Test(
        arguments: [
            (["GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"], Value.string("main")),
            (["GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"], .null), (["CI_COMMIT_BRANCH": "dev"], .string("dev")),
            (["BRANCH_NAME": ""], .null), ([:], .null),
        ] as [([String: String], Value)])
    func `a detached HEAD is on the branch that CI names`(_ environment: [String: String], _ branch: Value) async throws
    {
        let folder = try repository()
        #expect(try run(["git", "checkout", "-q", "--detach"], in: folder.path).status == 0)
        let branch898 = try await ask(folder, environment)["branch"]
        #expect(branch898 == branch)
    }

    @Test func `outside a repository all is null, and without git too`() async throws {
        let facts = try await ask(try TemporaryFolder(), online: true)
        #expect(facts.count == 6)
        #expect(facts.values.filter { !$0.isNull }.isEmpty)
        let without = try await ask(try repository(), ["PATH": "/nowhere"], online: true)
        #expect(without.values.filter { !$0.isNull }.isEmpty)
    }

    @Test func `asking changes nothing in the repository`() async throws {
        let folder = try repository()
        let before = try run(["find", ".", "-printf", "%p %T@\n"], in: folder.path).text
        _ = try await ask(folder)
        #expect(try run(["find", ".", "-printf", "%p %T@\n"], in: folder.path).text == before)
    }
}
