import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

@testable import OpsPluginHost

@Suite struct ManifestReaderTests {
    private static let good = AcmeManifest.text().replacing("1.2.0", with: "1.10").replacing(
        "run: bin/acme", with: "run: { linux-amd64: bin/acme, linux-arm64: bin/acme, macos-arm64: bin/acme }")

    private func read(_ text: String) throws -> PluginManifest {
        try ManifestReader.read(Array(text.utf8), file: "acme/plugin.yaml", folder: "acme")
    }

    @Test func readsAllOfIt() throws {
        let manifest = try read(Self.good)
        #expect(manifest.version == "1.10")
        #expect(manifest.summary == "Packs things")
        #expect(manifest.schemes == ["acme"])
        #expect(manifest.permissions.env == ["ACME_HOME"])
        #expect(manifest.permissions.net.isEmpty)
        let action = try #require(manifest.actions.first)
        #expect(action.name == "pack")
        #expect(action.planning == .full)
        #expect(action.cancellation == .graceful)
        let parameters = action.declaration.parameters
        #expect(parameters.map(\.name) == ["source", "level", "kind", "token", "labels", "parts"])
        #expect(parameters.map(\.isRequired) == [true, false, false, false, false, false])
        #expect(parameters.map(\.isSecret) == [false, false, false, true, false, false])
        #expect(parameters[1].defaultValue == .integer(6))
        guard case .choice(["zip", "tar"]) = parameters[2].type else {
            Issue.record("words of an enumeration are a choice")
            return
        }
        #expect(
            action.declaration.outputs.map { "\($0.name): \($0.type)" } == [
                "path: string", "count: integer or null", "key: secret",
            ])
        #expect(
            action.declaration.examples.first?.yaml == "acme.pack:\n  source: dist\n  level: 9\n  kind: zip")
    }

    @Test func findsThePathsInArguments() throws {
        let parameters = try read(Self.good).actions[0].declaration.parameters
        let parts = Value.list([.map(["to": .string("a")]), .map(["to": .string("b")])])
        #expect(parameters[5].type.paths(in: parts).map { "\($0.use) \($0.path)" } == ["write a", "write b"])
        #expect(parameters[0].type.paths(in: .unknown(Unknown("x"))).isEmpty)
    }

    @Test(arguments: [
        ("name: acme", "name: Acme", "2:7 'Acme' cannot be the name of a plugin"),
        ("name: acme", "name: other", "2:7 the plugin 'other' stands in a folder named 'acme'"),
        (
            "apiVersion: ops/plugin/v1", "apiVersion: ops/plugin/v2",
            "1:13 this ops reads manifests of 'ops/plugin/v1', not 'ops/plugin/v2'"
        ),
        ("protocol: [1]", "protocol: []", "5:11 'protocol' names no version"),
        ("secrets: [acme]", "secret: [acme]", "29:1 unknown key 'secret' in the manifest: did you mean 'secrets'?"),
        ("plan: full", "plan: all", "10:11 'plan' of action 'pack' is one of full, partial, none, not 'all'"),
        (
            "linux-arm64: bin", "linux-arm: bin",
            "6:31 'run' names the platform 'linux-arm', which is unknown: did you mean 'linux-arm64'?"
        ),
        (
            "linux-amd64: bin/acme", "linux-amd64: ../acme",
            "6:21 'run' for linux-amd64 must name a file within the plugin's folder, not '../acme'"
        ),
        (
            "minimum: 1, ", "exclusiveMinimum: 1, ",
            "16:33 unknown key 'exclusiveMinimum' in the schema of 'level' of 'inputs' of action 'pack'"
        ),
        ("default: 6", "default: 10", "16:66 'default' of 'level' of 'inputs' of action 'pack' must be at most 9"),
        (
            "required: [source]", "required: [sourc]",
            "13:18 'required' of 'inputs' of action 'pack' names 'sourc', which is no property: did you mean 'source'?"
        ),
        (
            "type: string, x-ops-secret", "type: integer, x-ops-secret",
            "18:33 'x-ops-secret' of 'token' of 'inputs' of action 'pack' needs the type string, array or object"
        ),
        (
            "additionalProperties: { type: string }", "additionalProperties: { type: string, x-ops-secret: true }",
            "19:55 a member of 'labels' of 'inputs' of action 'pack' cannot be a secret by itself: set 'x-ops-secret' beside 'additionalProperties'"
        ),
        (
            "key: { type: string, x-ops-secret", "key: { type: array, x-ops-secret",
            "25:7 the secret output 'key' needs the type string"
        ),
        (
            "minItems: 1", "minLength: 1",
            "22:11 'minLength' of 'parts' of 'inputs' of action 'pack' needs the type string"
        ),
        ("summary: Pack a folder", "description: x", "8:3 action 'pack' has no 'summary'"),
    ])
    func saysWhatIsWrongAndWhere(_ part: String, _ other: String, _ message: String) {
        let text = Self.good.replacing(part, with: other, maxReplacements: 1)
        do {
            _ = try read(text)
            Issue.record("read without an error")
        } catch let error as DiagnosticsError {
            let lines = error.diagnostics.map { diagnostic in
                let place = diagnostic.range.map { "\($0.start.line):\($0.start.column)" } ?? ""
                return "\(place) \(diagnostic.message)" + (diagnostic.hint.map { ": \($0)" } ?? "")
            }
            #expect(lines.contains { $0.hasPrefix(message) }, "\(lines)")
        } catch {
            Issue.record(error)
        }
    }
}
