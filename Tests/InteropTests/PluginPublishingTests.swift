import Glibc
import OpsCore
import OrderedCollections
import TestKit
import Testing

/// Plugins in Debian's docker-registry.
@Suite struct PluginPublishingTests {
    private static let accept =
        "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
    private static let manifest = """
        apiVersion: ops/plugin/v1
        name: acme
        version: 1.2.0
        summary: Pack things
        protocol: [1]
        run: bin/acme
        actions:
          pack:
            summary: Pack a folder
            plan: none
            cancel: kill
            inputs: { type: object, required: [source], properties: { source: { type: string, description: What } } }
            outputs: { type: object, properties: { path: { type: string } } }

        """

    /// A project with the plugin in `linux` and `mac`, whose programs differ.
    private func project() throws -> OpsProgram {
        let ops = try OpsProgram()
        for folder in ["linux", "mac"] {
            try ops.write("\(folder)/plugin.yaml", Self.manifest)
            try ops.write("\(folder)/bin/acme", "#!/bin/sh\necho \(folder)\n", mode: 0o755)
        }
        return ops
    }

    private static let host: String = {
        var name = utsname()
        uname(&name)
        let machine = withUnsafeBytes(of: &name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return machine == "aarch64" ? "linux-arm64" : "linux-amd64"
    }()

    @Test func anIndexOfPlatformsIsPushedAndThisOneIsPulled() throws {
        let registry = try Registry()
        let ops = try project()
        let place = "oci://\(registry.host)/team/acme:1.2.0"
        let words = [
            "plugin", "push", place, "--plain-http", "--platform", "macos-arm64=mac", "--platform",
            "\(Self.host)=linux", "--format", "json",
        ]
        let planned = try ops.run(words + ["--dry-run"])
        #expect(planned.status == 0, "\(planned.errorText)")
        #expect(try registry.requests().isEmpty)
        let pushed = try ops.run(words)
        try #require(pushed.status == 0, "\(pushed.errorText)")
        let digest = try #require(try JSONReader.value(pushed.output)["digest"]?.stringValue)
        #expect(try JSONReader.value(planned.output)["digest"]?.stringValue == digest)

        let index = try JSONReader.value(
            run(["curl", "-sf", "-H", Self.accept, "http://\(registry.host)/v2/team/acme/manifests/\(digest)"]).output
        )
        #expect(index["artifactType"] == .string("application/vnd.ops.plugin.v1+json"))
        #expect(index["annotations"]?["org.opencontainers.image.version"] == .string("1.2.0"))
        let systems = index["manifests"]?.listValue?.compactMap { $0["platform"]?["os"]?.stringValue }
        #expect(systems == ["linux", "darwin"])

        let pulled = try ops("plugin", "pull", place, ".ops/plugins/acme", "--plain-http")
        #expect(pulled.status == 0, "\(pulled.errorText)")
        #expect(try ops.text(".ops/plugins/acme/bin/acme") == "#!/bin/sh\necho linux\n")
        #expect(access(ops.project + "/.ops/plugins/acme/bin/acme", X_OK) == 0)
        let pinned = try ops("plugin", "pull", "oci://\(registry.host)/team/acme@\(digest)", "x/acme", "--plain-http")
        #expect(pinned.status == 0, "\(pinned.errorText)")
        // The plugin's name is its folder's.
        let other = try ops("plugin", "pull", place, ".ops/plugins/other", "--plain-http")
        #expect(other.status == 2)
        #expect(other.errorText.contains("the plugin 'acme' stands in a folder named 'other'"), "\(other.errorText)")
        #expect(!ops.exists(".ops/plugins/other"))
        let recipe = try ops("recipe", "pull", place, "y", "--plain-http")
        #expect(recipe.status == 2)
        #expect(recipe.errorText.contains("is no recipe but application/vnd.ops.plugin.v1+json"))
    }

    @Test func aMissingPlatformIsNamedWithThoseThereAre() throws {
        let registry = try Registry()
        let ops = try project()
        let place = "oci://\(registry.host)/team/acme:1"
        try #require(try ops("plugin", "push", place, "--plain-http", "--platform", "macos-arm64=mac").status == 0)
        let result = try ops("plugin", "pull", place, "acme", "--plain-http")
        #expect(result.status == 2)
        #expect(
            result.errorText.contains("the plugin \(place) has nothing for \(Self.host)\n"), "\(result.errorText)")
        #expect(result.errorText.contains("it has macos-arm64"))
        // One folder for all.
        try #require(try ops("plugin", "push", place, "linux", "--plain-http").status == 0)
        #expect(try ops("plugin", "pull", place, "acme", "--plain-http").status == 0)
    }

    @Test func signaturesOfPluginsAreOfTheirOwn() throws {
        let registry = try Registry()
        let ops = try project()
        let place = "oci://\(registry.host)/team/acme:1"
        let key = ops.temporary + "/key"
        #expect(try run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", key]).status == 0)
        let text = String(decoding: try readAll(key + ".pub"), as: UTF8.self)
        try ops.write("signers", "alice@example.com namespaces=\"ops-recipe\" \(text)")
        try #require(try ops("plugin", "push", place, "linux", "--plain-http", "--sign", key).status == 0)
        let pull = [
            "plugin", "pull", place, "acme", "--plain-http", "--require-signature", "--allowed-signers", "signers",
        ]
        let refused = try ops.run(pull)
        #expect(refused.status == 2)
        #expect(
            refused.errorText.contains("signers:1 does not allow signatures for 'ops-plugin'"), "\(refused.errorText)")
        try ops.write("signers", "alice@example.com namespaces=\"ops-*\" \(text)")
        let pulled = try ops.run(pull)
        #expect(pulled.status == 0, "\(pulled.errorText)")
        #expect(pulled.text.contains("signed by alice@example.com"))
    }

    @Test func aLockHoldsAllPlatformsAndARunWantsItsOwn() throws {
        let registry = try Registry(.tls)
        let ops = try project()
        let known: [String: String?] = ["SSL_CERT_FILE": registry.certificate]
        let place = "oci://\(registry.host)/team/acme:1"
        let other = Self.host == "linux-amd64" ? "linux-arm64" : "linux-amd64"
        func push(_ platforms: String...) throws {
            let words = ["plugin", "push", place] + platforms.flatMap { ["--platform", $0] }
            let pushed = try ops.run(words, environment: known)
            try #require(pushed.status == 0, "\(pushed)")
        }
        func lock(_ words: String...) throws -> CommandResult {
            let asked = try ops.run(["lock"] + words, environment: known)
            let digest = try #require(asked.errorText.firstMatch(of: /--accept (sha256:[0-9a-f]{64})/)?.output.1)
            return try ops.run(["lock"] + words + ["--accept", String(digest)], environment: known)
        }
        try push("macos-arm64=mac", "\(other)=linux")
        try ops.write(
            "ops.yaml", "ops: 1\nplugins: { acme: \"\(place)\" }\ntasks: { t: { acme.pack: { source: x } } }\n")
        #expect(try lock().status == 0)
        let missing = try ops("t")
        #expect(missing.status == 2, "\(missing)")
        #expect(missing.errorText.contains("the plugin 'acme' has nothing for \(Self.host)"), "\(missing)")
        #expect(missing.errorText.contains("it has \(other), macos-arm64"), "\(missing)")

        try push("macos-arm64=mac", "\(Self.host)=linux")
        #expect(try lock("update", "acme").status == 0)
        let text = try ops.text("ops.lock")
        #expect(text.contains("      \"\(Self.host)\":\n") && text.contains("      \"macos-arm64\":\n"), "\(text)")
        #expect(try ops("plan", "t").status == 0)
        // All platforms are vendored, and compared.
        #expect(try ops.run(["lock", "vendor"], environment: known).text.hasPrefix("2 trees are in"))
        #expect(try ops("lock", "verify").status == 0)

        let wrong = "oci://\(registry.host)/team/acme@sha256:\(String(repeating: "0", count: 64))"
        try ops.write(
            "ops.yaml", "ops: 1\nplugins: { acme: \"\(wrong)\" }\ntasks: { t: { acme.pack: { source: x } } }\n")
        let refused = try ops.run(["lock"], environment: known)
        #expect(refused.status == 2 && refused.errorText.contains("there is no plugin '\(wrong)'"), "\(refused)")
    }

    @Test(arguments: [true, false]) func aLockTakesNoPluginWhosePlatformsDeclareDifferentThings(_ isSame: Bool) throws {
        let registry = try Registry(.tls)
        let ops = try project()
        let certificate = try #require(registry.certificate)
        let known: [String: String?] = ["SSL_CERT_FILE": certificate]
        if !isSame { try ops.write("mac/plugin.yaml", Self.manifest + "permissions: { net: [ \"*:443\" ] }\n") }
        let base = "https://\(registry.host)/v2/team/acme/manifests"
        var entries: [Value] = []
        var index: Value = .null
        for part in ["\(Self.host)=linux", "macos-arm64=mac"] {
            let pushed = try ops.run(
                ["plugin", "push", "oci://\(registry.host)/team/acme:part", "--platform", part], environment: known)
            try #require(pushed.status == 0, "\(pushed)")
            let got = try run(["curl", "-sf", "--cacert", certificate, "-H", Self.accept, "\(base)/part"])
            index = try JSONReader.value(got.output)
            entries += index["manifests"]?.listValue ?? []
        }
        // Another program made it one index.
        guard case .map(var members) = index else { throw OpsError(.mismatch, "\(index)") }
        members["manifests"] = .list(entries)
        let sent = try run(
            [
                "curl", "-sSf", "--cacert", certificate, "-X", "PUT", "-H",
                "Content-Type: application/vnd.oci.image.index.v1+json", "--data-binary", "@-", "\(base)/1",
            ], input: Array(JSONWriter.text(.map(members)).utf8))
        try #require(sent.status == 0, "\(sent)")
        try ops.write(
            "ops.yaml",
            """
            ops: 1
            plugins: { acme: "oci://\(registry.host)/team/acme:1" }
            tasks: { t: { acme.pack: { source: x } } }

            """
        )
        let result = try ops.run(["lock"], environment: known)
        #expect(result.status == 2 && result.errorText.contains("--accept sha256:") == isSame, "\(result)")
        let reason = "has another plugin.yaml for macos-arm64 than for \(Self.host)"
        #expect(result.errorText.contains(reason) != isSame, "\(result)")
    }

    @Test func aPluginWithErrorsIsNotPublished() throws {
        let ops = try project()
        let place = "oci://127.0.0.1:9/team/acme:1"
        func refused(_ words: String..., status: Int32 = 2) throws -> String {
            let result = try ops.run(["plugin", "push", place] + words)
            #expect(result.status == status, "\(words)")
            return result.errorText
        }
        #expect(try refused(status: 64).contains("there is no folder to push"))
        #expect(
            try refused("linux", "--platform", "linux-amd64=linux", status: 64).contains("a folder for any platform"))
        #expect(try refused("--platform", "linux-amd46=linux", status: 64).contains("did you mean 'linux-amd64'?"))
        #expect(try refused("bin").contains("there is no plugin in 'bin': no plugin.yaml"))
        try ops.write("mac/plugin.yaml", Self.manifest.replacing("1.2.0", with: "1.2.1"))
        #expect(
            try refused("--platform", "linux-amd64=linux", "--platform", "macos-arm64=mac").contains(
                "'mac' is acme 1.2.1, and 'linux' is acme 1.2.0"))
        // Whoever reads one has read all, comments too: 'ops lock' takes no other.
        try ops.write("mac/plugin.yaml", Self.manifest + "# for macOS\n")
        #expect(
            try refused("--platform", "linux-amd64=linux", "--platform", "macos-arm64=mac").contains(
                "'mac' has another plugin.yaml than 'linux'"))
        try ops.write("mac/plugin.yaml", Self.manifest.replacing("plan: none", with: "plan: nothing"))
        #expect(try refused("mac").hasPrefix("mac/plugin.yaml:"))
        try ops.write("linux/bin/acme", "", mode: 0o644)
        #expect(try refused("linux").contains("the program 'bin/acme' in 'linux' is not executable"))
        #expect(try refused("linux", "--exclude", "bin").contains("the program 'bin/acme' of plugin.yaml is not in"))
    }
}
