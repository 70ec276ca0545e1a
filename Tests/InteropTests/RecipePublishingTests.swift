import Glibc
import OpsCore
import OrderedCollections
import TestKit
import Testing

/// Recipes in Debian's docker-registry, as this program, ssh-keygen and a general client (PyPI's oras) see them.
@Suite struct RecipePublishingTests {
    private static let accept =
        "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
    private static let recipe = """
        ops: 1
        name: lint
        description: Checks for all teams
        include: { common: common/ops.yaml }
        tasks:
          check: { run: [ ./check.sh ] }

        """

    private static let oras = projectFolder + "/.build/test-tools/bin/python3"
    private static let hasORAS = (try? run([oras, "-c", "import oras.client"]).status) == 0

    private func project() throws -> OpsProgram {
        let ops = try OpsProgram(Self.recipe)
        try ops.write("common/ops.yaml", "ops: 1\ntasks:\n  hello: { run: [ echo, hello ] }\n")
        try ops.write("check.sh", "#!/bin/sh\necho checked\n", mode: 0o755)
        return ops
    }

    private func digest(_ result: CommandResult) throws -> String {
        try #require(result.status == 0, "\(result.errorText)")
        return try #require(try JSONReader.value(result.output)["digest"]?.stringValue)
    }

    private func key(_ ops: OpsProgram, _ name: String, _ kind: [String] = ["ed25519"]) throws -> String {
        let made = try run(["ssh-keygen", "-q", "-N", "", "-f", ops.temporary + "/" + name, "-t"] + kind)
        try #require(made.status == 0, "\(made.errorText)")
        return ops.temporary + "/" + name
    }

    @Test func whatIsPushedIsPulledAndRuns() throws {
        let registry = try Registry(.password)
        let ops = try project()
        let place = "oci://\(registry.host)/team/lint:1.0"
        let refused = try ops("recipe", "push", place, "--plain-http")
        #expect(refused.status == 2)
        let login = JSONWriter.text(
            .map([
                "auths": .map([
                    registry.host: .map([
                        "auth": .string(Base64.encode(Array("\(Registry.username):\(Registry.password)".utf8)))
                    ])
                ])
            ]))
        let file = ops.temporary + "/auth.json"
        _ = try run(["tee", file], input: Array(login.utf8))
        let known = ["REGISTRY_AUTH_FILE": file]
        let pushed = try ops("recipe", "push", place, "--plain-http", environment: known)
        try #require(pushed.status == 0, "\(pushed.errorText)")
        #expect(pushed.text.hasPrefix("\(place) is now sha256:"))
        #expect(pushed.text.contains("\n4 files, "))
        let pulled = try ops(
            "recipe", "pull", place, "copy", "--plain-http", environment: known)
        #expect(pulled.status == 0, "\(pulled.errorText)")
        #expect(pulled.errorText.hasPrefix("ops: warning: the recipe \(place) (sha256:"))
        let compared = try run(["diff", "-r", "--exclude=copy", ".", "copy"], in: ops.project)
        #expect(compared.status == 0, "\(compared.text)")
        let ran = try ops("-f", "copy/ops.yaml", "check", "common:hello")
        #expect(ran.status == 0 && ran.text.contains("checked") && ran.text.contains("hello"), "\(ran.text)")
        let again = try ops(
            "recipe", "pull", place, "copy", "--plain-http", environment: known)
        #expect(again.status == 2)
        #expect(again.errorText.contains("'\(ops.project)/copy': the folder is not empty"))
        #expect(try run(["ls", "-A", ops.temporary]).text == "auth.json\n")
    }

    @Test func theSameFilesAreTheSameDigestAndADryRunTellsIt() throws {
        let registry = try Registry()
        let ops = try project()
        let words = ["recipe", "push", "oci://\(registry.host)/team/lint:1", "--plain-http"]
        let planned = try digest(ops.run(words + ["--dry-run", "--format", "json"]))
        #expect(try registry.requests().isEmpty)
        let listed = try ops.run(words + ["--dry-run", "--exclude", ".keep"])
        #expect(listed.text.contains("file  common/ops.yaml"), "\(listed.text)")
        #expect(listed.text.contains("exec  check.sh"))
        #expect(!listed.text.contains(".keep"))
        #expect(try digest(ops.run(words + ["--format", "json"])) == planned)
        let requests = try registry.requests().count
        // Another copy, elsewhere: nothing is sent again.
        let copy = try project()
        _ = try run(["touch", "-d", "2001-01-01", copy.project + "/check.sh"])
        let second = try copy.run(words)
        #expect(second.text.hasPrefix("\(words[2]) was already \(planned)\n"), "\(second.text)\(second.errorText)")
        #expect(try registry.requests().dropFirst(requests).allSatisfy { $0.hasPrefix("HEAD ") })
        try copy.write("check.sh", "#!/bin/sh\necho changed\n", mode: 0o755)
        #expect(try digest(copy.run(words + ["--format", "json"])) != planned)
    }

    @Test func gitSaysWhereItComesFromWhereNothingDiffers() throws {
        let ops = try project()
        for words in [
            ["init", "-q"], ["remote", "add", "origin", "https://user:token@host.example/team/lint.git"],
            ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
        ] { try #require(try run(["git"] + words, in: ops.project).status == 0) }
        let head = try run(["git", "rev-parse", "HEAD"], in: ops.project).text.dropLast()
        let words = ["recipe", "push", "oci://host.example/team/lint:1", "--dry-run"]
        let clean = try ops.run(words).text
        #expect(
            clean.contains(
                "title: lint\ndescription: Checks for all teams\nsource: https://host.example/team/lint.git\n"))
        #expect(clean.contains("revision: \(head)\n"))
        #expect(!clean.contains("token"))
        try ops.write("new", "")
        #expect(try !ops.run(words).text.contains("revision:"))
    }

    @Test func signaturesAreThoseOfSSHKeygenAndDecide() throws {
        let registry = try Registry()
        let ops = try project()
        let place = "oci://\(registry.host)/team/lint:1"
        let (alice, bob) = (try key(ops, "alice"), try key(ops, "bob", ["ecdsa", "-b", "384"]))
        try ops.write(
            ".ops/allowed_signers", "alice@example.com \(String(decoding: try readAll(alice + ".pub"), as: UTF8.self))")
        let pull = ["recipe", "pull", place, "copy", "--plain-http", "--require-signature"]
        let byBob = try ops("recipe", "push", place, "--plain-http", "--sign", bob)
        try #require(byBob.status == 0, "\(byBob.errorText)")
        let refused = try ops.run(pull)
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("is not in \(ops.project)/.ops/allowed_signers"), "\(refused.errorText)")
        #expect(!ops.exists("copy"))
        let warned = try ops.run(pull.dropLast() + ["-C", "."])
        #expect(warned.status == 0 && warned.errorText.hasPrefix("ops: warning: the recipe \(place)"))
        _ = try run(["rm", "-r", ops.project + "/copy"])

        let byAlice = try ops("recipe", "push", place, "--plain-http", "--sign", alice, "--format", "json")
        let pushed = try digest(byAlice)
        let pulled = try ops.run(pull)
        #expect(pulled.status == 0, "\(pulled.errorText)")
        #expect(pulled.text.contains("signed by alice@example.com (SHA256:"))
        #expect(pulled.errorText.isEmpty)
        _ = try run(["rm", "-r", ops.project + "/copy"])
        let again = try ops("recipe", "push", place, "--plain-http", "--sign", alice)
        #expect(again.text.contains("was already signed by SHA256:"))

        // Without this program: curl and ssh-keygen.
        let base = "http://\(registry.host)/v2/team/lint"
        func get(_ path: String) throws -> [UInt8] {
            try run(["curl", "-sf", "-H", Self.accept, base + path]).output
        }
        let list = try JSONReader.value(get("/manifests/" + pushed.replacing(":", with: "-")))
        let signatures = try (list["manifests"]?.listValue ?? []).map { entry in
            let manifest = try JSONReader.value(get("/manifests/\(entry["digest"]?.stringValue ?? "")"))
            #expect(manifest["subject"]?["digest"] == .string(pushed))
            #expect(manifest["artifactType"] == .string("application/vnd.ops.signature.v1"))
            return try get("/blobs/\(manifest["layers"]?.listValue?[0]["digest"]?.stringValue ?? "")")
        }
        #expect(signatures.count == 2)
        let good = try signatures.filter { signature in
            let file = try ops.write("signature", String(decoding: signature, as: UTF8.self))
            return try run(
                [
                    "ssh-keygen", "-Y", "verify", "-f", ops.project + "/.ops/allowed_signers", "-I",
                    "alice@example.com", "-n", "ops-recipe", "-s", file,
                ], input: Array("\(pushed)\n".utf8)
            ).status == 0
        }
        #expect(good.count == 1)
    }

    @Test func aPolicySaysWhereToAndWhoseSignaturesCount() throws {
        let registry = try Registry()
        let ops = try project()
        let alice = try key(ops, "alice")
        try ops.write(
            ".ops/allowed_signers", "alice@example.com \(String(decoding: try readAll(alice + ".pub"), as: UTF8.self))")
        let place = "oci://\(registry.host)/team/lint:1"
        let policy = "policy: 1\nregistries: [ \(registry.host)/team ]\nsignatures: require\n"
        try ops.write(".ops/policy.yaml", policy)
        let elsewhere = try ops("recipe", "push", "oci://\(registry.host)/other/lint:1", "--plain-http")
        #expect(elsewhere.status == 2)
        #expect(elsewhere.errorText.contains("does not allow '\(registry.host)/other/lint'"), "\(elsewhere.errorText)")
        try #require(try ops("recipe", "push", place, "--plain-http").status == 0)
        let pull = ["recipe", "pull", place, "copy", "--plain-http"]
        let unsigned = try ops.run(pull)
        #expect(unsigned.status == 2 && unsigned.errorText.contains("it is not signed"), "\(unsigned.errorText)")
        try #require(try ops("recipe", "push", place, "--plain-http", "--sign", alice).status == 0)
        try ops.write(".ops/policy.yaml", policy + "signers: [ \"*@other.example\" ]\n")
        let stranger = try ops.run(pull)
        #expect(stranger.status == 2)
        #expect(stranger.errorText.contains("does not allow the signer 'alice@example.com'"), "\(stranger.errorText)")
        try ops.write(".ops/policy.yaml", policy + "signers: [ \"*@example.com\" ]\n")
        #expect(try ops.run(pull).status == 0)
    }

    /// One rule for what has a recipe and for what has none: that of the policy.
    @Test func theKeysOfAProjectCountInAllItsFolders() throws {
        let registry = try Registry(.tls)
        let ops = try project()
        let alice = try key(ops, "alice")
        let known: [String: String?] = ["SSL_CERT_FILE": registry.certificate]
        let place = "oci://\(registry.host)/team/lint:1"
        let pushed = try ops.run(["recipe", "push", place, "--sign", alice], environment: known)
        try #require(pushed.status == 0, "\(pushed)")
        try ops.write(
            ".ops/allowed_signers", "alice@example.com \(String(decoding: try readAll(alice + ".pub"), as: UTF8.self))")
        try ops.write("sub/other/ops.yaml", "ops: 1\ninclude: { lint: \"\(place)\" }\ntasks: { t: { run: 'true' } }\n")
        let folder = ops.project + "/sub/other"
        let pull = ["recipe", "pull", place, "copy", "--require-signature"]
        let pulled = try ops.run(pull, in: folder, environment: known)
        #expect(pulled.status == 0 && pulled.text.contains("signed by alice@example.com"), "\(pulled)")
        let asked = try ops.run(["lock"], in: folder, environment: known)
        #expect(asked.errorText.contains("signed by   alice@example.com"), "\(asked)")
        // The nearest file counts, and no other.
        try ops.write("sub/.ops/allowed_signers", "")
        let refused = try ops.run(pull, in: ops.project + "/sub", environment: known)
        #expect(refused.status == 2 && refused.errorText.contains("is not in "), "\(refused)")
        let unknown = try ops.run(["lock"], in: folder, environment: known)
        #expect(!unknown.errorText.contains("alice@example.com"), "\(unknown)")
    }

    @Test(.enabled(if: hasORAS, "oras is not installed in .build/test-tools: scripts/test does that"))
    func aGeneralClientReadsIt() throws {
        let registry = try Registry()
        let ops = try project()
        let pushed = try ops("recipe", "push", "oci://\(registry.host)/team/lint:1", "--plain-http")
        try #require(pushed.status == 0, "\(pushed.errorText)")
        let script = """
            import json, sys, oras.client
            client = oras.client.OrasClient(insecure=True)
            name = sys.argv[1] + '/team/lint:1'
            manifest = client.get_manifest(name)
            files = client.pull(target=name, outdir=sys.argv[2])
            print(manifest['artifactType'], manifest['annotations']['org.opencontainers.image.title'], len(files))
            """
        let folder = ops.temporary + "/oras"
        let pulled = try run([Self.oras, "-c", script, registry.host, folder])
        try #require(pulled.status == 0, "\(pulled.errorText)")
        #expect(pulled.text.hasSuffix("application/vnd.ops.recipe.v1+json lint 1\n"), "\(pulled.text)")
        let members = try run(["tar", "-tzf", folder + "/recipe.tar.gz"])
        #expect(members.text == ".keep\ncheck.sh\ncommon/ops.yaml\nops.yaml\n", "\(members.errorText)")
    }
}
