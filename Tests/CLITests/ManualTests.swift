import OpsCore
import TestKit
import Testing

/// The manual, the README and `ops show` say what the program does, and their examples work.
@Suite struct ManualTests {
    private static let root = String(#filePath.dropLast("Tests/CLITests/ManualTests.swift".count))

    private static func file(_ name: String) throws -> String {
        String(decoding: try readAll(root + name), as: UTF8.self)
    }

    private static func plugins() throws -> [Value] {
        try JSONReader.value(try OpsProgram()("actions", "--format", "json").output).listValue ?? []
    }

    @Test func commandPageHasEveryCommandAndOption() throws {
        let ops = try OpsProgram()
        let page = try ops("manual", "ops.1").text
        let help = try ops("--help").text
        let commands = try #require(help.firstRange(of: "SUBCOMMANDS:")).upperBound
        var found = 0
        for line in help[commands...].split(separator: "\n") where line.hasPrefix("  ") && !line.hasPrefix("   ") {
            let command = line.dropFirst(2).prefix { $0 != " " }
            guard command != "See" else { continue }
            found += 1
            #expect(page.contains("\n.Ss ops \(command)\n"), "ops \(command)")
            for option in try ops("help", String(command)).text.matches(of: /--([a-z][a-z-]+)/).map(\.1) {
                guard option != "help", option != "version" else { continue }
                #expect(page.contains("Fl -\(option)"), "--\(option) of ops \(command)")
            }
        }
        #expect(found >= 11)
    }

    @Test func pagesHaveEveryActionAndProvider() throws {
        let pages = [try Self.file("man/ops-recipe.5"), try Self.file("man/ops-plugin.7")]
        let sources = try Self.file("man/ops-secrets.7")
        for plugin in try Self.plugins() {
            for action in plugin["actions"]?.listValue ?? [] {
                let name = try #require(action["name"]?.stringValue)
                for page in pages { #expect(page.contains("\n.Ss \(name)\n"), "\(name)") }
                for parameter in action["parameters"]?.listValue ?? [] {
                    let parameter = try #require(parameter["name"]?.stringValue)
                    #expect(pages[0].contains("\n.It Ic \(parameter) : "), "\(parameter) of \(name)")
                }
            }
            for provider in plugin["secret-schemes"]?.listValue ?? [] {
                let scheme = try #require(provider["scheme"]?.stringValue)
                let form = scheme == "exec" ? "exec:" : scheme + "://"
                for page in pages { #expect(page.contains("\n.It Ic \(form)\n"), "\(scheme)") }
                #expect(sources.contains("\n.Ss \(form)\n"), "\(scheme)")
            }
        }
    }

    /// Every example of every action, in a recipe around it.
    private static func examples() throws -> [(action: String, title: String, yaml: String)] {
        try plugins().flatMap { plugin in
            (plugin["actions"]?.listValue ?? []).flatMap { action in
                (action["examples"]?.listValue ?? []).map { example in
                    (
                        action["name"]?.stringValue ?? "", example["title"]?.stringValue ?? "",
                        example["yaml"]?.stringValue ?? ""
                    )
                }
            }
        }
    }

    private static func recipe(around yaml: String) -> String {
        let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
        let needs = yaml.contains("needs.image") ? "    needs: [ image ]\n" : ""
        return """
            ops: 1
            inputs: { version: { default: 1.2.3 } }
            secrets: { slack: env://SLACK, token: env://TOKEN, registry: env://REGISTRY }
            tasks:
              image: { matrix: { arch: [ amd64, arm64 ] }, run: "true", returns: reference }
              example:
            \(needs)\(lines.joined(separator: "\n"))

            """
    }

    /// The files that the examples name.
    private static func project(_ recipe: String) throws -> OpsProgram {
        let ops = try OpsProgram(recipe)
        try ops.write("build/app", "#!/bin/sh\necho app\n", mode: 0o755)
        try ops.write("dist/app", "#!/bin/sh\necho app\n", mode: 0o755)
        for name in ["docs/guide.txt", "docs/draft.tmp", "LICENSE", "public/index.html", "site/index.html"] {
            try ops.write(name, name + "\n")
        }
        try ops.write("vendor/tool/bin/tool", "tool\n")
        for command in [
            ["tar", "czf", "tool.tar.gz", "tool"], ["tar", "cf", "../dist/app.tar", "tool"],
        ] {
            #expect(try run(command, in: ops.project + "/vendor").status == 0)
        }
        try ops.write("dist/a.zip", "zip\n")
        #expect(try run(["zstd", "-q", "app.tar"], in: ops.project + "/dist").status == 0)
        return ops
    }

    @Test func everyExamplePlansAndThoseThatNeedNoServiceRun() throws {
        let examples = try Self.examples()
        #expect(examples.count >= 12)
        var ran = 0
        for example in examples {
            let label = "\(example.action): \(example.title)"
            let ops = try Self.project(Self.recipe(around: example.yaml))
            let lint = try ops("lint")
            #expect(lint.status == 0, "\(label)\n\(lint.text)\(lint.errorText)")
            let plan = try ops("plan", "example", environment: ["SLACK": "https://hooks.example.com/x"])
            #expect(plan.status == 0, "\(label)\n\(plan.errorText)")
            let isLocal =
                example.action == "run" || example.action.hasPrefix("archive.")
                || (example.action == "container.build" && !example.yaml.contains("base:"))
            guard isLocal else { continue }
            ran += 1
            let result = try ops("example")
            #expect(result.status == 0, "\(label)\n\(result.text)\(result.errorText)")
        }
        #expect(ran >= 8)
    }

    @Test(arguments: ["man/ops-recipe.5", "README.md"])
    func wholeRecipesOfThePagesAreRight(_ name: String) throws {
        let text = "\n" + (try Self.file(name))
        let end = name.hasSuffix(".md") ? "\n```" : "\n.Ed"
        var count = 0
        for start in text.ranges(of: "\nops: 1\n") {
            let rest = text[start.lowerBound...].dropFirst()
            let recipe = rest[..<(rest.firstRange(of: end)?.lowerBound ?? rest.endIndex)]
            let lint = try OpsProgram(recipe.replacing("\\e", with: "\\") + "\n")("lint")
            #expect(lint.status == 0, "\(lint.text)\(lint.errorText)")
            #expect(!lint.text.contains("error:"))
            count += 1
        }
        #expect(count >= 1)
    }
}
