import OpsCore
import OpsRecipe
import Testing

@testable import OpsCommands

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

    private func diagnostics(_ tasks: String) throws -> [Diagnostic] {
        do {
            return try RecipeLoader.load(
                Array((Self.head + tasks).utf8), file: "ops.yaml", directory: "/nowhere",
                catalog: try RecipeSession.builtIn()
            ).warnings
        } catch let error as DiagnosticsError {
            return error.diagnostics
        }
    }

    /// Where no secret may go, with `SECRET` in its place, and how the message names it.
    static let forbidden: [(step: String, place: String)] = [
        ("run: [ echo, SECRET ]", "a command's arguments"),
        ("name: SECRET", "'name'"), ("dir: SECRET", "'dir'"), ("stdout: SECRET", "'stdout'"),
        ("archive.create: { output: SECRET, files: [ { from: x } ] }", "'output' of archive.create"),
        ("archive.create: { output: x.tar, files: [ { from: SECRET } ] }", "'from' of"),
        ("archive.create: { output: x.tar, files: [ { from: x, to: SECRET } ] }", "'to' of"),
        ("archive.create: { output: x.tar, files: [ { from: x, exclude: [ SECRET ] } ] }", "'exclude' of"),
        ("archive.list: SECRET", "archive.list"),
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
        let found = try diagnostics(task(step.replacing("SECRET", with: "\"${{ secrets.s }}\"")))
        expectRefusal(
            found, place, line: step.hasPrefix("name") || step.hasPrefix("dir") || step.hasPrefix("stdout") ? 13 : 12)
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
        expectRefusal(try diagnostics(yaml), place, line: 11)
    }

    @Test(arguments: derived)
    func `what derives from a secret is refused in the same places`(expression: String) throws {
        for (step, place) in [Self.forbidden[0], Self.forbidden[2], Self.forbidden[17], Self.forbidden[21]] {
            let found = try diagnostics(task(step.replacing("SECRET", with: "\"x ${{ \(expression) }}\"")))
            expectRefusal(found, place, line: nil)
        }
    }

    @Test(arguments: [
        "env: { A: SECRET }", "stdin: SECRET", "files: { A: SECRET }",
        "http.request: { url: 'http://x', body: SECRET }",
        "http.request: { url: 'http://x', headers: { A: SECRET } }", "notify.slack: { webhook: SECRET, text: x }",
        "container.push: { images: 'oci:x', tags: x, password: SECRET }",
    ])
    func `these places take it, and what derives from it`(step: String) throws {
        for expression in Self.derived where expression != "env.OUTER" {
            let found = try diagnostics(task(step.replacing("SECRET", with: "\"${{ \(expression) }}\"")))
            #expect(found.filter { $0.severity == .error } == [], "\(expression)")
        }
    }

    @Test func `a whole list or map with a secret in it is refused too`() throws {
        for expression in ["vars.list", "['a', secrets.s]", "vars.map"] {
            for step in [
                "run: [ echo, \"${{ \(expression) }}\" ]",
                "http.request: { url: 'http://x', json: \"${{ \(expression) }}\" }",
            ] where !(expression == "vars.map" && step.hasPrefix("run")) {
                expectRefusal(try diagnostics(task(step)), "", line: nil)
            }
        }
    }

    @Test func `a condition may only ask whether a secret is there`() throws {
        for condition in ["secrets.s == 'x'", "startsWith(vars.joined, 'x')", "secrets.s"] {
            let found = try diagnostics("tasks: { a: { if: \"\(condition)\", run: echo } }\n")
            #expect(found.contains { $0.code.hasPrefix("secret") && $0.hint?.contains("null") == true }, "\(condition)")
        }
        #expect(
            try diagnostics("tasks: { a: { if: secrets.t != null, run: echo } }\n").allSatisfy { $0.severity != .error }
        )
    }

    @Test func `a script is constant: the remedy is an environment variable`() throws {
        let found = try diagnostics("tasks: { a: { run: 'echo ${{ secrets.s }}' } }\n")
        #expect(found.contains { $0.severity == .error && ($0.hint ?? "").contains("env") })
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

    private func expectRefusal(_ found: [Diagnostic], _ place: String, line: Int?) {
        let flows = found.filter { $0.code == "secret-flow" }
        #expect(flows.count == 1, "\(found)")
        #expect(flows.first?.message.contains("cannot go into") == true)
        #expect(flows.first?.message.contains(place) == true, "\(found)")
        #expect(flows.first?.hint != nil)
        if let line { #expect(flows.first?.range?.start.line == line, "\(found)") }
    }
}
