import OpsCore
import OpsSystem
import TestKit
import Testing

/// What ops itself holds to permissions, on any system: actions, secrets, includes, and what a plan tells.
@Suite struct PermissionPlanTests {
    @Test func thePlanTellsThem() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            permissions:
              read: [ . ]
              write: [ dist ]
              net: none
              env: [ CI ]
            tasks:
              default: { run: 'true' }
              less: { permissions: { read: [ data ] }, run: 'true' }

            """)
        let text = try ops("plan").text
        #expect(
            text.contains(
                """
                    permissions (ops.yaml:2):
                        read     .
                        write    dist
                        net      none
                        exec     nothing
                        secrets  nothing
                        env      CI

                """), "\(text)")
        if SandboxSupport.landlock == 0 { #expect(text.contains("disclosure only: this system has no Landlock")) }
        let task = try JSONReader.value(try ops("plan", "less", "--format", "json").output)["tasks"]?.listValue?.first
        let permissions = task?["permissions"]
        #expect(permissions?["read"] == .list([.string(ops.project + "/data")]))
        #expect(permissions?["net"] == .string("none"))
        #expect(permissions?["within"]?.listValue?.first?["write"] == .list([.string(ops.project + "/dist")]))
        // Without them nothing is told.
        try ops.write("ops.yaml", "ops: 1\ntasks: { default: { run: 'true' } }\n")
        #expect(try !ops("plan").text.contains("permissions"))
        #expect(try !ops("plan", "--format", "json").text.contains("permissions"))
    }

    @Test(arguments: [
        (
            "{ archive.create: { output: out.tar, files: [ { from: data, to: d } ] } }",
            "the step may not write 'out.tar'", "its permissions (ops.yaml:2) have 'write': dist"
        ),
        (
            "{ archive.create: { output: dist/out.tar, files: [ { from: secret.txt, to: d } ] } }",
            "the step may not read 'secret.txt'", "its permissions (ops.yaml:2) have 'read': data"
        ),
        (
            "{ run: 'true', stdout: ../out.txt }", "the step may not write", "have 'write': dist"
        ),
    ])
    func anActionIsHeldToPaths(task: String, message: String, hint: String) throws {
        let ops = try OpsProgram(
            "ops: 1\npermissions: { read: [ data ], write: [ dist ] }\ntasks:\n  default: \(task)\n")
        try ops.write("data/a", "a")
        try ops.write("secret.txt", "hidden")
        let result = try ops()
        #expect(result.status == 2)
        #expect(result.errorText.contains(message) && result.errorText.contains(hint), "\(result.errorText)")
        #expect(!ops.exists("out.tar") && !ops.exists("dist/out.tar"))
    }

    @Test func aPathThatOnlyTheRunKnowsIsAskedThere() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            permissions: { read: [ data ], write: [ dist ] }
            tasks:
              name: { run: [ echo, "../out.tar" ], returns: name }
              default:
                needs: [ name ]
                archive.create: { output: "dist/${{ needs.name.outputs.name }}", files: [ { from: data, to: d } ] }

            """)
        try ops.write("data/a", "a")
        let result = try ops()
        #expect(result.status == 1)
        #expect(result.text.contains("the step may not write 'dist/../out.tar'"), "\(result.text)\(result.errorText)")
        #expect(!ops.exists("out.tar"))
    }

    @Test func anActionReachesNoOtherServer() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            permissions: { net: [ "example.com:443" ] }
            tasks:
              default: { http.request: { url: "http://127.0.0.1:9/" } }

            """)
        let result = try ops()
        #expect(result.status == 1)
        #expect(result.text.contains("the step may not reach 127.0.0.1:9"), "\(result.text)")
        #expect(result.text.contains("its permissions (ops.yaml:2) have 'net': example.com:443"))
    }

    @Test func aStepNamesOnlyGrantedSecrets() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { one: env://ONE, two: env://TWO }
            permissions: { secrets: [ one ] }
            tasks:
              default: { run: 'echo "${#A}"', env: { A: "${{ secrets.one }}" } }
              other: { run: 'true', env: { A: "${{ secrets.two }}" } }

            """)
        let environment: [String: String?] = ["ONE": "value-one", "TWO": "value-two"]
        #expect(try ops("--stream", "raw", environment: environment).text == "9\n")
        let refused = try ops("other", environment: environment)
        #expect(refused.status == 2)
        #expect(
            refused.errorText == """
                ops.yaml:6:12: error: the step uses the secret 'two', which its permissions do not name
                    6 |   other: { run: 'true', env: { A: "${{ secrets.two }}" } }
                      |            ^~~ add 'two' to 'secrets' of the permissions at ops.yaml:3

                """)
    }

    @Test func theProgramOfASecretIsNamed() throws {
        func recipe(_ programs: String) -> String {
            """
            ops: 1
            secrets: { s: { exec: [ echo, fetched-value ] } }
            permissions: { secrets: [ s ], exec: \(programs) }
            tasks: { default: { run: 'echo "${#S}"', env: { S: "${{ secrets.s }}" } } }

            """
        }
        let ops = try OpsProgram(recipe("[]"))
        let refused = try ops("plan")
        #expect(refused.status == 2)
        #expect(
            refused.errorText.contains(
                "the secret 's' is fetched by the program 'echo', which the permissions do not name"),
            "\(refused.errorText)")
        try ops.write("ops.yaml", recipe("[ echo ]"))
        #expect(try ops("--stream", "raw").text == "13\n")
    }

    @Test func anIncludedRecipeGetsNoMoreThanItsIncluder() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            include:
              tight: { from: ./other/tight.yaml, permissions: { read: [ other ], secrets: [ own ] } }
              wide: { from: ./other/wide.yaml, permissions: { read: [ other ] } }
            tasks: { default: { needs: [ "tight:show" ] } }

            """)
        try ops.write(
            "other/tight.yaml",
            """
            ops: 1
            secrets: { own: env://OWN }
            tasks:
              show: { run: 'cat file; cat ../secret.txt || echo held', env: { A: "${{ secrets.own }}" } }

            """)
        try ops.write("other/wide.yaml", "ops: 1\npermissions: { read: [ .. ] }\ntasks: { show: { run: 'true' } }\n")
        try ops.write("other/file", "file\n")
        try ops.write("secret.txt", "hidden\n")
        let refused = try ops(environment: ["OWN": "value-own"])
        #expect(refused.status == 2)
        #expect(
            refused.errorText == """
                other/wide.yaml:2:24: error: 'read' of the recipe 'other/wide.yaml' asks for '..', which ops.yaml:4:36 does not grant
                    2 | permissions: { read: [ .. ] }
                      |                        ^~ granted there is .

                """, "\(refused.errorText)")
        try ops.write("other/wide.yaml", "ops: 1\npermissions: { read: [ . ] }\ntasks: { show: { run: 'true' } }\n")
        let result = try ops("--stream", "raw", environment: ["OWN": "value-own"])
        #expect(result.status == 0, "\(result.errorText)")
        if SandboxSupport.landlock > 0 { #expect(result.text == "file\nheld\n") }
    }

    @Test func lintIsStrictWhereItIsAsked() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            include:
              open: ./open.yaml
              held: { from: ./held.yaml }
              limited: { from: ./open.yaml, permissions: { read: [ . ] } }
            tasks: { default: { needs: [ "open:a", "held:a", "limited:a" ] } }

            """)
        try ops.write("open.yaml", "ops: 1\ntasks: { a: { run: 'true' } }\n")
        try ops.write("held.yaml", "ops: 1\npermissions: {}\ntasks: { a: { run: 'true' } }\n")
        #expect(try ops("lint").text == "")
        let result = try ops("lint", "--strict")
        #expect(result.status == 0)
        #expect(
            result.text == """
                ops.yaml:3:3: warning: the include 'open' has no permissions: its steps may touch all
                    3 |   open: ./open.yaml
                      |   ^~~~ write { from: ./open.yaml, permissions: { … } }

                """)
    }
}
