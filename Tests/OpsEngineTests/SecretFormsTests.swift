import OpsCore
import TestKit
import Testing

@testable import OpsEngine

/// What programs make of a secret is masked: the programs are asked.
@Suite struct SecretFormsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var command: String
        var expected: String
        var testDescription: String { command }
    }

    static let secret = "p@ss w0rd/\"q\"'t'&<\u{FC}\u{1F600}>$HOME\\x!,;a%b+c=d"

    /// What is left of what commands write, and the commands: of a shell, or of Python.
    static let forms: KeyValuePairs<String, [String]> = [
        "[masked:S]\n": [
            #"printf '%s\n' "$S""#,
            #"printf '%s' "$S" | base64 -w76"#,
            #"printf '%s' "$S" | base64 -w8"#,
            #"printf '%s' "$S" | openssl enc -base64"#,
            #"printf '%s' "$S" | od -An -v -tx1 | tr -d ' '"#,
            "import json; print(json.dumps(json.dumps(s))[3:-3])",
            "import urllib.parse as u; print(u.quote(s))",
            "import urllib.parse as u; print(u.quote(s, safe=''))",
            "import urllib.parse as u; print(u.quote_plus(s))",
            "import re, urllib.parse as u; print(re.sub('%..', lambda m: m[0].lower(), u.quote(s, safe='')))",
            "import html; print(html.escape(s))",
            "import xml.sax.saxutils as x; print(x.escape(s))",
            "import base64; print(base64.urlsafe_b64encode(s.encode()).decode())",
        ],
        "[masked:S]": [
            #"printf '%s' "$S" | base64 -w0"#,
            #"printf '%s' "$S" | od -An -v -tx1 | tr -d ' \n'"#,
            #"printf '%s' "$S" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F"#,
            #"LC_ALL=C.UTF-8 bash -c 'printf %q "$S"'"#,
        ],
        "+ : '[masked:S]'\n": [
            #"LC_ALL=C.UTF-8 bash -c 'set -x; : "$S"' 2>&1"#,
            #"LC_ALL=C bash -c 'set -x; : "$S"' 2>&1"#,
        ],
        "+ : [masked:S]\n": [#"sh -c 'set -x; : "$S"' 2>&1"#],
        "declare -x S=\"[masked:S]\"\n": [#"bash -c 'declare -p S'"#],
        "\"[masked:S]\"\n": [
            "import json; print(json.dumps(s))",
            "import json; print(json.dumps(s, ensure_ascii=False))",
            "import json; print(json.dumps(s).replace('/', '\\\\/'))",
        ],
        "a=[masked:S]\n": ["import urllib.parse as u; print(u.urlencode({'a': s}))"],
        "'[masked:S]'\n": [
            "import shlex; print(shlex.quote(s))",
            "print(\"'\" + s.replace(\"'\", \"''\") + \"'\")",
        ],
        "b'[masked:S]'\n": ["print(repr(s.encode()))"],
        "a,\"[masked:S]\"\r\n": ["import csv,sys; csv.writer(sys.stdout).writerow(['a', s])"],
        "\u{1B}[31m[masked:S]\u{1B}[0m\n": [
            "print('\\x1b[31m' + s[:20] + '\\x1b[1;33m' + s[20:] + '\\x1b[0m')"
        ],
    ]

    static let cases = forms.flatMap { expected, commands in commands.map { Case(command: $0, expected: expected) } }

    @Test(arguments: cases) func masksWhatProgramsWrite(_ example: Case) throws {
        let isPython = example.command.contains("print(") || example.command.hasPrefix("import")
        let command =
            isPython
            ? ["python3", "-c", "import os; s = os.environ['S']; " + example.command] : ["sh", "-c", example.command]
        let result = try run(command, environment: ["S": Self.secret, "PYTHONIOENCODING": "utf-8"])
        #expect(result.status == 0)
        let masked = registry([("S", Self.secret)]).redact(result.output)
        var text = String(decoding: masked, as: UTF8.self)
        // Digits at the edge that depend on what stands beside them stay: none may hold a whole byte of the secret.
        if example.command.contains("base64") { text.removeAll { $0 == "=" } }
        #expect(text == example.expected)
    }

    @Test func theHeaderOfCurlIsMasked() throws {
        let script = """
            import http.server, subprocess, threading
            server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = "http://127.0.0.1:%d/none" % server.server_port
            curl = subprocess.run(["curl", "-sv", "-u", "somebody:hunter22-and-more", url], capture_output=True)
            print(next(line for line in curl.stderr.splitlines() if b"Authorization" in line).decode())
            """
        let result = try run(["python3", "-c", script])
        #expect(
            result.text.hasPrefix(
                "> Authorization: Basic " + Base64.encode(Array("somebody:hunter22".utf8)).dropLast(3)))
        let masked = registry([("P", "hunter22-and-more")]).redact(result.text)
        #expect(masked == "> Authorization: Basic c29tZWJvZHk6[masked:P]\n", "\(result.errorText)")
    }

    /// Wherever the secret lies in what is encoded, and wherever lines end.
    @Test(arguments: [64, 76], ["\n", "\r\n", "\n    "]) func base64IsMaskedAtEachAlignment(_ width: Int, _ end: String)
    {
        let secret = "kJ8#tq!Zr5w-Lm2"
        let registry = registry([("S", secret)])
        for before in 0..<100 {
            let whole = Array((String(repeating: "x", count: before) + secret + "yyyyyyyyyy").utf8)
            for text in [
                Base64.encode(whole), String(Base64.encode(whole).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }),
            ] {
                let lines = stride(from: 0, to: text.utf8.count, by: width).map { start in
                    String(decoding: Array(text.utf8)[start..<min(start + width, text.utf8.count)], as: UTF8.self)
                }
                let masked = registry.redact(lines.joined(separator: end))
                let left = masked.replacing("[masked:S]", with: "").utf8.filter { !end.utf8.contains($0) }
                // 15 bytes are 20 digits; at most two at each edge, and two in front of a line's end, stay.
                #expect(left.count <= text.utf8.count - 20 + 5, "\(before) before, \(masked)")
                #expect(masked.contains("[masked:S]"))
            }
        }
    }

    @Test func fieldsOfAStructuredSecretAreSecrets() {
        let value =
            #"{"type":"x","user":"somebody","password":"pa ss\u0021word","nested":{"keys":["AKIA-1","line one\nline two"]},"#
            + #""port":5432,"id":123456789012,"on":true}"#
        let registry = registry([("db", value)])
        #expect(registry.redact("p=pa ss!word; ") == "p=[masked:db]; ")
        #expect(registry.redact("AKIA-1 line two") == "[masked:db] [masked:db]")
        #expect(registry.redact("id 123456789012 port 5432 true x") == "id [masked:db] port 5432 true x")
        #expect(registry.redact(value) == "[masked:db]")
        #expect(registry.redact(Base64.encode(Array("somebody:pa ss!word".utf8))).contains("[masked:db]"))
    }

    @Test(arguments: [
        ("postgres://app:hunter22%21@db.example:5432/main", ["hunter22%21", "hunter22!"]),
        ("app:p/a@ss@tcp(localhost)/main", ["p/a@ss"]),
        ("somebody:long-password", ["long-password"]),
        ("NAME=some value\nOTHER='quoted one'\nthird: plain-one\n", ["some value", "quoted one", "plain-one"]),
    ]) func passwordsWithinAreSecrets(_ value: String, _ parts: [String]) {
        let registry = registry([("U", value)])
        for part in parts { #expect(registry.redact("<\(part)>") == "<[masked:U]>") }
    }

    @Test func whatEverybodyHasIsNotMaskedByItself() {
        let key =
            "-----BEGIN PRIVATE KEY-----\nMIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8\nAwggE7AgEAAkEAq7BFUpkGp3+LQmlQ\n"
            + "-----END PRIVATE KEY-----\n"
        let registry = registry([("key", key)])
        #expect(registry.redact("-----BEGIN PRIVATE KEY-----\nothers\n") == "-----BEGIN PRIVATE KEY-----\nothers\n")
        #expect(registry.redact(key) == "[masked:key]\n")
        #expect(registry.redact("x MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8") == "x [masked:key]")
    }

    @Test func aLargeValueIsMaskedByItsLines() {
        var random = SeededGenerator(seed: 4)
        let lines = (0..<3000).map { _ in
            String((0..<40).map { _ in "abcdefghijkl<mnop".randomElement(using: &random) ?? "a" })
        }
        let registry = registry([("file", lines.joined(separator: "\n"))])
        #expect(registry.redact(lines[1234]) == "[masked:file]")
        #expect(registry.redact(lines.joined(separator: "\r\n")) == "[masked:file]")
    }
}
