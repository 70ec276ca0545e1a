import Glibc
import OpsCore
import OpsSystem
import TestKit
import Testing

/// Two teams: A publishes a recipe and a plugin in Python in Debian's docker-registry and signs both; B includes the
/// recipe, locks it, reads its plan, and runs it.
@Suite(.enabled(if: SandboxSupport.landlock > 0, "this kernel has no Landlock")) struct TeamStoryTests {
    private let registry: Registry
    private let a: OpsProgram
    private let b: OpsProgram
    /// A's key.
    private let key: String

    private static func recipe(_ registry: Registry, net: String) -> String {
        """
        ops: 1
        name: prose
        permissions: { read: [ docs ], write: [ docs ], net: \(net) }
        plugins: { word-count: "oci://\(registry.host)/tools/word-count:1" }
        tasks:
          count:
            word-count.count: { source: docs/text.txt, report: docs/counts.json }
          version: { run: 'cat "$OPS_RECIPE_DIR/version"' }
          outside: { run: cat private/key.txt }
          home: { run: 'echo x > "$HOME/left"' }
          dial:
            run: [ python3, -c, "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))", \
        "${{ args }}" ]

        """
    }

    init() throws {
        registry = try Registry(.tls)
        a = try OpsProgram(Self.recipe(registry, net: "none"))
        b = try OpsProgram(
            """
            ops: 1
            permissions: { read: [ . ], write: [ docs ], net: [ "*:*" ] }
            include: { prose: "oci://\(registry.host)/team/prose:1" }
            tasks: { default: { needs: [ "prose:count" ] } }

            """)
        key = a.temporary + "/key"
        #expect(try TestKit.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]).status == 0)
        let form = String(decoding: try readAll(key + ".pub"), as: UTF8.self)
        let signers = "team-a@example.com namespaces=\"ops-*\" \(form)"
        for ops in [a, b] {
            try ops.write(".ops/policy.yaml", "policy: 1\nsignatures: require\nregistries: [ \(registry.host) ]\n")
            try ops.write(".ops/allowed_signers", signers)
        }
        try a.write("version", "one\n")
        try b.write("docs/text.txt", "one two three\n")
        try b.write("private/key.txt", "hidden\n")
    }

    private func run(a words: String...) throws -> CommandResult {
        try a.run(words, environment: ["SSL_CERT_FILE": registry.certificate])
    }

    private func run(b words: String...) throws -> CommandResult {
        try b.run(words, environment: ["SSL_CERT_FILE": registry.certificate])
    }

    /// Trusts what is shown, as somebody does who read it.
    private func lock(_ ops: OpsProgram, _ words: String...) throws -> CommandResult {
        var command = ["lock"] + words
        for _ in 0..<4 {
            let result = try ops.run(command, environment: ["SSL_CERT_FILE": registry.certificate])
            let digests = result.errorText.matches(of: /--accept (sha256:[0-9a-f]{64})/).map { String($0.output.1) }
            if digests.isEmpty { return result }
            for digest in digests { command += ["--accept", digest] }
        }
        throw OpsError(.mismatch, "it goes on asking")
    }

    private func publish(_ text: String) throws {
        try a.write("ops.yaml", text)
        let pushed = try run(a: "recipe", "push", "oci://\(registry.host)/team/prose:1", "--sign", key)
        try #require(pushed.status == 0, "\(pushed.errorText)")
    }

    /// Changes the last byte of a file.
    private func flip(_ path: String) throws {
        var bytes = try readAll(path)
        bytes[bytes.count - 1] ^= 1
        let descriptor = open(path, O_WRONLY | O_TRUNC)
        defer { close(descriptor) }
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
    }

    private func file(_ name: String, in folder: String) throws -> String {
        let found = try TestKit.run(["find", folder, "-path", "*/\(name)", "-type", "f"]).text
        return try #require(found.split(separator: "\n").first.map(String.init), "no \(name) in \(folder)")
    }

    @Test func whatATeamPublishesAnotherRunsAndNothingElse() throws {
        let plugin = projectFolder + "/Plugins/Examples/word-count"
        let tool = try run(a: "plugin", "push", "oci://\(registry.host)/tools/word-count:1", plugin, "--sign", key)
        try #require(tool.status == 0, "\(tool.errorText)")
        // A's own recipe names the plugin: A locks it too.
        let own = try lock(a)
        try #require(own.status == 0, "\(own.errorText)")
        try publish(Self.recipe(registry, net: "none"))

        // B: nothing runs before it is locked, and locking shows what it may do.
        let early = try run(b: "prose:count")
        #expect(early.status == 2 && early.errorText.contains("run 'ops lock'"), "\(early)")
        let asked = try run(b: "lock")
        #expect(asked.status == 2 && !b.exists("ops.lock"))
        #expect(asked.errorText.contains("signed by   team-a@example.com (SHA256:"), "\(asked)")
        #expect(asked.errorText.contains("permissions read: docs, write: docs, net: none"), "\(asked)")
        let locked = try lock(b)
        try #require(locked.status == 0, "\(locked)")
        let text = try b.text("ops.lock")
        #expect(text.contains("plugins:\n") && text.contains("    signer: \"team-a@example.com\"\n"), "\(text)")

        let planned = try run(b: "plan", "prose:count")
        #expect(
            planned.status == 0 && planned.text.contains("prose: from oci://\(registry.host)/team/prose:1\n")
                && planned.text.contains("net      none\n"), "\(planned)")
        #expect(!b.exists("docs/counts.json"))

        // Offline, from the vendor folder, with an empty cache.
        let vendored = try run(b: "lock", "vendor")
        #expect(vendored.status == 0, "\(vendored)")
        let cache = b.project + "/../home/.cache"
        try TestKit.run(["rm", "-rf", cache])
        let before = try registry.requests().count
        let counted = try run(b: "prose:count", "prose:version", "--stream", "raw")
        try #require(counted.status == 0, "\(counted)")
        #expect(counted.text.contains("3 words, 1 lines, 14 bytes\n") && counted.text.contains("one\n"), "\(counted)")
        #expect(try b.text("docs/counts.json").contains("\"words\": 3"))
        #expect(try registry.requests().count == before)

        // The kernel stops what is not granted, and the error names it.
        for (task, secret) in [("outside", "hidden"), ("home", "left"), ("dial", "connected")] {
            let port = registry.host.split(separator: ":").last.map(String.init) ?? ""
            let result = try task == "dial" ? run(b: "prose:dial", "--", port) : run(b: "prose:\(task)")
            #expect(result.status == 1, "\(result)")
            #expect(
                result.text.contains("it was likely stopped by the permissions of")
                    && result.text.contains("read docs; write docs; net none"), "\(result)")
            #expect(!result.text.contains("\(secret)\n"))
        }
        #expect(!b.exists("../home/left"))

        // A moves the tag: B's run is what it was, until B updates and reads what is new.
        try a.write("version", "two\n")
        try publish(Self.recipe(registry, net: "[ \"127.0.0.1:443\" ]"))
        #expect(try run(b: "prose:version", "--stream", "raw").text == "one\n")
        #expect(try run(b: "lock").text == "2 locked, as before.\n")
        #expect(try run(b: "lock", "check").status == 0)
        let update = try run(b: "lock", "update")
        #expect(update.status == 2 && update.errorText.contains("~ permission net: 127.0.0.1:443"), "\(update)")
        #expect(try run(b: "prose:version", "--stream", "raw").text == "one\n")
        let moved = try lock(b, "update")
        #expect(moved.status == 0 && moved.text.hasPrefix("moved  prose  "), "\(moved)")
        #expect(try run(b: "lock", "vendor").status == 0)
        #expect(try run(b: "prose:version", "--stream", "raw").text == "two\n")

        // A flipped byte, wherever it is.
        try flip(try file("version", in: b.project + "/.ops/vendor"))
        let vendor = try run(b: "prose:version")
        #expect(vendor.status == 2 && vendor.errorText.contains("is not what ops.lock says"), "\(vendor)")
        try TestKit.run(["rm", "-rf", b.project + "/.ops/vendor"])
        #expect(try run(b: "prose:version", "--stream", "raw").text == "two\n")
        try flip(try file("bin/word-count", in: cache))
        let cached = try run(b: "prose:count")
        #expect(cached.status == 2 && cached.errorText.contains("'bin/word-count' changed"), "\(cached)")
        try TestKit.run(["rm", "-rf", cache])
        for path in try TestKit.run(["find", registry.storage, "-name", "data"]).text.split(separator: "\n") {
            let bytes = try readAll(String(path))
            if bytes.starts(with: [0x1F, 0x8B]) { try flip(String(path)) }
        }
        let served = try run(b: "lock")
        #expect(served.status == 2 && served.errorText.contains("is not to be had"), "\(served)")
        #expect(try run(b: "prose:version").status == 2)
    }
}
