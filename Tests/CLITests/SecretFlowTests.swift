import OpsCore
import TestKit
import Testing

/// A secret, and what derives from one, goes only where it was meant to: every other place of a recipe refuses it with
/// its own place and the remedy.
@Suite struct SecretFlowTests {
    private static let head = """
        ops: 1
        secrets: { s: env://S, t: { from: env://T, optional: true } }
        vars:
          direct: "${{ secrets.s }}"
          joined: "Bearer ${{ secrets.s }}"
          list: [ a, "${{ secrets.s }}" ]
          map: { user: a, password: "${{ secrets.s }}" }

        """

    /// What `ops plan a` says against the recipe; empty where it plans.
    private func complaint(_ tasks: String) throws -> String {
        let ops = try OpsProgram(Self.head + tasks)
        let result = try ops("plan", "a", environment: ["S": "value-of-s", "T": "value-of-t"])
        #expect(!result.text.contains("value-of") && !result.errorText.contains("value-of"))
        let isRefused = result.errorText.contains("error: ")
        #expect(result.status == (isRefused ? 2 : 0), "\(result.errorText)")
        return isRefused ? result.errorText : ""
    }

    /// Where no secret may go, with `SECRET` in its place, and how the message names it.
    static let forbidden: [(step: String, place: String)] = [
        ("run: [ echo, SECRET ]", "a command's arguments"),
        ("name: SECRET", "'name'"), ("dir: SECRET", "'dir'"), ("stdout: SECRET", "'stdout'"),
        ("archive.create: { output: SECRET, files: [ { from: x } ] }", "'output' of archive.create"),
        ("archive.create: { output: x.tar, files: [ { from: SECRET } ] }", "'from' of"),
        ("archive.create: { output: x.tar, files: [ { from: x, to: SECRET } ] }", "'to' of"),
        ("archive.create: { output: x.tar, files: [ { from: x, exclude: [ SECRET ] } ] }", "'exclude' of"),
        ("archive.list: { archive: SECRET }", "'archive' of archive.list"),
        ("archive.extract: { archive: x.tar, to: SECRET }", "'to' of archive.extract"),
        ("container.build: { base: SECRET, output: 'oci:x' }", "'base' of container.build"),
        ("container.build: { base: scratch, output: SECRET }", "'output' of container.build"),
        ("container.build: { base: scratch, output: 'oci:x', config: { env: { A: SECRET } } }", "'A' in 'env' of"),
        (
            "container.build: { base: scratch, output: 'oci:x', config: { labels: { a: SECRET } } }",
            "'a' in 'labels' of"
        ),
        ("container.build: { base: scratch, output: 'oci:x', config: { cmd: [ SECRET ] } }", "'cmd' of"),
        ("container.build: { base: scratch, output: 'oci:x', annotations: { a: SECRET } }", "'a' in 'annotations' of"),
        ("container.push: { images: 'oci:x', tags: SECRET }", "'tags' of container.push"),
        ("http.request: { url: SECRET }", "'url' of http.request"),
        ("http.request: { url: 'http://x', json: { a: SECRET } }", "'json' of http.request"),
        ("http.request: { url: 'http://x', output: SECRET }", "'output' of http.request"),
        ("http.request: { url: 'http://x', expect: { body-contains: SECRET } }", "'body-contains' of"),
        ("notify.slack: { webhook: 'http://x', text: SECRET }", "'text' of notify.slack"),
    ]

    static let ofTask: [(key: String, place: String)] = [
        ("dir: SECRET", "'dir'"), ("exclusive: SECRET", "'exclusive'"), ("confirm: SECRET", "'confirm'"),
        ("matrix: { x: [ SECRET ] }", "the axis 'x'"), ("matrix: [ { x: SECRET } ]", "'matrix'"),
        ("sources: SECRET", "'sources'"), ("produces: [ SECRET ]", "'produces'"),
        ("needs: { task: other, with: { word: SECRET } }", "'with' of need 'other'"),
    ]

    /// The secret itself and what functions, operators, lists, maps and variables make of it.
    static let derived = [
        "secrets.s", "upper(secrets.s)", "sha256(secrets.s)", "join(['a', secrets.s], '-')", "toJSON(vars.map)",
        "format('{0}:x', secrets.s)", "vars.joined", "vars.list[1]", "vars.map.password",
        "replace(secrets.s, 'a', 'b')",
        "default(secrets.t, 'none')", "if(secrets.t == null, 'none', secrets.s)", "fromJSON(secrets.s).field",
        "split(secrets.s, ',')[0]", "env.OUTER",
    ]

    @Test(arguments: forbidden)
    func `a step refuses a secret`(step: String, place: String) throws {
        let isOfAction = !["name", "dir", "stdout"].contains { step.hasPrefix($0 + ":") }
        let complaint = try complaint(task(step.replacing("SECRET", with: "\"${{ secrets.s }}\"")))
        expectRefusal(complaint, place, line: isOfAction ? 12 : 13)
    }

    @Test(arguments: ofTask)
    func `a task refuses a secret`(key: String, place: String) throws {
        let yaml = """
            tasks:
              other: { inputs: { word: }, run: 'echo "$INPUT_WORD"' }
              a:
                \(key.replacing("SECRET", with: "\"${{ secrets.s }}\""))
                run: echo

            """
        expectRefusal(try complaint(yaml), place, line: 11)
    }

    @Test(arguments: derived)
    func `what derives from a secret is refused in the same places`(expression: String) throws {
        for (index, line) in [(0, 12), (2, 13), (17, 12), (21, 12)] {
            let step = Self.forbidden[index].step.replacing("SECRET", with: "\"x ${{ \(expression) }}\"")
            expectRefusal(try complaint(task(step)), "", line: line)
        }
    }

    @Test(arguments: [
        "env: { A: SECRET }", "stdin: SECRET", "files: { A: SECRET }",
        "http.request: { url: 'http://x', body: SECRET }",
        "http.request: { url: 'http://x', headers: { A: SECRET } }", "notify.slack: { webhook: SECRET, text: x }",
    ])
    func `these places take it, and what derives from it`(step: String) throws {
        for expression in Self.derived where expression != "env.OUTER" {
            let complaint = try complaint(task(step.replacing("SECRET", with: "\"${{ \(expression) }}\"")))
            #expect(complaint.isEmpty, "\(expression): \(complaint)")
        }
    }

    @Test(arguments: ["vars.list", "['a', secrets.s]", "vars.map"])
    func `a whole list or map with a secret in it is refused too`(expression: String) throws {
        var steps = ["http.request: { url: 'http://x', json: \"${{ \(expression) }}\" }"]
        if expression != "vars.map" { steps.append("run: [ echo, \"${{ \(expression) }}\" ]") }
        for step in steps { expectRefusal(try complaint(task(step)), "", line: 12) }
    }

    @Test func `a condition may only ask whether a secret is there`() throws {
        for condition in ["secrets.s == 'x'", "startsWith(vars.joined, 'x')", "secrets.s", "join(vars.list) == 'x'"] {
            let complaint = try complaint("tasks: { a: { if: \"\(condition)\", run: echo } }\n")
            #expect(complaint.hasPrefix("ops.yaml:8:"), "\(condition)")
            #expect(complaint.contains("only 'secrets.NAME == null' is no secret"), "\(complaint)")
        }
        #expect(try complaint("tasks: { a: { if: secrets.t != null, run: echo } }\n") == "")
    }

    @Test func `a script is constant: the remedy is an environment variable`() throws {
        let complaint = try complaint("tasks: { a: { run: 'echo ${{ secrets.s }}' } }\n")
        #expect(complaint.hasPrefix("ops.yaml:8:") && complaint.contains("env: {"), "\(complaint)")
    }

    private func task(_ step: String) -> String {
        let hasAction = step.hasPrefix("run:") || step.prefix { $0 != ":" }.contains(".")
        return """
            tasks:
              a:
                env: { OUTER: "${{ secrets.s }}" }
                steps:
                  - \(hasAction ? step : "run: echo")
                    \(hasAction ? "timeout: 1m" : step)

            """
    }

    private func expectRefusal(_ complaint: String, _ place: String, line: Int) {
        #expect(complaint.hasPrefix("ops.yaml:\(line):"), "\(complaint)")
        #expect(complaint.contains("cannot go into"), "\(complaint)")
        #expect(complaint.contains(place), "\(complaint)")
        #expect(complaint.contains("'files'"), "no remedy: \(complaint)")
    }
}
