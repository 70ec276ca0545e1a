import OpsSystem
import TestKit
import Testing

/// What the kernel stops a plugin's program from, by the permissions of its own manifest.
@Suite(.enabled(if: SandboxSupport.landlock > 0, "this kernel has no Landlock")) struct PluginPermissionTests {
    private static let outputs = #"send("outputs", outputs={"path": "a.tgz", "key": "some-key"})"#

    /// A project whose plugin does something once it has read its request.
    ///
    /// - Parameter permissions: of the manifest, as YAML; nil: it has none.
    private func project(
        _ permissions: String?, _ program: String, recipe: String = PluginProject.recipe()
    ) throws -> PluginProject {
        let project = try PluginProject(
            recipe, program: program + "\n\(Self.outputs)\nresult()\n",
            manifest: AcmeManifest.text(permissions: permissions))
        try project.ops.write("dist/in.txt", "in\n")
        try project.ops.write("secret.txt", "hidden\n")
        try project.ops.write("tools/tool", "#!/bin/sh\necho tool\n", mode: 0o755)
        return project
    }

    private static let place = ".ops/plugins/acme/plugin.yaml:30: "

    /// Each is stopped with no permissions but none of that kind, and works in a plugin that declares none.
    @Test(arguments: [
        ("open('secret.txt').read()", "read dist"), ("os.listdir('.')", "read dist"),
        ("open(os.path.expanduser('~/x'), 'w')", "write nothing"), ("open('dist/new', 'w')", "write nothing"),
        ("os.remove('dist/in.txt')", "write nothing"), ("open('/tmp/acme-%d' % os.getpid(), 'w')", "write nothing"),
        ("subprocess.run(['tools/tool'], check=True, stdout=sys.stderr)", "exec nothing"),
        ("subprocess.run('cat secret.txt', shell=True, check=True, stdout=sys.stderr)", "read dist"),
    ])
    func whatTheManifestDoesNotNameIsStopped(_ line: String, _ permission: String) throws {
        let project = try project("{ read: [dist] }", line)
        let result = try project.ops("t")
        let text = result.text + result.errorText
        #expect(result.status == 1, "\(text)")
        #expect(text.contains("likely stopped by the permissions of \(Self.place)"), "\(text)")
        #expect(text.contains(permission) && !text.contains("hidden"), "\(text)")
        #expect(
            !project.ops.exists("dist/new") && project.ops.exists("dist/in.txt") && !project.ops.exists("../home/x"))
        // The same line is right where nothing holds it.
        let free = try self.project(nil, line)
        let passed = try free.ops("t")
        #expect(passed.status == 0, "\(passed.text)\(passed.errorText)")
    }

    @Test func whatItNamesWorks() throws {
        let project = try project(
            "{ read: [secret.txt], write: [made, ~/own], exec: [tools/tool, named] }",
            """
            import tempfile
            open("secret.txt").read()
            open("made/a", "w").write("a")
            open(os.path.expanduser("~/own/b"), "w").write("b")
            subprocess.run(["tools/tool"], check=True, stdout=sys.stderr)
            subprocess.run(["named"], check=True, stdout=sys.stderr)
            with tempfile.NamedTemporaryFile() as file: assert file.name.startswith(r["temporary"] + "/")
            assert os.listdir("dist") == ["in.txt"]
            open(sys.argv[0]).read()
            """)
        try project.ops.write("named/named", "#!/bin/sh\necho named\n", mode: 0o755)
        let path = "\(project.ops.project)/named:/usr/bin:/bin"
        let result = try project.ops.run(["t"], environment: ["PATH": path])
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(project.ops.exists("made/a") && project.ops.exists("../home/own/b"))
    }

    @Test func anInputThatIsAPathIsGrantedWithIt() throws {
        let project = try PluginProject(
            "ops: 1\ntasks:\n  t: { acme.pack: { source: dist, report: out/report.txt } }\n",
            program: """
                open("out/report.txt.new", "w").write("made")
                os.rename("out/report.txt.new", "out/report.txt")
                try: open("other.txt", "w")
                except PermissionError: open("out/held", "w")
                \(Self.outputs)
                result()
                """,
            manifest: AcmeManifest.text(permissions: "{ net: none }").replacing(
                "        token:", with: "        report: { type: string, x-ops-path: write }\n        token:"))
        try project.ops.write("dist/a", "")
        let result = try project.ops("t")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(try project.ops.text("out/report.txt") == "made")
        #expect(project.ops.exists("out/held") && !project.ops.exists("other.txt"))
    }

    @Test(arguments: ["none", "[ 'localhost:1' ]"])
    func aServerThatIsNotNamedIsOutOfReach(_ net: String) throws {
        guard SandboxSupport.landlock >= 4 else { return }
        let listener = try PermissionTests.Listener()
        let line = "import socket; socket.create_connection(('127.0.0.1', \(listener.port)))"
        let project = try project("{ net: \(net) }", line)
        let result = try project.ops("t")
        let text = result.text + result.errorText
        #expect(result.status == 1, "\(text)")
        #expect(
            text.contains("likely stopped by the permissions of \(Self.place)") && text.contains("; net "), "\(text)")
        for permissions in ["{ net: ['localhost:\(listener.port)'] }", nil] {
            let passed = try self.project(permissions, line).ops("t")
            #expect(passed.status == 0, "\(passed.text)\(passed.errorText)")
        }
    }

    @Test func neitherGivesMoreThanTheOther() throws {
        let recipe = PluginProject.recipe() + "permissions: { read: [dist, .ops], write: [made] }\n"
        for (permissions, line) in [
            (nil, "open('secret.txt').read()"), ("{ read: [.], write: [.] }", "open('secret.txt').read()"),
            ("{ read: [.], write: [.] }", "open('new.txt', 'w')"), ("{ read: [dist] }", "open('made/new.txt', 'w')"),
        ] {
            let project = try project(permissions, line, recipe: recipe)
            let result = try project.ops("t")
            let text = result.text + result.errorText
            #expect(result.status == 1, "\(line): \(text)")
            #expect(text.contains("the permissions of ops.yaml:5: read dist, .ops; write made"), "\(text)")
            #expect(text.contains(Self.place) == (permissions != nil), "\(text)")
            #expect(!project.ops.exists("new.txt") && !project.ops.exists("made/new.txt"))
        }
        let project = try project("{ read: [.], write: [.] }", "open('made/new.txt', 'w')", recipe: recipe)
        #expect(try project.ops("t").status == 0)
    }

    @Test func aPlanCanBeHeldToItsPurity() throws {
        let line = "open(r['verb'] + '.txt', 'w')"
        let project = try project("{ read: [.], write: [.] }", line)
        let plan = try project.ops("plan", "t", "--online")
        #expect(plan.status == 2 && plan.errorText.contains("likely stopped by the permissions of \(Self.place)"))
        #expect(!project.ops.exists("plan.txt"))
        let result = try project.ops("t")
        #expect(result.status == 0 && project.ops.exists("apply.txt"), "\(result.text)\(result.errorText)")
    }

    @Test func aPlanIsHeldToThePermissionsOfTheRecipe() throws {
        let recipe = PluginProject.recipe() + "permissions: { read: [dist, .ops] }\n"
        let project = try project(nil, "open('secret.txt').read()", recipe: recipe)
        let plan = try project.ops("plan", "t", "--online")
        #expect(plan.status == 2, "\(plan.text)\(plan.errorText)")
        #expect(plan.errorText.contains("before it gave a result"), "\(plan.errorText)")
    }

    @Test func aSourceOfSecretsIsHeldToo() throws {
        let recipe =
            "ops: 1\nsecrets: { key: acme://a }\ntasks: { t: { env: { K: \"${{ secrets.key }}\" }, run: 'true' } }\n"
        let answer = """
            value = open("secret.txt").read()
            result(values=[{"value": value.strip()}])
            sys.exit(0)
            """
        let held = try project("{ net: none }", answer, recipe: recipe)
        let result = try held.ops("t")
        #expect(result.status == 2, "\(result.text)\(result.errorText)")
        let text = result.text + result.errorText
        #expect(text.contains("the permissions of \(Self.place)"), "\(text)")
        #expect(try project("{ read: [secret.txt] }", answer, recipe: recipe).ops("t").status == 0)
    }

    /// An interpreter that PATH leads to is there with what stands around it, and with no more.
    @Test(arguments: ["env interp", "env -S interp -u"])
    func anInterpreterOutsideOfTheSystemStartsThePlugin(_ words: String) throws {
        let project = try project("{ net: none }", "")
        try project.ops.write(
            "opt/real/bin/interp-1", "#!/bin/sh\nhome=$(dirname \"$(readlink -f \"$0\")\")/..\n. \"$home/lib/part\"\n",
            mode: 0o755)
        try project.ops.write(
            "opt/real/lib/part",
            "read -r line\ncat \"$home/etc/secret\" >&2 || echo held >&2\n"
                + "echo '{\"type\":\"outputs\",\"outputs\":{\"path\":\"a\",\"key\":\"some-key\"}}'\n"
                + "echo '{\"type\":\"result\",\"id\":\"r1\",\"status\":\"ok\"}'\n")
        try project.ops.write("opt/real/etc/secret", "hidden\n")
        try run(["mkdir", "-p", "opt/bin"], in: project.ops.project)
        try run(["ln", "-s", "../real/bin/interp-1", "opt/bin/interp"], in: project.ops.project)
        try project.writeExecutable("#!/usr/bin/\(words)\n")
        let path = "\(project.ops.project)/opt/bin:/usr/bin:/bin"
        let result = try project.ops.run(["t", "-v"], environment: ["PATH": path])
        let text = result.text + result.errorText
        #expect(result.status == 0, "\(text)")
        #expect(text.contains("held") && !text.contains("hidden"), "\(text)")
        // Its own word is not enough.
        try project.writeExecutable("#!\(project.ops.project)/opt/real/bin/interp-1\n")
        let refused = try project.ops("t")
        #expect(refused.status == 1)
        #expect((refused.text + refused.errorText).contains("the permissions of \(Self.place)"))
    }

    @Test(arguments: [
        ("read: ['dist/*']", "'dist/*' of 'permissions' has '*' in it: a permission is no glob"),
        ("write: ['~other/x']", "'~other/x' of 'permissions' is the home of another user"),
        ("net: ['https://example.com/a']", "'https://example.com/a' of 'permissions' is no 'host:port'"),
    ])
    func aPermissionThatCannotBeHeldIsAnError(_ permission: String, _ error: String) throws {
        let result = try project("{ \(permission) }", "").ops("lint")
        #expect(result.status == 2)
        #expect(
            result.text.contains(".ops/plugins/acme/plugin.yaml:30:") && result.text.contains(error), "\(result.text)")
    }
}
