import Glibc
import OpsCore
import TestKit
import Testing

/// `recipes/release.yaml`, run for real with the `ops` that was built with the tests, and what it makes handed to
/// programs that others wrote.
@Suite struct ReleaseRecipeTests {
    private static let version = "9.8.7"

    @Test func theReleaseIsWhatItSays() throws {
        let project = try RecipeProject()
        let key = try project.makeSigningKey()
        let executable = project.folder + "/ops-stripped"
        try need(["strip", "-o", executable, OpsProgram.path])
        let words = ["-f", "recipes/release.yaml", "release", "version=" + Self.version, "executable=" + executable]

        let plan = try project.program.run(["plan"] + words)
        #expect(plan.text.contains("skipped: secrets.slack != null is false: nothing at env://SLACK_WEBHOOK"))
        #expect(plan.text.contains("skipped: inputs.registry != null is false: registry=… is not given"))

        let result = try project.program.run(["run", "--log-format", "plain"] + words)
        try #require(result.status == 0, "\(result.text)\n\(result.errorText)")
        #expect(result.text.contains("The signing key is [masked:signing-key]"))
        #expect(result.text.contains("hold no line of the key"))
        try noFile(of: project.program.state, holds: key)
        for line in key { #expect(!result.text.contains(line) && !result.errorText.contains(line)) }

        let dist = project.folder + "/dist"
        #expect(
            try project.names(in: "dist").filter { $0.hasPrefix(".") && $0 != ".keep" } == [], "no temporary file stays"
        )
        try need(["sha256sum", "-c", "SHA256SUMS"], in: dist)
        // The secret was used: its public half accepts what it signed.
        let modulus = try need(["openssl", "pkey", "-in", dist + "/signing.key", "-pubout"])
        #expect(modulus.text == (try project.program.text("dist/signing.pub")))
        try need(
            ["openssl", "dgst", "-sha256", "-verify", "signing.pub", "-signature", "SHA256SUMS.sig", "SHA256SUMS"],
            in: dist)

        let names = try project.names(in: "dist")
        let base = try #require(names.first { $0.hasSuffix(".tar.gz") }).replacing(".tar.gz", with: "")
        try judgeArchives(base, in: project)
        try judgeImage(base, in: project)
    }

    private func noFile(of folder: String, holds lines: [String]) throws {
        let patterns = try TemporaryFolder()
        let file = try patterns.write("patterns", lines.joined(separator: "\n") + "\n")
        let found = try run(["grep", "-rlaF", "-f", file, folder])
        #expect(found.status == 1, "these files hold the key: \(found.text)\(found.errorText)")
        // The run's files are there, or the search would prove nothing.
        #expect(try run(["grep", "-rlF", "The signing key is", folder]).status == 0)
    }

    /// Three archives of one tree, each unpacked by the program that users have for it.
    private func judgeArchives(_ base: String, in project: RecipeProject) throws {
        let dist = project.folder + "/dist/"
        let locale = ["LC_ALL": "C.UTF-8"] as [String: String?]
        let unpackers: [(name: String, command: [String])] = [
            ("zst", ["tar", "--zstd", "-xf", dist + base + ".tar.zst"]),
            ("gz", ["tar", "-xzf", dist + base + ".tar.gz"]),
            ("bsd", ["bsdtar", "-xf", dist + base + ".tar.gz"]),
            ("bsdzip", ["bsdtar", "-xf", dist + base + ".zip"]),
            ("zip", ["unzip", "-q", dist + base + ".zip"]),
        ]
        for (name, command) in unpackers {
            try project.program.write("unpacked/\(name)/.keep", "")
            try need(command, in: project.folder + "/unpacked/" + name, environment: locale)
            let root = project.folder + "/unpacked/\(name)/" + base
            try need(["cmp", root + "/bin/ops", project.folder + "/ops-stripped"])
            try need(["diff", "-r", root + "/share/ops/recipes", project.folder + "/recipes"])
            for page in ["man1/ops.1", "man5/ops-recipe.5", "man7/ops-plugin.7", "man7/ops-secrets.7"] {
                #expect(access(root + "/share/man/" + page, R_OK) == 0)
            }
            try need(["mandoc", "-T", "ascii", root + "/share/man/man1/ops.1"])
            #expect(try need([root + "/bin/ops", "--version"]).text.hasSuffix("\n"))
        }
        try need(["zstd", "-q", "-t", dist + base + ".tar.zst"])
        try need(["gzip", "-t", dist + base + ".tar.gz"])
        try need(["unzip", "-tq", dist + base + ".zip"])
    }

    /// The layout and the docker-archive hold the same image, and the image runs.
    private func judgeImage(_ base: String, in project: RecipeProject) throws {
        let layout = project.folder + "/dist/image"
        let archive = project.folder + "/dist/\(base)-image.tar"
        #expect(try ImageSchemas.problems(of: layout) == "")
        let inspected = try need(["skopeo", "inspect", "oci:\(layout):\(Self.version)"]).text
        #expect(inspected.contains("\"org.opencontainers.image.version\": \"\(Self.version)\""))
        let config = ["skopeo", "inspect", "--raw", "--config"]
        let fromLayout = try need(config + ["oci:\(layout):\(Self.version)"]).text
        #expect(try need(config + ["docker-archive:\(archive):ops:\(Self.version)"]).text == fromLayout)

        let copy = project.folder + "/copy"
        try need(["skopeo", "copy", "-q", "docker-archive:\(archive)", "oci:\(copy):x"])
        for (name, image) in [("layout", "\(layout):\(Self.version)"), ("archive", "\(copy):x")] {
            let bundle = project.folder + "/bundle-" + name
            let words = geteuid() == 0 ? [] : ["--rootless"]
            try need(["umoci", "unpack"] + words + ["--image", image, bundle])
            try need(["diff", "-r", bundle + "/rootfs/usr/share/ops/recipes", project.folder + "/recipes"])
            guard geteuid() == 0 else {
                print("skipped: only root may change its root folder, to run the image's ops")
                continue
            }
            let clean = [
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/work", "chroot", bundle + "/rootfs",
                "/usr/bin/ops",
            ]
            #expect(try need(clean + ["--version"]).text == (try need([OpsProgram.path, "--version"]).text))
            // Its libraries are all there, the one that is loaded late too: an archive is made inside.
            try project.program.write("bundle-\(name)/rootfs/work/ops.yaml", inside)
            let ran = try need(clean + ["-C", "/work", "pack"])
            #expect(ran.text.contains("✓ pack"))
            try need(["tar", "--zstd", "-tf", bundle + "/rootfs/work/out.tar.zst"])
        }
    }

    private var inside: String {
        """
        ops: 1
        tasks:
          pack: { archive.create: { output: out.tar.zst, files: [ { from: ops.yaml } ] } }

        """
    }

    @Test func theImageIsPushedWhereARegistryIsGiven() throws {
        let project = try RecipeProject()
        _ = try project.makeSigningKey()
        let registry = try Registry(.password)
        let words = [
            "-f", "recipes/release.yaml", "release", "version=" + Self.version, "executable=/usr/bin/env",
            "registry=\(registry.host)/team/ops", "username=" + Registry.username,
        ]
        let environment: [String: String?] = ["REGISTRY_PASSWORD": Registry.password]
        let plan = try project.program.run(["plan"] + words, environment: environment)
        #expect(plan.text.contains("\(registry.host)/team/ops:\(Self.version)"))
        #expect(try registry.requests() == [], "a plan asks nobody")

        let result = try project.program.run(["run"] + words, environment: environment)
        try #require(result.status == 0, "\(result.text)\n\(result.errorText)")
        #expect(!(plan.text + result.text + result.errorText).contains(Registry.password))
        let credentials = ["--creds", "\(Registry.username):\(Registry.password)"]
        let pushed = try need(
            ["skopeo", "inspect", "--format", "{{.Digest}}", "--tls-verify=false"] + credentials
                + ["docker://\(registry.host)/team/ops:\(Self.version)"])
        let made = try need(
            ["skopeo", "inspect", "--format", "{{.Digest}}", "oci:\(project.folder)/dist/image:\(Self.version)"])
        #expect(pushed.text == made.text)
        let copy = project.folder + "/pulled"
        try need(
            ["skopeo", "copy", "-q", "--src-tls-verify=false", "--src-creds", credentials[1]]
                + ["docker://\(registry.host)/team/ops:\(Self.version)", "oci:\(copy):x"])
        #expect(try ImageSchemas.problems(of: copy) == "")
    }

    @Test func withAWebhookThePlanAnnounces() throws {
        let project = try RecipeProject()
        _ = try project.makeSigningKey()
        let hook = "https://hooks.slack.invalid/services/T0/B0/secret-part"
        let plan = try project.program.run(
            ["plan", "-f", "recipes/release.yaml", "release"], environment: ["SLACK_WEBHOOK": hook])
        #expect(plan.status == 0)
        #expect(plan.text.contains("● announce"))
        #expect(!plan.text.contains("secret-part"))
    }
}
