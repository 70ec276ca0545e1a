import OpsSystem
import TestKit
import Testing

/// Plugins of others, and what holds recipes of others: a policy, and permissions.
@Suite struct RemotePluginTests {
    private static func repository() throws -> GitRepository {
        let repository = try GitRepository()
        try run(["cp", "-R", projectFolder + "/Plugins/Examples/disk-space", repository.path + "/disk-space"])
        try repository.commitAll(tag: "v1")
        return repository
    }

    @Test func aPluginOfOthersIsLockedAsAnIncludeIs() throws {
        let repository = try Self.repository()
        let ops = try OpsProgram(
            """
            ops: 1
            plugins: { disk-space: "git+file://\(repository.path)//disk-space?ref=v1" }
            tasks:
              t: { disk-space.check: { at-least-mib: 1 } }

            """)
        let missing = try ops("t")
        #expect(missing.status == 2, "\(missing)")
        #expect(missing.errorText.contains("the plugin 'disk-space' is not in ops.lock"), "\(missing)")
        let asked = try ops("lock")
        #expect(asked.errorText.contains("permissions read: ., net: none, exec: df"), "\(asked)")
        let digest = try #require(RemoteProject.asked(asked).first)
        #expect(try ops("lock", "--accept", digest).status == 0)
        let lock = try ops.text("ops.lock")
        #expect(lock.contains("plugins:\n  \"git+file://") && lock.contains("\"exec\": [ \"df\" ]\n"), "\(lock)")
        let result = try ops("t")
        #expect(result.status == 0, "\(result)")
        #expect(try ops("plugin", "list").text.contains("disk-space"))
        let script = "for f in ../home/.cache/ops/trees/*/disk-space/bin/disk-space; do echo '# more' >> $f; done"
        try run(["sh", "-c", script], in: ops.project)
        let changed = try ops("t")
        #expect(changed.status == 2 && changed.errorText.contains("is not what ops.lock says"), "\(changed)")
    }

    @Test func aPluginThatOnlyARecipeOfOthersNamesIsListed() throws {
        let repository = try Self.repository()
        try repository.commit([
            "ops.yaml": """
            ops: 1
            plugins: { disk-space: ./disk-space }
            tasks:
              t: { disk-space.check: { at-least-mib: 1 } }

            """
        ])
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        let unlocked = try project("plugin", "list")
        #expect(unlocked.status == 2 && unlocked.errorText.contains("include 'ci' is not in ops.lock"), "\(unlocked)")
        #expect(!project.ops.exists("../home/.cache"), "a list fetched something")
        #expect(try project.lock().status == 0)
        let list = try project("plugin", "list")
        #expect(list.status == 0 && list.text.contains("the include ci"), "\(list)")
        #expect(list.text.hasPrefix("disk-space"), "\(list)")
    }

    @Test func aPolicySaysWhereNothingIsFetchedFrom() throws {
        let ops = try OpsProgram(
            "ops: 1\ninclude:\n  a: git+https://git.example.org/a.git\n  b: oci://r.example.org/b:1\ntasks: { t: {} }\n"
        )
        try ops.write(
            ".ops/policy.yaml", "policy: 1\nhosts: [ git.example.com ]\nregistries: [ r.example.org/team ]\n")
        let result = try ops("lock")
        #expect(result.status == 2)
        #expect(result.errorText.contains("does not allow the server 'git.example.org'"), "\(result)")
        #expect(result.errorText.contains("does not allow 'r.example.org/b'"), "\(result)")
    }

    @Test(.enabled(if: SandboxSupport.landlock > 0, "this kernel has no Landlock"))
    func aHeldRecipeOfOthersReadsAndRunsWhatCameWithIt() throws {
        let repository = try GitRepository()
        try repository.commit([
            "data": "shipped\n", "tool": "#!/bin/sh\ncat \"$OPS_RECIPE_DIR/data\"\n",
            "ops.yaml": """
            ops: 1
            permissions: { read: [ mine ] }
            tasks:
              good: { run: '"$OPS_RECIPE_DIR/tool" && cat mine/in' }
              bad: { run: cat secret }
              worse: { run: 'echo x > "$OPS_RECIPE_DIR/data"' }

            """,
        ])
        try run(["chmod", "755", repository.path + "/tool"])
        try repository.commitAll()
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        try project.ops.write("mine/in", "mine\n")
        try project.ops.write("secret", "hidden\n")
        let locked = try project.lock()
        #expect(locked.status == 0, "\(locked)")
        let good = try project("ci:good", "--stream", "raw")
        #expect(good.text == "shipped\nmine\n", "\(good)")
        let bad = try project("ci:bad")
        #expect(bad.status == 1 && !(bad.text + bad.errorText).contains("hidden"), "\(bad)")
        #expect(try project("ci:worse").status == 1)
        #expect(try project("lock", "verify").status == 0)
    }
}
