import OpsCore
import TestKit
import Testing

/// Git over TLS, and commits that are signed.
@Suite struct RemoteGitTests {
    private static let recipe = "ops: 1\ntasks: { t: { run: echo fetched } }\n"

    @Test func gitIsAskedOverTLSWithACertificateThatIsChecked() throws {
        let repository = try GitRepository()
        let commit = try repository.commit(["ops.yaml": Self.recipe], tag: "v1")
        let server = try GitServer(repository.path)
        var project = try RemoteProject(from: "git+https://\(server.host)/.git?ref=v1")
        let untrusted = try project.lock()
        #expect(untrusted.status == 2 && untrusted.errorText.contains("git failed"), "\(untrusted)")
        project.environment = ["GIT_SSL_CAINFO": server.certificate]
        let locked = try project.lock()
        #expect(locked.status == 0, "\(locked)")
        #expect(try project.ops.text("ops.lock").contains("    resolved: \"\(commit)\"\n"))
        #expect(try project("ci:t", "--stream", "raw").text == "fetched\n")
        // Another commit at the tag, and an empty cache: what is locked is fetched by its name.
        try repository.commit(["ops.yaml": Self.recipe.replacing("fetched", with: "moved")], tag: "v1")
        try run(["rm", "-rf", project.ops.project + "/../home/.cache"])
        #expect(try project("lock").status == 0)
        #expect(try project("ci:t", "--stream", "raw").text == "fetched\n")
        let none = try RemoteProject(from: "git+https://\(server.host)/.git?ref=v2")
        let missing = try none.ops.run(["lock"], environment: project.environment)
        #expect(missing.status == 2 && missing.errorText.contains("v2"), "\(missing)")
    }

    @Test func whatTheMachineConfiguresForGitHolds() throws {
        let repository = try GitRepository()
        try repository.commit(["ops.yaml": Self.recipe])
        var project = try RemoteProject(from: "git+file:///nowhere/recipes.git")
        #expect(try project.lock().status == 2)
        // In the place of /etc/gitconfig (git(1), GIT_CONFIG_SYSTEM).
        let configuration = try project.ops.write(
            "gitconfig", "[url \"file://\(repository.path)\"]\n\tinsteadOf = file:///nowhere/recipes.git\n")
        project.environment = ["GIT_CONFIG_SYSTEM": configuration]
        let locked = try project.lock()
        #expect(locked.status == 0, "\(locked)")
        // No other protocol comes in that way.
        try project.ops.write(
            "gitconfig",
            """
            [protocol "ext"]
            \tallow = always
            [url "ext::sh -c touch% \(project.ops.project)/started% "]
            \tinsteadOf = file:///elsewhere/
            [core]
            \tsshCommand = touch \(project.ops.project)/ssh && false

            """)
        try project.ops.write("ops.yaml", "ops: 1\ninclude: { ci: git+file:///elsewhere/recipes.git }\n")
        let refused = try project.lock()
        #expect(refused.status == 2 && refused.errorText.contains("transport 'ext' not allowed"), "\(refused)")
        #expect(!project.ops.exists("started"))
        // How ssh is started is configured as for git itself.
        try project.ops.write("ops.yaml", "ops: 1\ninclude: { ci: git+ssh://git@localhost:1/recipes.git }\n")
        #expect(try project.lock().status == 2)
        #expect(project.ops.exists("ssh"))
    }

    @Test func aCommitThatIsRequiredToBeSignedIsRefusedWithoutOne() throws {
        let repository = try GitRepository()
        try repository.commit(["ops.yaml": Self.recipe])
        let folder = try TemporaryFolder()
        let key = folder.path + "/key"
        try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        try project.ops.write(".ops/policy.yaml", "policy: 1\nsignatures: require\n")
        try project.ops.write(".ops/allowed_signers", "alice@example.com \(try folder.text("key.pub"))")
        let unsigned = try project.lock()
        #expect(unsigned.status == 2 && unsigned.errorText.contains("it is not signed"), "\(unsigned)")
        #expect(!project.ops.exists("ops.lock"))
        try repository.git(
            "-c", "gpg.format=ssh", "-c", "user.signingKey=\(key)", "commit", "--quiet", "-S", "--allow-empty",
            "--message", "signed\n\ngpgsig of nothing")
        let asked = try project("lock")
        #expect(asked.errorText.contains("signed by   alice@example.com (SHA256:"), "\(asked)")
        #expect(try project.lock().status == 0)
        #expect(try project.ops.text("ops.lock").contains("    signer: \"alice@example.com\"\n"))
        #expect(try project("ci:t", "--stream", "raw").text == "fetched\n")
        // A policy that trusts the signer needs nobody who says yes; one that trusts another does not.
        for (trusted, status) in [("*@example.org", Int32(2)), ("*@example.com", 0)] {
            try run(["rm", project.ops.project + "/ops.lock"])
            try project.ops.write(
                ".ops/policy.yaml", "policy: 1\nsignatures: require\ntrust: [ \"\(trusted)\" ]\n")
            let result = try project("lock")
            #expect(result.status == status, "\(result)")
            #expect(result.errorText.contains("trusted by the policy") == (status == 0), "\(result)")
            try project.ops.write("ops.lock", "version: 1\n")
        }
        #expect(try project("lock").status == 0)
        // Git itself finds the same.
        let verified = try repository.git(
            "-c", "gpg.ssh.allowedSignersFile=\(project.ops.project)/.ops/allowed_signers", "verify-commit", "HEAD")
        #expect(verified.status == 0)
        // The commit's text belongs to what is signed.
        let object = try repository.git("cat-file", "commit", "HEAD").text.replacing("\nsigned", with: "\nchanged")
        let file = try folder.write("object", object)
        let other = try repository.git("hash-object", "-t", "commit", "-w", file).text.prefix { !$0.isNewline }
        try repository.git("tag", "forged", String(other))
        let forged = try RemoteProject(from: "git+file://\(repository.path)?ref=forged")
        try forged.ops.write(".ops/policy.yaml", "policy: 1\nsignatures: require\n")
        try forged.ops.write(".ops/allowed_signers", "alice@example.com \(try folder.text("key.pub"))")
        let refused = try forged.lock()
        #expect(refused.status == 2 && refused.errorText.contains("is not of this content"), "\(refused)")
    }

    @Test func aLockThatWasChangedByHandIsComparedWithItsPlaceWhereSignaturesAreRequired() throws {
        let repository = try GitRepository()
        try repository.commit(["ops.yaml": Self.recipe])
        let folder = try TemporaryFolder()
        let key = folder.path + "/key"
        try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        try repository.git(
            "-c", "gpg.format=ssh", "-c", "user.signingKey=\(key)", "commit", "--quiet", "-S", "--allow-empty",
            "--message", "signed")
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        #expect(try project.lock().status == 0)
        let good = try project.ops.text("ops.lock")
        // The tree of another commit, which nobody signed.
        try repository.commit(["ops.yaml": Self.recipe.replacing("fetched", with: "evil")])
        #expect(try project.lock("update").status == 0)
        func tree(_ text: String) throws -> String {
            String(try #require(text.firstMatch(of: /tree: "(sha256:[0-9a-f]{64})"/)?.output.1))
        }
        let evil = try tree(try project.ops.text("ops.lock"))
        try project.ops.write(".ops/policy.yaml", "policy: 1\nsignatures: require\n")
        try project.ops.write(".ops/allowed_signers", "alice@example.com \(try folder.text("key.pub"))")
        let forged = good.replacing(try tree(good), with: evil)
        for signer in ["", "    signer: \"alice@example.com\"\n"] {
            try project.ops.write("ops.lock", forged + signer)
            let checked = try project("lock", "check")
            #expect(checked.status == 2 && checked.errorText.contains("the lock says another tree than"), "\(checked)")
        }
        try project.ops.write("ops.lock", forged)
        let added = try project("lock")
        #expect(added.status == 2 && added.errorText.contains("the lock says another tree than"), "\(added)")
        try project.ops.write("ops.lock", good)
        #expect(try project("lock").status == 0)
        #expect(try project("lock", "check").status == 0)
    }

    @Test func recipesOfOneFolderShareTheVendorFolder() throws {
        let (one, two) = (try GitRepository(), try GitRepository())
        try one.commit(["ops.yaml": Self.recipe])
        try two.commit(["ops.yaml": Self.recipe.replacing("fetched", with: "second")])
        let project = try RemoteProject(from: "git+file://\(one.path)")
        try project.ops.write(
            "deploy.yaml", "ops: 1\ninclude:\n  ci: git+file://\(two.path)\ntasks: { t: { run: echo own } }\n")
        #expect(try project.lock().status == 0)
        #expect(try project.lock("-f", "deploy.yaml").status == 0)
        #expect(try project("lock", "vendor").status == 0)
        #expect(try project("lock", "vendor", "-f", "deploy.yaml").status == 0)
        try run(["rm", "-rf", project.ops.project + "/../home/.cache"])
        #expect(try project("ci:t", "--stream", "raw").text == "fetched\n")
        #expect(try project("run", "-f", "deploy.yaml", "ci:t", "--stream", "raw").text == "second\n")
    }

    @Test func aPolicyThatComesLaterHoldsForWhatIsLockedToo() throws {
        let repository = try GitRepository()
        try repository.commit(["ops.yaml": Self.recipe])
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        #expect(try project.lock().status == 0)
        #expect(try !project.ops.text("ops.lock").contains("signer:"))
        try project.ops.write(".ops/policy.yaml", "policy: 1\nsignatures: require\n")
        let run = try project("ci:t")
        #expect(run.status == 2 && run.errorText.contains("is locked without a signature"), "\(run)")
        #expect(try project("lock", "check").status == 2)
        #expect(try project("lock").status == 2)
        try project.ops.write(".ops/policy.yaml", "policy: 1\nhosts: [ git.example.com ]\n")
        #expect(try project("ci:t").status == 0)
    }
}
