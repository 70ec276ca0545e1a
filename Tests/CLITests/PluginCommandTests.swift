import TestKit
import Testing

/// Plugins that are programs of their own, in the commands that describe what there is. None of them starts one.
@Suite struct PluginCommandTests {
    private func project() throws -> PluginProject {
        let project = try PluginProject(PluginProject.recipe())
        try project.writeExecutable("#!/bin/sh\ntouch started\n")
        return project
    }

    @Test func listsThePluginsOfAllPlaces() throws {
        let project = try project()
        let home = "../home/.local/share/ops/plugins"
        try project.ops.write("\(home)/acme/plugin.yaml", AcmeManifest.text())
        try project.ops.write(
            "\(home)/box/plugin.yaml",
            AcmeManifest.text().replacing("name: acme", with: "name: box").replacing(
                "secrets: [acme]", with: "secrets: [box]"))
        let result = try project.ops("plugin", "list")
        #expect(result.status == 0, "\(result.errorText)")
        let lines = result.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.count == 3, "\(lines)")
        #expect(lines.first == "acme 1.2.0 the project Packs things")
        #expect(lines[1].hasPrefix("the user not used: /") && lines[1].hasSuffix("/plugins/acme"), "\(lines)")
        #expect(lines.last == "box 1.2.0 the user Packs things")
        let json = try project.ops("plugin", "list", "--format", "json")
        #expect(json.text.contains(#""actions": ["#) && json.text.contains(#""acme.pack""#))
        #expect(!project.ops.exists("started"))
    }

    @Test func listsThePluginsThatIncludedRecipesName() throws {
        let ops = try OpsProgram("ops: 1\ninclude: { part: ./part/ops.yaml }\ntasks: { t: { run: 'true' } }\n")
        let recipe = "ops: 1\nplugins: { box: ../box }\ntasks: { p: { box.pack: { source: x } } }\n"
        try ops.write("part/ops.yaml", recipe + "include: { base: ../base/ops.yaml }\n")
        try ops.write("base/ops.yaml", recipe)
        let manifest = AcmeManifest.text().replacing("secrets: [acme]", with: "")
        try ops.write("box/plugin.yaml", manifest.replacing("name: acme", with: "name: box"))
        try ops.write("box/bin/acme", "#!/bin/sh\ntouch started\n", mode: 0o755)
        let list = try ops("plugin", "list")
        let line = list.text.split(separator: " ").joined(separator: " ")
        #expect(list.status == 0 && list.errorText.isEmpty, "\(list)")
        #expect(line == "box 1.2.0 the include part, the include part:base Packs things\n", "\(list)")
        let json = try ops("plugin", "list", "--format", "json").text.filter { !$0.isWhitespace }
        #expect(json.contains(#""place":"include","includes":["part","part:base"]"#), "\(json)")
        // The recipe's own word comes first.
        try ops.write(
            "ops.yaml",
            "ops: 1\nplugins: { box: ./box }\ninclude: { part: ./part/ops.yaml }\ntasks: { t: { run: 'true' } }\n")
        #expect(try ops("plugin", "list").text.contains("the recipe, the include part, the include part:base"))
        try ops.write("base/ops.yaml", recipe.replacing("../box", with: "../none"))
        let missing = try ops("plugin", "list")
        #expect(missing.status == 2, "\(missing)")
        #expect(missing.errorText.contains("the plugin 'box' is not in ../none: there is no such folder"), "\(missing)")
        #expect(!ops.exists("started"))
    }

    @Test func whereThereAreNoneItSaysWhereItLooked() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: 'true' } }\n")
        let result = try ops.run(["plugin", "list"], environment: ["XDG_DATA_HOME": "/nowhere"])
        #expect(result.status == 0 && result.errorText.isEmpty)
        let start = "no plugins beside the built-in ones; looked in .ops/plugins, /nowhere/ops/plugins, /"
        #expect(result.text.hasPrefix(start) && result.text.hasSuffix("/libexec/ops/plugins\n"), "\(result.text)")
        #expect(try ops("plugin", "list", "--format", "json").text == "[]\n")
    }

    @Test func theUsersFolderIsThatOfXDG() throws {
        let project = try PluginProject("ops: 1\ntasks: { t: { run: 'true' } }\n")
        try project.ops.write(
            "data/ops/plugins/box/plugin.yaml",
            AcmeManifest.text().replacing("name: acme", with: "name: box").replacing("secrets: [acme]", with: ""))
        let result = try project.ops.run(
            ["plugin", "list"], environment: ["XDG_DATA_HOME": project.ops.project + "/data"])
        #expect(result.text.contains("box"), "\(result.text)\(result.errorText)")
    }

    @Test func describesItsActionsAsThoseOfBuiltInOnes() throws {
        let project = try project()
        let actions = try project.ops("actions")
        #expect(actions.text.contains("acme.pack") && actions.text.contains("Pack a folder"), "\(actions.text)")
        #expect(actions.text.contains("acme://"))
        let show = try project.ops("show", "acme.pack")
        #expect(show.status == 0, "\(show.errorText)")
        for part in [
            "acme.pack  Pack a folder", "path, required", "The folder to pack",
            "integer (at least 1, at most 9)", "(default 6)", "text, may be secret", "integer or null", "source: dist",
        ] {
            #expect(show.text.contains(part), "\(part) in \(show.text)")
        }
        #expect(try project.ops("show", "acme://").text.contains("A source of the plugin 'acme' 1.2.0"))
        let schema = try project.ops("schema")
        #expect(schema.text.contains(#""action:acme.pack""#) && schema.text.contains(#""maximum": 9"#))
        #expect(try !project.ops("schema", "--built-in").text.contains("acme.pack"))
        #expect(!project.ops.exists("started"))
    }

    @Test func aManifestThatIsWrongIsToldWithItsPlace() throws {
        let project = try PluginProject(
            PluginProject.recipe(), manifest: AcmeManifest.text().replacing("maximum: 9", with: "max: 9"))
        for words in [["lint"], ["plan", "t"], ["plugin", "list"]] {
            let result = try project.ops.run(words)
            let text = result.text + result.errorText
            #expect(result.status == 2, "\(words): \(text)")
            #expect(
                text.contains(
                    ".ops/plugins/acme/plugin.yaml:16:45: error: unknown key 'max' in the schema of 'level' of 'inputs' of action 'pack'"
                ), "\(words): \(text)")
            #expect(!text.contains("no plugin has the action"), "\(text)")
        }
    }

    @Test func theNameOfABuiltInPluginCannotBeTaken() throws {
        let ops = try OpsProgram("ops: 1\nplugins: { archive: ./archive }\ntasks: { t: { archive.own: {} } }\n")
        try ops.write("archive/plugin.yaml", AcmeManifest.text().replacing("name: acme", with: "name: archive"))
        let result = try ops("lint")
        #expect(result.status == 2)
        #expect(
            result.text.contains("the plugin in archive has the name of the built-in plugin 'archive'"),
            "\(result.text)")
    }

    @Test(arguments: [
        ("./none", "the plugin 'acme' is not in ./none: there is no such folder"),
        ("git+https://example.com/acme.git?ref=v1", "the plugin 'acme' is not in ops.lock"),
        ("oci://example.com/acme:1", "run 'ops lock': it asks before it trusts"),
        ("./other", "'plugins' names 'acme', but the plugin there is 'other'"),
    ])
    func aPluginThatIsNotThereIsToldAtItsPlace(_ from: String, _ error: String) throws {
        let ops = try OpsProgram("ops: 1\nplugins: { acme: '\(from)' }\ntasks: { t: { acme.pack: { source: x } } }\n")
        try ops.write("other/plugin.yaml", AcmeManifest.text().replacing("name: acme", with: "name: other"))
        let result = try ops("lint")
        #expect(result.status == 2)
        #expect(result.text.contains(error), "\(result.text)")
    }

    @Test func aListOfTasksReadsNoPlugin() throws {
        let project = try PluginProject(PluginProject.recipe(), manifest: "not a manifest")
        let result = try project.ops("list")
        #expect(result.status == 0, "\(result.errorText)")
    }

    @Test func anIncludedRecipeHasPluginsOfItsOwn() throws {
        let project = try PluginProject(
            "ops: 1\ninclude: { part: ./part/ops.yaml }\ntasks: { t: { needs: [ 'part:p' ] } }\n")
        try project.ops.write(
            "part/ops.yaml", "ops: 1\nplugins: { box: ./box }\ntasks: { p: { box.pack: { source: x } } }\n")
        try project.ops.write(
            "part/box/plugin.yaml",
            AcmeManifest.text().replacing("name: acme", with: "name: box").replacing("secrets: [acme]", with: ""))
        try project.ops.write(
            "part/box/bin/acme",
            "#!/bin/sh\nread -r line\necho '{\"type\":\"outputs\",\"outputs\":{\"path\":\"a\",\"key\":\"some-key\"}}'\necho '{\"type\":\"result\",\"id\":\"r1\",\"status\":\"ok\"}'\n",
            mode: 0o755)
        let result = try project.ops("t")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
    }
}
