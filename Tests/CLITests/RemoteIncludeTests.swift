import Glibc
import TestKit
import Testing

/// Recipes of others over git: locked, trusted, run, moved, vendored.
@Suite struct RemoteIncludeTests {
    private static func repository() throws -> GitRepository {
        let repository = try GitRepository()
        try repository.commit(
            [
                "ci/go.yaml": """
                ops: 1
                include: { base: ../base/ops.yaml }
                secrets: { token: env://CI_TOKEN }
                tasks:
                  lint: { needs: [ "base:hello" ], run: 'cat "$OPS_RECIPE_DIR/data.txt"; pwd -P' }
                  ask: { http.request: { url: "https://api.example.com/v1" } }

                """, "ci/data.txt": "first\n", "base/ops.yaml": "ops: 1\ntasks: { hello: { run: echo hello } }\n",
            ], tag: "v1")
        return repository
    }

    @Test func aLockedRecipeRunsInItsIncludersFolderAndStaysWhatItIs() throws {
        let repository = try Self.repository()
        let reference = "git+file://\(repository.path)//ci/go.yaml?ref=v1"
        let project = try RemoteProject(from: reference)
        let missing = try project("ci:lint")
        #expect(missing.status == 2)
        #expect(
            missing.errorText.contains("ops.yaml:3:7: error: include 'ci' is not in ops.lock")
                && missing.errorText.contains("run 'ops lock'"), "\(missing)")
        #expect(!project.ops.exists("../home/.cache"), "a run fetched something")

        let asked = try project("lock")
        #expect(asked.status == 2 && !project.ops.exists("ops.lock"), "\(asked)")
        for text in [
            "tasks       lint, ask, base:hello", "1 × http.request, 2 × run, 2 of them scripts",
            "token from env://CI_TOKEN", "hosts       api.example.com", "permissions none declared",
        ] { #expect(asked.errorText.contains(text), "\(text): \(asked)") }
        let digest = try #require(RemoteProject.asked(asked).first)
        #expect(try project("lock", "--accept", "sha256:" + String(repeating: "0", count: 64)).status == 2)
        let locked = try project("lock", "--accept", digest)
        #expect(locked.status == 0 && locked.text.hasPrefix("locked  ci"), "\(locked)")
        let commit = try repository.git("rev-parse", "v1").text.prefix { !$0.isNewline }
        let text = try project.ops.text("ops.lock")
        let tree = try #require(text.firstMatch(of: /tree: "(sha256:[0-9a-f]{64})"/)?.output.1)
        // What is accepted is the content as what it is used as: not the same for another file of the tree.
        #expect(tree != digest && locked.errorText.contains("digest      \(digest)"), "\(locked)")
        #expect(
            text == """
                # What this recipe includes from others, exactly. Written by 'ops lock'; review it as you review code.
                version: 1
                includes:
                  "\(reference)":
                    requested: "v1"
                    resolved: "\(commit)"
                    tree: "\(tree)"

                """)
        let first = try project("ci:lint", "--stream", "raw")
        #expect(first.text == "hello\nfirst\n\(project.ops.project)\n", "\(first)")

        try repository.commit(
            [
                "ci/data.txt": "second\n",
                "ci/go.yaml": try readText(repository.path + "/ci/go.yaml") + """
                    permissions: { net: [ "api.example.com:443" ] }

                    """,
            ], tag: "v1")
        #expect(try project("ci:lint", "--stream", "raw").text == first.text)
        #expect(try project("lock").text == "1 locked, as before.\n")
        #expect(try project("lock", "check").status == 0)
        let update = try project("lock", "update")
        #expect(update.status == 2 && update.errorText.contains("+ permission net: api.example.com:443"), "\(update)")
        #expect(try project("lock", "update", "nothing").errorText.contains("nothing of others is named 'nothing'"))
        let moved = try project.lock("update", "ci")
        #expect(moved.status == 0 && moved.text.hasPrefix("moved  ci  \(commit.prefix(12)) → "), "\(moved)")
        #expect(
            try project.ops.text("ops.lock").contains("    permissions:\n      \"net\": [ \"api.example.com:443\" ]\n"))
    }

    @Test func aFlippedByteIsRefusedInTheCacheAndInTheVendorFolder() throws {
        let repository = try Self.repository()
        let project = try RemoteProject(from: "git+file://\(repository.path)//ci?ref=v1")
        try repository.git("mv", "ci/go.yaml", "ci/ops.yaml")
        try repository.commitAll(tag: "v1")
        #expect(try project.lock().status == 0)
        try project.flip("ci/data.txt", in: project.cache)
        let flipped = try project("ci:lint")
        #expect(flipped.status == 2 && flipped.errorText.contains("'ci/data.txt' changed"), "\(flipped)")
        #expect(try project("lock", "verify").status == 2)
        let again = try project("lock")
        #expect(again.status == 0 && again.text.hasPrefix("fetched again  ci  "), "\(again)")
        #expect(again.text.hasSuffix("//ci?ref=v1\n1 locked, as before.\n"), "\(again)")
        #expect(try project("lock").text == "1 locked, as before.\n")
        #expect(try project("lock", "verify").status == 0)

        #expect(try project("lock", "vendor").status == 0)
        try run(["rm", "-rf", project.ops.project + "/../home/.cache", repository.path])
        #expect(try project("ci:lint", "--stream", "raw").text.hasPrefix("hello\nfirst\n"))
        #expect(try project("lock", "check").status == 0)
        let vendor = project.ops.project + "/.ops/vendor"
        try project.flip("base/ops.yaml", in: vendor)
        let refused = try project("ci:lint")
        #expect(refused.status == 2 && refused.errorText.contains("is not what ops.lock says"), "\(refused)")
        #expect(try project("lock", "check").status == 2)
        try project.flip("base/ops.yaml", in: vendor)
        try run(["sh", "-c", "for tree in \(vendor)/*; do touch $tree/extra; done"])
        #expect(try project("ci:lint").status == 2)
    }

    @Test func whatIsMissingOrSuperfluousIsToldByCheck() throws {
        let repository = try Self.repository()
        let project = try RemoteProject(from: "git+file://\(repository.path)//ci/go.yaml?ref=v1")
        let missing = try project("lock", "check")
        #expect(missing.status == 2 && missing.errorText.contains("it is not in the lock"), "\(missing)")
        #expect(try project.lock().status == 0)
        try project.ops.write("ops.yaml", "ops: 1\ntasks: { t: { run: echo own } }\n")
        let superfluous = try project("lock", "check")
        #expect(superfluous.status == 2 && superfluous.errorText.contains("no recipe names any more"), "\(superfluous)")
        #expect(try project("lock").text.hasPrefix("dropped"))
        #expect(try project("lock", "check").status == 0)
        let many = (0...1000).map { "  i\($0): git+file:///nowhere/\($0).git\n" }.joined()
        try project.ops.write("ops.yaml", "ops: 1\ninclude:\n\(many)tasks: { t: { run: echo own } }\n")
        #expect(try project("lock", "check").errorText.contains("a lock holds 1000 references at most"))
    }

    @Test func whatATreeMayNotHoldOrNameIsAnError() throws {
        let repository = try GitRepository()
        func refusal(_ path: String = "a.yaml") throws -> String {
            try repository.commitAll()
            let project = try RemoteProject(from: "git+file://\(repository.path)//\(path)")
            let result = try project.lock()
            #expect(result.status == 2 && !project.ops.exists("ops.lock"), "\(result)")
            return result.errorText
        }
        try repository.commit(["a.yaml": "ops: 1\ninclude: { x: /etc/passwd }\ntasks: { t: { run: 'true' } }\n"])
        #expect(try refusal().contains("is outside of what came with"))
        for (path, reason) in [("./missing.yaml", "is not in"), ("../../missing.yaml", "is outside of")] {
            try repository.commit(["a.yaml": "ops: 1\ninclude: { x: \(path) }\ntasks: { t: { run: 'true' } }\n"])
            let text = try refusal()
            #expect(
                text.contains("include 'x' \(reason) what came with 'git+file://\(repository.path)//a.yaml'"), "\(text)"
            )
        }
        #expect(try refusal("b.yaml").contains("did you mean 'a.yaml'?"))
        #expect(try refusal("").contains("has no recipe in its tree"))
        symlink("/etc", repository.path + "/out")
        #expect(try refusal().contains("'out' cannot be taken: it is a link to '/etc'"))
    }

    @Test func remoteRecipesThatIncludeEachOtherAreACircle() throws {
        let (one, two) = (try GitRepository(), try GitRepository())
        for (own, other) in [(one, two), (two, one)] {
            try own.commit([
                "ops.yaml": "ops: 1\ninclude: { x: git+file://\(other.path) }\ntasks: { t: { run: 'true' } }\n"
            ])
        }
        let project = try RemoteProject(from: "git+file://\(one.path)")
        #expect(try project.lock().status == 0)
        #expect(try project("list").errorText.contains("the recipes include each other"))
    }

    @Test func aHookAFilterAndASubmoduleOfARepositoryHaveNoSay() throws {
        let repository = try GitRepository()
        let inner = try GitRepository()
        try inner.commit(["f": "x"])
        try repository.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", inner.path, "sub")
        try repository.commit([
            ".gitattributes": "* text eol=crlf filter=evil ident export-subst\n", "id": "$Id$ $Format:%H$\n",
            "ops.yaml": "ops: 1\ntasks: { t: { run: 'cat \"$OPS_RECIPE_DIR/id\"; ls \"$OPS_RECIPE_DIR\"' } }\n",
        ])
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        #expect(try project.lock().status == 0)
        #expect(try project("ci:t", "--stream", "raw").text == "$Id$ $Format:%H$\nid\nops.yaml\n")
    }

    @Test func gitIsAskedOverSSHAndMissedWhereItIsNotInstalled() throws {
        let repository = try Self.repository()
        let server = try SSHServer()
        var project = try RemoteProject(
            from: "git+ssh://\(server.host)\(repository.path)//ci/go.yaml?ref=v1")
        project.environment = ["GIT_SSH_COMMAND": server.command]
        let locked = try project.lock()
        #expect(locked.status == 0, "\(locked)")
        #expect(try project("ci:lint", "--stream", "raw").text.hasPrefix("hello\nfirst\n"))
        try run(["rm", "-rf", project.ops.project + "/../home/.cache"])
        project.environment["PATH"] = "/nowhere"
        let missed = try project("lock")
        #expect(missed.status == 2 && missed.errorText.contains("git is not installed"), "\(missed)")
        let away = try project("list")
        #expect(away.status == 2 && away.errorText.contains("is not on this machine"), "\(away)")
        project.environment["PATH"] = "/usr/bin:/bin"
        // By the commit's name, whatever became of the tag.
        try repository.git("tag", "--delete", "v1")
        let fetched = try project("lock")
        #expect(fetched.status == 0 && fetched.text.hasPrefix("fetched  ci  "), "\(fetched)")
    }

    private func readText(_ path: String) throws -> String { String(decoding: try readAll(path), as: UTF8.self) }
}
