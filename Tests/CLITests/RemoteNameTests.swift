import TestKit
import Testing

/// What messages call the files of a recipe of others: by its reference, wherever its tree lies.
@Suite struct RemoteNameTests {
    /// Nothing that a person reads says where the cache or the vendor folder is.
    private static func showsNoFolder(_ result: CommandResult) -> Bool {
        let text = result.text + result.errorText
        return !text.contains("/trees/") && !text.contains(".ops/vendor")
    }

    @Test func aPlanAndADenialNameTheReference() throws {
        let repository = try GitRepository()
        try repository.commit(
            [
                "ci/go.yaml": """
                ops: 1
                permissions: { read: [ mine ] }
                tasks: { bad: { run: cat secret } }

                """
            ], tag: "v1")
        let project = try RemoteProject(from: "git+file://\(repository.path)//ci/go.yaml?ref=v1")
        try project.ops.write("secret", "hidden\n")
        #expect(try project.lock().status == 0)
        let place = "git+file://\(repository.path)//ci/go.yaml?ref=v1:2"
        for isVendored in [false, true] {
            if isVendored { #expect(try project("lock", "vendor").status == 0) }
            let plan = try project("plan", "ci:bad")
            #expect(plan.text.contains("permissions (\(place)):") && Self.showsNoFolder(plan), "\(plan)")
            let json = try project("plan", "ci:bad", "--format", "json").text
            #expect(json.contains("\"source\": \"\(place):"), "\(json)")
            let denied = try project("ci:bad")
            #expect(denied.status == 1 && Self.showsNoFolder(denied), "\(denied)")
            #expect(denied.text.contains("likely stopped by the permissions of \(place): read mine"), "\(denied)")
        }
    }

    @Test func anErrorNamesTheFileAndShowsItsLine() throws {
        let repository = try GitRepository()
        try repository.commit([
            "ci/go.yaml": "ops: 1\ninclude: { base: ../base/ops.yaml }\ntasks: { t: { run: 'true' } }\n",
            "base/ops.yaml": "ops: 1\ntasks:\n  b: { runs: 'true' }\n",
        ])
        let project = try RemoteProject(from: "git+file://\(repository.path)//ci/go.yaml")
        #expect(try project.lock().status == 0)
        let result = try project("plan", "t")
        #expect(result.status == 2 && Self.showsNoFolder(result), "\(result)")
        let start = "git+file://\(repository.path)//base/ops.yaml:3:8: error: unknown key 'runs'"
        #expect(result.errorText.contains(start), "\(result)")
        #expect(result.errorText.contains("   3 |   b: { runs: 'true' }\n"), "\(result)")
        // What cannot be read at all is found by the lock.
        try repository.commit(["base/ops.yaml": "ops: 1\ntasks: { b: [ }\n"])
        let update = try project("lock", "update")
        #expect(update.errorText.contains("git+file://\(repository.path)//base/ops.yaml:2:"), "\(update)")
        #expect(update.errorText.contains("   2 | tasks: { b: [ }\n"), "\(update)")
    }

    @Test func aPluginsManifestIsNamedToo() throws {
        let repository = try GitRepository()
        try repository.commit([
            "acme/plugin.yaml": AcmeManifest.text().replacing("maximum: 9", with: "max: 9"), "acme/bin/acme": "x",
        ])
        let ops = try OpsProgram("ops: 1\ntasks: { t: { acme.pack: { source: x } } }\n")
        try ops.write(
            "ops.yaml", try ops.text("ops.yaml") + "plugins: { acme: 'git+file://\(repository.path)//acme' }\n")
        let digest = try #require(RemoteProject.asked(try ops("lock")).first)
        #expect(try ops("lock", "--accept", digest).status == 0)
        let result = try ops("plan", "t")
        #expect(result.status == 2 && Self.showsNoFolder(result), "\(result)")
        let start = "git+file://\(repository.path)//acme/plugin.yaml:16:45: error: unknown key 'max'"
        #expect(result.errorText.contains(start) && result.errorText.contains("   16 | "), "\(result)")
    }
}
