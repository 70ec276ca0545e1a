import OpsCore
import TestKit
import Testing

/// What `ops recipe push` refuses and warns of before it asks a registry: none listens at its place.
@Suite struct RecipePushTests {
    private static let place = "oci://127.0.0.1:9/team/lint:1"
    private static let recipe = "ops: 1\ntasks:\n  check: { run: [ echo, checked ] }\n"

    @Test func aPlaceWithoutATagOrAHostIsWrongUse() throws {
        let ops = try OpsProgram(Self.recipe)
        for (place, reason) in [
            ("oci://127.0.0.1:9/team/lint", "has no tag"), ("team/lint:1", "has no ://"),
            ("https://host.example/team", "names a web page"),
            ("oci://h.example/a:1@sha256:\(String(repeating: "0", count: 64))", "has no tag to push to"),
        ] {
            let result = try ops("recipe", "push", place)
            #expect(result.status == 64, "\(place)")
            #expect(result.errorText.hasPrefix("ops: error: '\(place)' \(reason)"), "\(result.errorText)")
        }
    }

    @Test func aRecipeWithErrorsIsNotPublished() throws {
        let ops = try OpsProgram("ops: 1\ntasks:\n  check: { rum: [ true ] }\n")
        let result = try ops("recipe", "push", Self.place, "--dry-run")
        #expect(result.status == 2)
        #expect(result.errorText.contains("unknown key 'rum'"))
        #expect(result.text.isEmpty)
    }

    @Test func anIncludeFromElsewhereIsRefused() throws {
        let ops = try OpsProgram()
        try ops.write(
            "a/ops.yaml", "ops: 1\ninclude: { common: ../common.yaml }\ntasks:\n  own: { run: [ echo, own ] }\n")
        try ops.write("common.yaml", Self.recipe)
        let result = try ops("recipe", "push", Self.place, "a", "--dry-run")
        #expect(result.status == 2)
        #expect(
            result.errorText.hasPrefix(
                "a/ops.yaml:2:20: error: include 'common' lies outside of '\(ops.project)/a', which is what is published"
            ),
            "\(result.errorText)")
    }

    @Test func whatLooksLikeASecretIsTold() throws {
        let ops = try OpsProgram(Self.recipe)
        try ops.write(".env", "TOKEN=s3cret-value")
        let result = try ops("recipe", "push", Self.place, "--dry-run")
        #expect(result.status == 0)
        let warning = "ops: warning: .env: what looks like a secret is published; --exclude leaves it out\n"
        #expect(result.errorText.contains(warning), "\(result.errorText)")
        #expect(!result.text.contains("s3cret"))
        let without = try ops("recipe", "push", Self.place, "--dry-run", "--exclude", ".env")
        #expect(without.status == 0 && !without.errorText.contains(".env"))
    }

    @Test func aFileOrAFolderNamesTheRecipe() throws {
        let ops = try OpsProgram()
        try ops.write("a/ci.yaml", Self.recipe)
        try ops.write("a/b/ops.yml", Self.recipe)
        let file = try ops("recipe", "push", Self.place, "a/ci.yaml", "--dry-run")
        #expect(file.text.contains("ci.yaml") && file.text.contains("b/ops.yml"), "\(file.errorText)")
        let folder = try ops("recipe", "push", Self.place, "a/b", "--dry-run")
        #expect(!folder.text.contains("ci.yaml") && folder.text.contains("ops.yml"))
        let none = try ops("recipe", "push", Self.place, "a", "--dry-run")
        #expect(none.status == 2)
        #expect(none.errorText.hasPrefix("ops: error: there is no recipe in 'a'"), "\(none.errorText)")
        let excluded = try ops("recipe", "push", Self.place, "a/b", "--dry-run", "--exclude", "*.yml")
        #expect(excluded.status == 64)
    }

    @Test func aKeyThatCannotSignIsSaidBeforeAnythingIsSent() throws {
        let ops = try OpsProgram(Self.recipe)
        let key = ops.temporary + "/key"
        _ = try run(["ssh-keygen", "-q", "-N", "pass phrase", "-t", "ed25519", "-f", key])
        let result = try ops("recipe", "push", Self.place, "--plain-http", "--sign", key)
        #expect(result.status == 2)
        #expect(
            result.errorText.hasPrefix(
                "ops: error: cannot sign with '\(key)': it has a passphrase, and there is no ssh-agent"),
            "\(result.errorText)")
        // A dry run needs the public half only.
        let planned = try ops("recipe", "push", Self.place, "--dry-run", "--sign", key)
        #expect(planned.text.contains("would be signed by SHA256:"), "\(planned.errorText)")
    }
}
