import OpsCore
import TestKit
import Testing

/// What is told of a recipe of others before it is trusted, and what it may read.
@Suite struct RemoteTrustTests {
    private static let recipe = """
        ops: 1
        inputs: { who: { default: me } }
        dotenv: [ ci.env ]
        env: { MODE: fast }
        vars: { level: 1 }
        plugins: { acme: ./tools/acme }
        secrets:
          token: { from: [ "env://CI_TOKEN", { exec: [ pass, show, ci ] } ] }
          key: { exec: [ print-key ] }
        include: { base: { from: base.yaml, with: { size: 1 } } }
        tasks: { t: { run: 'true' } }
        finally: [ { run: 'echo end' } ]

        """
    private static let base = "ops: 1\ninputs: { size: { type: integer } }\ntasks: { b: { run: 'true' } }\n"
    private static let manifest = "name: acme\npermissions: { exec: [ df ] }\n"

    private static func repository() throws -> GitRepository {
        let repository = try GitRepository()
        try repository.commit([
            "ops.yaml": recipe, "base.yaml": base, "tools/acme/plugin.yaml": manifest, "data": "1\n",
        ])
        return repository
    }

    @Test func dotenvCommandsAndPluginsOfTheTreeAreTold() throws {
        let repository = try Self.repository()
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        let asked = try project("lock")
        for text in [
            "  dotenv      ci.env\n", "  plugin      acme: exec: df\n",
            #"token from env://CI_TOKEN or the command ["pass","show","ci"], key from the command ["print-key"]"#,
        ] { #expect(asked.errorText.contains(text), "\(text): \(asked)") }
    }

    @Test(arguments: [
        ("ops.yaml", "MODE: fast", "MODE: \"fast; id\"", "~ env MODE: fast; id"),
        ("ops.yaml", "level: 1", "level: 2", "~ variable level: 2"),
        ("ops.yaml", "[ ci.env ]", "[ ci.env, more.env ]", "+ dotenv more.env"),
        ("ops.yaml", "show, ci", "show, all", #"~ secret token: env://CI_TOKEN, the command ["pass","show","all"]"#),
        ("ops.yaml", "[ print-key ]", "[ steal ]", #"~ secret key: the command ["steal"]"#),
        ("tools/acme/plugin.yaml", "df", "df, sh", "~ permissions of the plugin acme: exec: df sh"),
        ("ops.yaml", "default: me", "default: you", "other parts of the recipe changed"),
        ("ops.yaml", "size: 1", "size: 2", "other parts of the recipe changed"),
        ("ops.yaml", "echo end", "echo END", "other parts of the recipe changed"),
        ("base.yaml", "type: integer", "type: text", "other parts of the recipe changed"),
        ("tools/acme/plugin.yaml", "name: acme", "name: other", "other parts of the recipe changed"),
        ("ops.yaml", "ops: 1\n", "ops: 1\ndefaults: { timeout: 5s }\n", "other parts of the recipe changed"),
        ("data", "1", "2", "only files that it ships changed"),
        ("ops.yaml", "ops: 1\n", "# a comment\nops: 1\n", "only files that it ships changed"),
    ])
    func aChangeIsToldAsWhatItIs(_ file: String, _ old: String, _ new: String, _ line: String) throws {
        let repository = try Self.repository()
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        #expect(try project.lock().status == 0)
        let text = String(decoding: try readAll("\(repository.path)/\(file)"), as: UTF8.self)
        try repository.commit([file: text.replacing(old, with: new)])
        let update = try project("lock", "update")
        let shown = update.errorText.split(separator: "\n").map(String.init)
        let start = try #require(shown.firstIndex { $0.hasSuffix(" changed") }, "\(update)")
        let end = try #require(shown.firstIndex { $0 == "  it now has" }, "\(update)")
        #expect(shown[(start + 1)..<end] == ["  \(line)"], "\(update)")
    }

    @Test func filesThatIncludeEachOtherManyTimesAreReadOnce() throws {
        let repository = try GitRepository()
        func write(_ times: Int) throws {
            var files: [String: String] = [:]
            for level in 0..<17 {
                let includes = (0..<times).map { "i\($0): f\(level + 1).yaml" }.joined(separator: ", ")
                files["f\(level).yaml"] = """
                    ops: 1
                    include: { \(level == 16 ? "" : includes) }
                    tasks: { t: { run: 'true' } }

                    """
            }
            try repository.commit(files)
        }
        try write(3)
        let project = try RemoteProject(from: "git+file://\(repository.path)//f0.yaml")
        let result = try project("lock")
        #expect(result.status == 2)
        #expect(result.errorText.contains("more than 10000 includes, those of included recipes counted"), "\(result)")
        try write(1)
        let asked = try project("lock")
        #expect(asked.errorText.contains("steps       17 × run, 17 of them scripts"), "\(asked)")
    }

    @Test func nothingThatStrangersWroteMovesTheCursor() throws {
        let repository = try GitRepository()
        try repository.commit([
            "ops.yaml": """
            ops: 1
            include:
              "a\\e[2K": b.yaml
              good: b.yaml
            env: { "X\\u202E": "\\e]0;x\\a" }
            tasks: { "t\\e[1A": { run: 'true' } }

            """, "b.yaml": "ops: 1\ninclude: { \"c\\e[3J\": git+file:///nowhere }\ntasks: { t: { run: 'true' } }\n",
        ])
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        let asked = try project("lock")
        #expect(asked.errorText.contains("tasks       t\\u{1b}[1A, good:t\n"), "\(asked)")
        #expect(!asked.errorText.utf8.contains(0x1B), "\(asked)")
        let digest = try #require(RemoteProject.asked(asked).first)
        let accepted = try project("lock", "--accept", digest)
        #expect(accepted.status == 0, "\(accepted)")
        let listed = try project("list")
        #expect(listed.status == 2 && !listed.errorText.utf8.contains(0x1B), "\(listed)")
    }

    @Test func aDotenvFileOutsideOfItsTreeIsNotRead() throws {
        let repository = try GitRepository()
        let ops = try RemoteProject(from: "git+file://\(repository.path)")
        try ops.ops.write("../secret.env", "STOLEN=hunter2\n")
        let secret = ops.ops.project + "/../secret.env"
        for (file, isFine) in [
            ("own.env", true), ("missing.env", true), ("../../../../../secret.env", false), (secret, false),
        ] {
            try repository.commit([
                "own.env": "OWN=own\n",
                "ops.yaml": "ops: 1\ndotenv: [ \(file) ]\ntasks: { t: { run: 'echo \"${OWN-}${STOLEN-}.\"' } }\n",
            ])
            #expect(try ops.lock("update").status == 0)
            let result = try ops("ci:t", "--stream", "raw")
            if isFine {
                #expect(result.text == (file == "own.env" ? "own.\n" : ".\n"), "\(result)")
            } else {
                #expect(result.status == 2 && !result.text.contains("hunter2"), "\(result)")
                #expect(result.errorText.contains("ops.yaml:2:11: error: the dotenv file '"), "\(result)")
                #expect(result.errorText.contains("is outside of what came with"), "\(result)")
            }
        }
    }
}
