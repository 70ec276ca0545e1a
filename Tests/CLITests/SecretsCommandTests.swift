import OpsCore
import TestKit
import Testing

/// `ops secrets lock` and `ops secrets drill`.
@Suite struct SecretsCommandTests {
    private static let recipe = """
        ops: 1
        secrets:
          first: env://FIRST
          second: { from: [ env://SECOND, "file://second.txt" ], optional: true }
          key: { from: env://KEY, optional: true }
        tasks: { t: { run: echo, env: { A: "${{ secrets.first }}", B: "${{ secrets.second }}", K: "${{ secrets.key }}" } } }

        """
    private static let variables = ["FIRST": "first-value-1", "SECOND": "second-value-2"]

    @Test func `a lock names what changed, and holds no value`() throws {
        let ops = try OpsProgram(Self.recipe)
        #expect(try ops("secrets", "lock", "--check", environment: ["FIRST": "x"]).status == 2)
        let made = try ops("secrets", "lock", environment: Self.variables.mapValues { $0 })
        #expect(made.status == 0, "\(made.errorText)")
        #expect(made.text == "new  first   env://FIRST\nnew  second  env://SECOND\nnew  key     nowhere\n")
        let text = try ops.text("secrets.lock")
        #expect(text.contains(#""schema": "ops/secrets-lock/v1""#) && text.contains(#""fingerprint": "hmac-sha256:"#))
        #expect(!text.contains("value-1") && !text.contains("value-2"))
        let same = try ops("secrets", "lock", "--check", environment: Self.variables.mapValues { $0 })
        #expect(same.status == 0 && same.text == "3 secrets are as they were.\n")
        let other = try ops("secrets", "lock", "--check", environment: ["FIRST": "another"])
        #expect(other.status == 1)
        #expect(other.text == "changed  first   another value\nmoved    second  env://SECOND → nowhere\n")
        #expect(try ops.text("secrets.lock") == text)
        #expect(try ops("secrets", "lock", environment: Self.variables.mapValues { $0 }).status == 0)
        #expect(try ops.text("secrets.lock") == text)
    }

    @Test func `another machine's fingerprints are not comparable, those of a shared key are`() throws {
        let ops = try OpsProgram(Self.recipe)
        let key = String(repeating: "0123456789abcdef", count: 2)
        var variables: [String: String?] = Self.variables.mapValues { $0 }
        #expect(try ops("secrets", "lock", environment: variables).status == 0)
        variables["OPS_STATE_DIR"] = ops.temporary + "/other-machine"
        let foreign = try ops("secrets", "lock", "--check", environment: variables)
        #expect(foreign.status == 0)
        #expect(foreign.text.contains("unknown  first   its fingerprint has another machine's key\n"))
        variables["KEY"] = key
        #expect(try ops("secrets", "lock", "--key", "key", environment: variables).status == 0)
        #expect(!(try ops.text("secrets.lock").contains(key)))
        variables["OPS_STATE_DIR"] = nil as String?
        variables["HOME"] = ops.temporary
        #expect(try ops("secrets", "lock", "--check", environment: variables).status == 0)
        variables["FIRST"] = "another"
        let changed = try ops("secrets", "lock", "--check", environment: variables)
        #expect(changed.status == 1 && changed.text == "changed  first  another value\n")
        variables["KEY"] = "too short"
        let short = try ops("secrets", "lock", "--key", "key", environment: variables)
        #expect(short.status == 2 && short.errorText.contains("the secret 'key' is too short to make a key from"))
    }

    @Test func `a lock warns of a value that no output can be masked of`() throws {
        let ops = try OpsProgram(Self.recipe)
        let made = try ops("secrets", "lock", environment: ["FIRST": "abc"])
        #expect(made.status == 0)
        #expect(
            made.errorText == "ops: warning: secret 'first' is shorter than 4 bytes and cannot be masked in output\n")
    }

    @Test func `a secret that is not to be had leaves the lock as it is`() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("secrets", "lock")
        #expect(result.status == 2)
        #expect(result.errorText.hasPrefix("ops.yaml:3:3: error: the secret 'first' is not to be had"))
        #expect(!ops.exists("secrets.lock"))
    }

    @Test func `check fetches with --deep what it otherwise only asks for, as text and as data`() throws {
        let ops = try OpsProgram(
            "ops: 1\nsecrets: { a: \"file://a.txt?decode=base64\", b: { from: env://B, optional: true } }\ntasks: {}\n")
        try ops.write("a.txt", "not base64!", mode: 0o600)
        let deep = try ops("secrets", "check", "--deep")
        #expect(deep.status == 1 && deep.text.hasPrefix("invalid  a  file://a.txt?decode=base64  "))
        #expect(!deep.text.contains("not base64!"))
        try ops.write("a.txt", "c2VjcmV0IHZhbHVl", mode: 0o600)
        let json = try JSONReader.value(
            try ops("secrets", "check", "--deep", "--format", "json", environment: ["B": "word"]).output)
        let rows = json.listValue ?? []
        #expect(rows.map { $0["name"]?.stringValue } == ["a", "b"])
        #expect(rows.map { $0["state"]?.stringValue } == ["reachable", "reachable"])
        #expect(rows.allSatisfy { $0["detail"]?.stringValue?.hasSuffix("fetched") == true })
    }

    @Test func `a drill finds where canaries end up, asks no source and leaves no run behind`() throws {
        let recipe = """
            ops: 1
            secrets: { s: env://NOT_SET, t: file://not-there, unused: env://NOT_SET }
            tasks:
              leaky:
                steps:
                  - { run: 'sh -c "sleep LIMIT; :" "$S"', env: { S: "${{ secrets.s }}" } }
                  - { run: 'mkdir -p out; printf %s "$T" | base64 > out/encoded.txt', env: { T: "${{ secrets.t }}" } }
                  - { run: 'printf %s "$S" > plain; tar czf out/packed.tar.gz plain; rm plain', env: { S: "${{ secrets.s }}" } }
                  - { run: 'printf %s "$S" | gzip > out/one.gz; ln -s "/nowhere/$S" out/link', env: { S: "${{ secrets.s }}" } }
                  - { run: 'printf %s "$U" > out/upper', env: { U: "${{ upper(secrets.t) }}" } }
              clean:
                run: 'echo "$S"; printf %s "$S" | sha256sum > /dev/null; sleep 0.1'
                env: { S: "${{ secrets.s }}" }

            """
        // It looks at the processes every now and then.
        let (ops, leaky) = try withLimit { limit in
            let ops = try OpsProgram(recipe.replacing("LIMIT", with: "\(limit.seconds)"))
            return (ops, try ops("secrets", "drill", "leaky"))
        } isEnough: {
            $0.1.text.contains("an argument of sh")
        }
        #expect(leaky.status == 1)
        #expect(leaky.text.contains("found  s  an argument of sh\n"), "\(leaky.text)\(leaky.errorText)")
        #expect(leaky.text.contains("found  t  file out/encoded.txt\n"))
        #expect(leaky.text.contains("found  s  file out/packed.tar.gz, in plain\n"))
        #expect(leaky.text.contains("found  s  file out/one.gz, decompressed\n"))
        #expect(leaky.text.contains("found  s  the target of link out/link\n"))
        #expect(leaky.text.contains("found  t  file out/upper\n"))
        #expect(!leaky.text.contains("canary"))
        // Nothing of it is kept, so nothing of it can be asked for.
        #expect(!leaky.text.contains("ops logs") && !leaky.text.contains("ops resume"))
        let clean = try ops("secrets", "drill", "clean")
        #expect(clean.status == 0, "\(clean.text)\(clean.errorText)")
        #expect(clean.text.contains("[masked:s]") && clean.text.contains("No canary was found"))
        #expect(try run(["test", "-e", ops.state + "/runs"]).status == 1)
        #expect(try run(["ls", ops.temporary]).text == "")
    }

    @Test func `a drill asks the recipe's questions as a run does`() throws {
        let ops = try OpsProgram(
            """
            ops: 1
            secrets: { s: env://S }
            tasks: { t: { confirm: Really?, run: touch ran, env: { S: "${{ secrets.s }}" } } }

            """)
        let result = try ops("secrets", "drill", "t")
        #expect(result.status == 2 && result.errorText.contains("Really?") && !ops.exists("ran"))
        #expect(try ops("secrets", "drill", "t", "--yes").status == 0)
        #expect(ops.exists("ran"))
    }
}
