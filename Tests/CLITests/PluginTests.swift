import TestKit
import Testing

/// Actions and secrets of plugins that are programs of their own.
@Suite struct PluginTests {
    @Test func anActionOfAPluginRunsAndGivesItsOutputs() throws {
        let project = try PluginProject(
            """
            ops: 1
            tasks:
              pack: { acme.pack: { source: dist, level: 9 } }
              t:
                needs: [ pack ]
                env: { P: "${{ needs.pack.outputs.path }}" }
                run: echo "got $P"
            """,
            program: """
                open("request", "w").write(json.dumps(r))
                open("environment", "w").write("\\n".join(sorted(os.environ)))
                send("log", level="info", message="packing", fields={"path": "dist"})
                send("progress", done=1, total=2, unit="files")
                send("later", of="a newer version")
                send("output", stream="stdout", text="one line of the step\\n")
                send("outputs", outputs={"path": "wrong", "key": "x-secret-key"})
                send("outputs", outputs={"path": "a.tgz"})
                result(new="member")
                """)
        let result = try project.ops.run(
            ["t", "-v"], environment: ["ACME_HOME": "/acme", "OTHER": "no", "LC_TIME": "C"])
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(result.text.contains("got a.tgz"))
        #expect(result.text.contains("one line of the step"))
        #expect((result.text + result.errorText).contains("packing path=dist"))
        let request = try project.ops.text("request")
        for part in [
            #""verb": "apply""#, #""action": "pack""#, #""task": "pack""#, #""attempt": 1"#,
            #""inputs": {"source": "dist", "level": 9}"#, #""directory": "\#(project.ops.project)""#,
        ] {
            #expect(request.contains(part), "\(part) in \(request)")
        }
        let variables = try project.ops.text("environment").split(separator: "\n")
        #expect(variables.contains("ACME_HOME") && variables.contains("LC_TIME") && variables.contains("PATH"))
        #expect(!variables.contains("OTHER") && !variables.contains("OPS_STATE_DIR"))
    }

    @Test func aPlanStartsNoProgramUnlessItIsToAsk() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                open("started", "w").write(r["verb"])
                send("outputs", outputs={"path": "planned.tgz", "key": {"$unknown": "run"}})
                result(effects=[{"kind": "publish", "target": "https://acme.example/box", "detail": "1 box"}])
                """, manifest: AcmeManifest.text(permissions: nil))
        try project.ops.write("dist/a", "")
        let plan = try project.ops("plan", "t")
        #expect(plan.status == 0, "\(plan.errorText)")
        #expect(plan.text.contains("read") && plan.text.contains("dist"))
        #expect(plan.text.contains("plugin acme 1.2.0  (not asked: the plan is what its manifest says)"))
        #expect(!project.ops.exists("started"))
        let online = try project.ops("plan", "t", "--online")
        #expect(online.status == 0, "\(online.errorText)")
        #expect(online.text.contains("https://acme.example/box"))
        #expect(try project.ops.text("started") == "plan")
        let json = try project.ops("plan", "t", "--online", "--format", "json")
        #expect(json.text.contains("planned.tgz"))
    }

    @Test func aRunWithoutASavedPlanStartsTheProgramOnce() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                open("calls", "a").write(r["verb"] + json.dumps(r.get("planned")) + "\\n")
                send("outputs", outputs={"path": r["verb"] + ".tgz", "key": "secret-key-1"})
                result()
                """)
        let result = try project.ops("t")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(try project.ops.text("calls") == "apply{\"outputs\": {}}\n")
    }

    @Test func whatWasPlannedMustComeTrue() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                send("outputs", outputs={"path": r["verb"] + ".tgz", "key": "secret-key-1"})
                result()
                """)
        try project.ops.write("dist/a", "")
        #expect(try project.ops("plan", "t", "--online", "--out", "plan.json").status == 0)
        let result = try project.ops("run", "--plan", "plan.json")
        #expect(result.status == 1)
        let text = result.text + result.errorText
        #expect(text.contains("the plugin 'acme' had planned another value for the output 'path'"), "\(text)")
        #expect(text.contains(#"planned "plan.tgz", got "apply.tgz""#), "\(text)")
    }

    @Test func aPlanThatComesTrueRuns() throws {
        let project = try PluginProject(
            PluginProject.recipe(),
            program: """
                if r["verb"] == "apply": open("request", "w").write(json.dumps(r))
                send("outputs", outputs={"path": "a.tgz", "key": "secret-key-1"})
                result()
                """)
        try project.ops.write("dist/a", "")
        #expect(try project.ops("plan", "t", "--online", "--out", "plan.json").status == 0)
        let result = try project.ops("run", "--plan", "plan.json")
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        #expect(try project.ops.text("request").contains(#""planned": {"outputs": {"path": "a.tgz"}}"#))
    }

    @Test(arguments: [("{ source: dist, level: 3 }", 26), ("{ level: 3, source: \"${{ inputs.s }}\" }", 36)])
    func anErrorIsShownAtTheArgumentItNames(_ arguments: String, _ column: Int) throws {
        let project = try PluginProject(
            "ops: 1\ninputs: { s: { default: x } }\ntasks:\n  t:\n    acme.pack: \(arguments)\n",
            program: """
                result("error", error={"code": "not-found", "message": "no such folder", "hint": "make it",
                    "at": "/inputs/source"})
                """)
        let result = try project.ops("t")
        let text = result.text + result.errorText
        #expect(result.status == 1)
        #expect(text.contains("ops.yaml:5:\(column)"), "\(text)")
        #expect(text.contains("acme: no such folder") && text.contains("make it"), "\(text)")
        let online = try project.ops("plan", "t", "--online")
        #expect(online.status == 2)
        #expect(online.errorText.contains("ops.yaml:5:\(column): error: acme: no such folder"), "\(online.errorText)")
    }

    @Test func argumentsAreCheckedAsThoseOfBuiltInActions() throws {
        let project = try PluginProject(
            """
            ops: 1
            secrets: { key: env://KEY }
            tasks:
              a: { acme.pack: { sourc: dist } }
              b: { acme.pack: { source: dist, level: 10 } }
              c: { acme.pack: { source: "${{ secrets.key }}" } }
              d: { acme.pak: { source: dist } }
            """)
        let result = try project.ops("lint")
        #expect(result.status == 2)
        for part in [
            "ops.yaml:4:21: error: acme.pack has no parameter 'sourc'",
            "ops.yaml:5:42: error: 'level' of acme.pack must be at most 9",
            "the secret 'key' cannot go into 'source' of acme.pack",
            "the plugin 'acme' has no action 'pak'", "did you mean 'acme.pack'?",
        ] {
            #expect(result.text.contains(part), "\(part) in \(result.text)")
        }
    }

    @Test func secretsReachItOnlyByTheirMapAndAreMaskedInAllItSays() throws {
        let project = try PluginProject(
            """
            ops: 1
            secrets: { key: env://KEY }
            tasks:
              t:
                steps:
                  - { id: p, acme.pack: { source: dist, token: "${{ secrets.key }}" } }
                  - { env: { K: "${{ steps.p.outputs.key }}" }, run: 'echo "key $K"' }
            """,
            program: """
                name = r["inputs"]["token"]["$secret"]
                token = r["secrets"][name]
                assert token == "hunter2-of-the-test" and "hunter2" not in json.dumps(r["inputs"])
                send("secret", name="session", value="found-at-run-time")
                print("debug: " + token + " found-at-run-time", file=sys.stderr, flush=True)
                send("log", level="warning", message="used " + token)
                send("output", stream="stderr", text="shown " + token + " found-at-run-time\\n")
                send("outputs", outputs={"path": "a.tgz", "key": "k3y-of-the-plugin"})
                print("late k3y-of-the-plugin", file=sys.stderr, flush=True)
                result()
                """)
        let result = try project.ops.run(["t", "-v", "--log-file", "log"], environment: ["KEY": "hunter2-of-the-test"])
        let text = result.text + result.errorText
        #expect(result.status == 0, "\(text)")
        #expect(
            text.contains("debug: [masked:key] [masked:session]") && text.contains("used [masked:key]")
                && text.contains("shown [masked:key]"), "\(text)")
        #expect(text.contains("key [masked:"))
        let journal = try run([
            "grep", "-rlE", "hunter2|found-at-run-time|k3y-of-the-plugin", project.ops.state,
            project.ops.project + "/log",
        ])
        #expect(journal.text.isEmpty, "\(journal.text)")
        for secret in ["hunter2", "found-at-run-time", "k3y-of-the-plugin"] { #expect(!text.contains(secret)) }
    }

    @Test func aSecretOutputGoesOnlyWhereSecretsMay() throws {
        let project = try PluginProject(
            """
            ops: 1
            tasks:
              t:
                steps:
                  - { id: p, acme.pack: { source: dist } }
                  - { run: [ echo, "${{ steps.p.outputs.key }}" ] }
            """)
        let result = try project.ops("plan", "t")
        #expect(result.status == 2)
        #expect(result.errorText.contains("cannot go into a command's arguments"), "\(result.errorText)")
    }

    @Test func itIsASourceOfSecrets() throws {
        let project = try PluginProject(
            """
            ops: 1
            secrets:
              key: acme://team/box#password?version=2
              none: { from: [ "acme://missing/one" ], optional: true }
            tasks:
              t: { env: { K: "${{ secrets.key }}", N: "${{ secrets.none == null }}" }, run: 'echo "have $K $N" | tr e E' }
            """,
            program: """
                print("fetching v4lue-of-box", file=sys.stderr, flush=True)
                def answer(reference):
                    if reference["path"].startswith("missing"):
                        return {"failure": "missing", "message": "no such box"}
                    assert reference["field"] == "password" and reference["options"] == {"version": "2"}
                    return {"value": "v4lue-of-box"}
                result(values=[answer(x) for x in r["references"]])
                """)
        let result = try project.ops("t", "-v")
        let text = result.text + result.errorText
        #expect(result.status == 0, "\(text)")
        #expect(text.contains("havE v4luE-of-box truE"), "\(text)")
        #expect(text.contains("fetching [masked:") && !text.contains("v4lue-of-box"), "\(text)")
    }

    @Test func aTimeoutAsksTheProgramToEnd() throws {
        let project = try PluginProject(
            PluginProject.recipe("    timeout: 5s\n"),
            program: """
                line = json.loads(sys.stdin.readline())
                open("cancelled", "w").write(json.dumps(line))
                result("cancelled")
                """)
        let result = try project.ops("t")
        #expect(result.status == 1)
        #expect((result.text + result.errorText).contains("its timeout of 5s passed"))
        let line = try project.ops.text("cancelled")
        #expect(line.contains(#""type": "cancel""#) && line.contains(#""reason": "timeout""#), "\(line)")
        #expect(line.contains(#""grace-ms": 10000"#))
    }

    @Test func theFolderThatTheRecipeNamesComesFirst() throws {
        let project = try PluginProject(
            PluginProject.recipe().replacing("tasks:", with: "plugins: { acme: ./own/acme }\ntasks:"))
        try project.ops.write("own/acme/plugin.yaml", AcmeManifest.text().replacing("1.2.0", with: "2.0.0"))
        try project.ops.write("own/acme/bin/acme", "#!/bin/sh\nexit 9\n", mode: 0o755)
        let plan = try project.ops("plan", "t")
        #expect(plan.text.contains("plugin acme 2.0.0"), "\(plan.text)\(plan.errorText)")
        let lint = try project.ops("lint")
        #expect(lint.status == 0)
        #expect(
            lint.text.contains("the plugin 'acme' in .ops/plugins/acme is not used: the one in own/acme comes first"),
            "\(lint.text)")
    }

    @Test func aChangedPluginIsNotUpToDate() throws {
        let project = try PluginProject(
            PluginProject.recipe("    sources: [ dist/* ]\n    produces: [ a.tgz ]\n"),
            program: """
                open("a.tgz", "w").write("x")
                send("outputs", outputs={"path": "a.tgz", "key": "secret-key-1"})
                result()
                """)
        try project.ops.write("dist/a", "")
        try project.ops.write(
            ".ops/plugins/acme/plugin.yaml",
            AcmeManifest.text().replacing(", key: { type: string, x-ops-secret: true }", with: ""))
        try project.write(
            program: "open('a.tgz', 'w').write('x')\nsend('outputs', outputs={'path': 'a.tgz'})\nresult()\n")
        #expect(try project.ops("t").status == 0)
        #expect(try project.ops("plan", "t").text.contains("up to date"))
        try project.write(program: "send('outputs', outputs={'path': 'a.tgz'})\nresult()\n")
        #expect(try !project.ops("plan", "t").text.contains("up to date"))
    }
}
