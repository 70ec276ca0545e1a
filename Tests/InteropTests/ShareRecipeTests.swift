import OpsCore
import TestKit
import Testing

/// `recipes/share.yaml` with Debian's docker-registry: what it says is what another project includes.
@Suite struct ShareRecipeTests {
    @Test func aFolderOfRecipesIsPublishedAndIncluded() throws {
        let registry = try Registry(.tls)
        let project = try RecipeProject()
        try project.program.write(
            "recipes/team/ops.yaml",
            "ops: 1\nname: team\npermissions: { read: [ . ] }\ntasks: { hello: { run: echo shared } }\n")
        let key = project.folder + "/key"
        try need(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        let own = String(OpsProgram.path.prefix(upTo: OpsProgram.path.lastIndex(of: "/") ?? OpsProgram.path.startIndex))
        let environment: [String: String?] = ["SSL_CERT_FILE": registry.certificate, "PATH": own + ":/usr/bin:/bin"]
        let words = [
            "publish", "place=oci://\(registry.host)/team/ci", "version=1.0.0", "folder=recipes/team", "key=key",
        ]
        let result = try project.program.run(
            ["run", "-f", "recipes/share.yaml", "--stream", "raw"] + words, environment: environment)
        #expect(result.status == 0, "\(result.text)\(result.errorText)")
        let line = try #require(result.text.split(separator: "\n").last { $0.hasPrefix("include:") })
        #expect(line.contains("oci://\(registry.host)/team/ci@sha256:"), "\(line)")
        let reader = try OpsProgram("ops: 1\n\(line.replacing("NAME", with: "ci"))\ntasks: { t: { run: echo own } }\n")
        let asked = try reader.run(["lock"], environment: environment)
        let digest = try #require(asked.errorText.firstMatch(of: /--accept (sha256:[0-9a-f]{64})/)?.output.1)
        #expect(try reader.run(["lock", "--accept", String(digest)], environment: environment).status == 0)
        #expect(try reader("ci:hello", "--stream", "raw").text == "shared\n")
        // What does not lint is not published.
        try project.program.write("recipes/team/ops.yaml", "ops: 1\ntasks: { hello: { rum: echo } }\n")
        let bad = try project.program.run(["run", "-f", "recipes/share.yaml"] + words, environment: environment)
        #expect(bad.status == 1 && bad.text.contains("unknown key 'rum'"), "\(bad)")
    }
}
