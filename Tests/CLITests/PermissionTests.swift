import Glibc
import OpsCore
import OpsSystem
import TestKit
import Testing

private enum Kernel {
    /// Asked as ops asks: with privileges, or as a user of its own.
    static let hasNamespace = ["-n", "-rn"].contains { flag in
        (try? run(["unshare", flag, "true"]).status) == 0
    }
    static let hasNamespaceOfUsers: Bool = {
        let user = geteuid() == 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : []
        return (try? run(user + ["unshare", "-rn", "true"]).status) == 0
    }()
}

/// What the kernel stops: a step's whole process tree, held to the recipe's `permissions` by Landlock. Where this kernel
/// has none, the tests say so and are left out.
@Suite(.enabled(if: SandboxSupport.landlock > 0, "this kernel has no Landlock")) struct PermissionTests {
    /// A project with a file to read, one that no permission names, and tools.
    private static func project(_ permissions: String, _ tasks: String) throws -> OpsProgram {
        let ops = try OpsProgram(
            """
            ops: 1
            permissions: \(permissions)
            tasks:
            \(tasks)

            """)
        try ops.write("data/in.txt", "in\n")
        try ops.write("secret.txt", "hidden\n")
        try ops.write("tools/allowed", "#!/bin/sh\necho allowed\n", mode: 0o755)
        try ops.write("tools/other", "#!/bin/sh\necho other\n", mode: 0o755)
        return ops
    }

    private static let limits = "{ read: [ data ], write: [ dist ], exec: [ tools/allowed ] }"

    @Test func whatIsGrantedWorks() throws {
        let ops = try Self.project(
            Self.limits,
            """
              default:
                steps:
                  - run: |
                      cat data/in.txt > dist/out.txt
                      mkdir dist/sub && mv dist/out.txt dist/sub/moved.txt && cat dist/sub/moved.txt
                      ./tools/allowed
                      echo kept > "$OPS_TEMP/mine" && cat "$(mktemp -p "$TMPDIR")" "$OPS_TEMP/mine"
                      cat "$PRIVATE"
                      echo value=1 > "$OPS_OUTPUT"
                    id: one
                    files: { PRIVATE: "private\\n" }
                    returns: { value: integer }
                  - run: [ python3, -c, "import os, json; print('later', open(os.environ['OPS_TEMP'] + '/mine').read())" ]
            """)
        let result = try ops("--stream", "raw")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(result.text == "in\nallowed\nkept\nprivate\nlater kept\n\n")
        #expect(try ops.text("dist/sub/moved.txt") == "in\n")
    }

    @Test(arguments: [
        "cat secret.txt", "cat data/link", "ls .", "echo x > \"$HOME/x\"", "echo x > data/x", "echo x > out.txt",
        "rm data/in.txt", "mv data/in.txt dist/", "ln data/in.txt dist/hard", "./tools/other", "ls /etc",
        "echo x > /tmp/caged-$$", "sh -c 'setsid sh -c \"cat secret.txt\"'", "python3 -c 'open(\"secret.txt\")'",
        "truncate -s 0 data/in.txt", "mkdir new", "cat \"/proc/$PPID/environ\"", "kill -0 \"$PPID\"",
    ])
    func whatIsNotGrantedIsStopped(script: String) throws {
        // Of others' memory the kernel shows something to root alone.
        if script.contains("environ"), getuid() != 0 { return }
        if script.hasPrefix("kill"), SandboxSupport.landlock < 6 { return }
        if script.hasPrefix("truncate"), SandboxSupport.landlock < 3 { return }
        let ops = try Self.project(Self.limits, "  default: { run: '\(script.replacing("'", with: "''"))' }")
        _ = symlink("../secret.txt", ops.project + "/data/link")
        let result = try ops()
        #expect(result.status == 1, "\(result.text)\(result.errorText)")
        #expect(result.text.contains("the permissions of ops.yaml:2: read data; write dist;"), "\(result.text)")
        #expect(!result.text.contains("hidden"))
        #expect(try ops.text("data/in.txt") == "in\n")
        #expect(!ops.exists("out.txt") && !ops.exists("../home/x") && !ops.exists("new"))
        // The same without permissions: the script itself is right.
        try ops.write("ops.yaml", "ops: 1\ntasks: { default: { run: '\(script.replacing("'", with: "''"))' } }\n")
        try makeFolders(ops.project + "/dist")
        #expect(try ops().status == 0)
    }

    @Test func theErrorNamesThePermission() throws {
        let ops = try Self.project(Self.limits, "  default: { run: 'echo x > \"$HOME/x\"' }")
        let result = try ops()
        #expect(
            result.text.contains(
                "it was likely stopped by the permissions of ops.yaml:2: read data; write dist; net none; exec tools/allowed"
            ), "\(result.text)")
    }

    @Test func noStepGainsPrivilegesAndCleanUpIsHeldToo() throws {
        let ops = try Self.project(
            Self.limits,
            """
              default:
                steps:
                  - run: grep NoNewPrivs /proc/self/status > dist/privileges; echo undone > dist/state
                    undo: { run: 'echo undo; echo x > "$HOME/undo" || echo held; cat secret.txt || echo held' }
                  - run: 'exit 1'
                on-failure: [ { run: 'echo x > "$HOME/failure" || echo held' } ]
                finally: [ { run: 'cat secret.txt || echo held' } ]
            """)
        let result = try ops("--stream", "raw")
        #expect(result.status == 1)
        #expect(try ops.text("dist/privileges") == "NoNewPrivs:\t1\n")
        #expect(
            result.text.split(separator: "\n").filter { $0 == "held" }.count == 4, "\(result.text)\(result.errorText)")
        #expect(!ops.exists("../home/undo") && !ops.exists("../home/failure"))
    }

    @Test func aTaskMayHaveLessThanItsRecipe() throws {
        let ops = try Self.project(
            "{ read: [ . ], write: [ dist ] }",
            """
              all: { run: cat secret.txt }
              less: { permissions: { read: [ data ] }, run: 'cat data/in.txt; cat secret.txt || echo held' }
            """)
        let result = try ops("all", "less", "--stream", "raw", "--jobs", "1")
        #expect(result.text == "hidden\nin\nheld\n")
        try ops.write(
            "ops.yaml",
            """
            ops: 1
            permissions: { read: [ data ], net: [ "*.example.com:443" ] }
            tasks:
              more: { permissions: { read: [ data/sub, . ], net: [ "a.example.com:443", "example.com:80" ] }, run: x }

            """)
        let refused = try ops("more")
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("'read' of task 'more' asks for '.', which ops.yaml:2:1 does not grant"))
        #expect(refused.errorText.contains("'net' of task 'more' asks for 'example.com:80', which ops.yaml:2:1 does"))
        #expect(refused.errorText.contains("granted there is *.example.com:443"))
    }

    @Test func stepsOfOtherPermissionsShareNoTemporaryFiles() throws {
        let ops = try Self.project(
            "{ read: [ . ] }",
            """
              first: { run: 'echo secret > "$OPS_TEMP/left"; echo "$OPS_TEMP" > "$OPS_OUTPUT.place"; echo "$OPS_TEMP"', returns: place }
              default:
                needs: [ first ]
                permissions: { read: [ data ] }
                env: { PLACE: "${{ needs.first.outputs.place }}" }
                run: 'test "$OPS_TEMP" != "$PLACE"; cat "$PLACE/left" || echo held'
            """)
        let result = try ops("--stream", "raw")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(result.text.hasSuffix("held\n"))
    }

    @Test func variablesOfTheCallerAreWithheld() throws {
        let ops = try Self.project(
            "{ env: [ GIVEN, 'CI_*' ] }",
            "  default: { run: 'echo \"$GIVEN ${CI_JOB-none} ${OTHER-none} ${OWN-none}\"', env: { OWN: own } }"
        )
        let result = try ops("--stream", "raw", environment: ["GIVEN": "given", "CI_JOB": "7", "OTHER": "other"])
        #expect(result.text == "given 7 none own\n")
    }

    @Test func theSandboxOfTheCommandLineHoldsARecipeWithoutPermissions() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            tasks:
              default: { run: 'echo x > here.txt; echo x > "$HOME/x" || echo held' }

            """)
        #expect(try ops("--sandbox", "--stream", "raw").text == "held\n")
        #expect(ops.exists("here.txt") && !ops.exists("../home/x"))
        #expect(try ops("--stream", "raw", environment: ["OPS_SANDBOX": "1"]).text == "held\n")
        #expect(try ops("--stream", "raw").text == "")
        #expect(ops.exists("../home/x"))
    }

    // MARK: the network

    /// A server on a free port of the loopback that accepts nothing: the kernel answers for it.
    final class Listener {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var port = 0

        init() throws {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    bind(descriptor, pointer, length) == 0 && listen(descriptor, 16) == 0
                        && getsockname(descriptor, pointer, &length) == 0
                }
            }
            guard isBound else { throw OpsError(.system, "cannot listen") }
            port = Int(UInt16(bigEndian: address.sin_port))
        }

        deinit { close(descriptor) }
    }

    @Test(
        .enabled(if: SandboxSupport.landlock >= 4 || Kernel.hasNamespace, "nothing stops sockets here"))
    func withoutNetworkNoSocketConnects() throws {
        let listener = try Listener()
        let open = "exec 3<>/dev/tcp/127.0.0.1/\(listener.port) && echo con\"\"nected"
        let ops = try Self.project("{ net: none }", "  default: { run: '\(open)' }")
        let result = try ops()
        #expect(result.status == 1)
        #expect(!result.text.contains("connected"))
        #expect(result.text.contains("net none"))
        try ops.write("ops.yaml", "ops: 1\ntasks: { default: { run: '\(open)' } }\n")
        #expect(try ops().text.contains("connected"))
    }

    @Test(.enabled(if: Kernel.hasNamespace, "this system allows no network namespace"))
    func withoutNetworkThereIsNoUDPEither() throws {
        let send = """
            import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"x", ("127.0.0.1", 9))
            """
        let ops = try Self.project("{ net: none }", "  default: { shell: python3, run: '\(send)' }")
        let result = try ops()
        #expect(result.status == 1)
        #expect(result.text.contains("Network is unreachable"), "\(result.text)")
    }

    @Test(.enabled(if: Kernel.hasNamespaceOfUsers, "this system allows users no network namespace"))
    func whoHasNoPrivilegesIsHeldAsWell() throws {
        let ops = try Self.project(
            "{ read: [ data ], net: none }",
            """
              default:
                run: |
                  id -u; cat data/in.txt
                  cat secret.txt || echo hid""den
                  python3 -c '
                  import socket
                  try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
                  except OSError as error: print(error.strerror)
                  '
            """)
        let result = try ops.runUnprivileged(["--stream", "raw"])
        let user = geteuid() == 0 ? 65534 : geteuid()
        #expect(result.text == "\(user)\nin\nhidden\nNetwork is unreachable\n", "\(result.text)\(result.errorText)")
    }

    @Test(.enabled(if: SandboxSupport.landlock >= 4, "this kernel's Landlock knows no ports"))
    func onlyTheNamedPortsAreReached() throws {
        let (named, other) = (try Listener(), try Listener())
        let ops = try Self.project(
            "{ net: [ 'localhost:\(named.port)' ] }",
            """
              named: { run: 'exec 3<>/dev/tcp/127.0.0.1/\(named.port) && echo con""nected' }
              other: { run: 'exec 3<>/dev/tcp/127.0.0.1/\(other.port) && echo con""nected' }
            """)
        #expect(try ops("named").text.contains("connected"))
        let result = try ops("other")
        #expect(result.status == 1 && !result.text.contains("connected"))
        #expect(try ops("plan", "other").text.contains("held to by TCP port, not by name; UDP is not held"))
    }
}
