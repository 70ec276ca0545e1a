import Glibc
import OpsCore
import TestKit
import Testing

/// Recipes of others in a real registry.
@Suite struct RegistryIncludeTests {
    private static let recipe = #"file ops.yaml ops: 1\ntasks: { t: { run: 'cat "$OPS_RECIPE_DIR/data"' } }\n"#

    private static func project(_ registry: Registry, _ name: String) throws -> RemoteProject {
        var project = try RemoteProject(from: "oci://\(registry.host)/\(name)")
        project.environment = ["SSL_CERT_FILE": registry.certificate]
        return project
    }

    @Test func aMovedTagLeavesALockedRunAsItIs() throws {
        let registry = try Registry(.tls)
        let digest = try registry.push(recipe: [Self.recipe, #"file data first\n"#], to: "team/ci", tag: "1")
        let project = try Self.project(registry, "team/ci:1")
        let locked = try project.lock()
        #expect(locked.status == 0, "\(locked)")
        #expect(try project.ops.text("ops.lock").contains("    resolved: \"\(digest)\"\n"))
        _ = try registry.push(recipe: [Self.recipe, #"file data second\n"#], to: "team/ci", tag: "1")
        try run(["rm", "-rf", project.ops.project + "/../home/.cache"])
        #expect(try project("lock").status == 0)
        #expect(try project("ci:t", "--stream", "raw").text == "first\n")
        let update = try project("lock", "update")
        #expect(update.errorText.contains("only files that it ships changed"), "\(update)")
        #expect(try project.lock("update").status == 0)
        #expect(try project("ci:t", "--stream", "raw").text == "second\n")
    }

    @Test func aFlippedByteInTheRegistryIsRefused() throws {
        let registry = try Registry(.tls)
        _ = try registry.push(recipe: [Self.recipe, #"file data first\n"#], to: "team/ci", tag: "1")
        let project = try Self.project(registry, "team/ci:1")
        #expect(try project.lock().status == 0)
        try run(["rm", "-rf", project.ops.project + "/../home/.cache"])
        let blobs = try run(["find", registry.storage, "-name", "data"]).text
        for path in blobs.split(separator: "\n").map(String.init) {
            var bytes = try readAll(path)
            // Of the layer: the manifest is text.
            guard bytes.starts(with: [0x1F, 0x8B]) else { continue }
            bytes[bytes.count - 1] ^= 1
            let descriptor = open(path, O_WRONLY | O_TRUNC)
            defer { close(descriptor) }
            #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        }
        let refused = try project("lock")
        #expect(refused.status == 2 && refused.errorText.contains("is not to be had"), "\(refused)")
        #expect(try run(["ls", project.cache]).text.isEmpty)
    }

    @Test(arguments: [
        ("file ../../escaped x", "its path has '..'"), ("file /tmp/escaped x", "its path is absolute"),
        ("link out ../..", "it is a link to '../..', which can lead outside"),
        ("link out /etc", "it is a link to '/etc', which is absolute"),
        ("file .git/config x", "would be taken for a repository"),
        ("zeros bomb 100000000", "has content of more than"),
    ])
    func aLayerThatIsUnsafeIsRefusedWhole(_ entry: String, _ reason: String) throws {
        let registry = try Registry(.tls)
        _ = try registry.push(recipe: [Self.recipe, entry], to: "team/evil", tag: "1")
        let project = try Self.project(registry, "team/evil:1")
        let result = try project.lock()
        #expect(result.status == 2 && result.errorText.contains(reason), "\(result)")
        #expect(!project.ops.exists("ops.lock"))
        #expect(try run(["ls", "-A", project.cache]).text.isEmpty)
    }

    @Test func aPlanNamesAFileByItsReference() throws {
        let registry = try Registry(.tls)
        let recipe = #"file sub/ci.yaml ops: 1\npermissions: { read: [ . ] }\ntasks: { t: { run: 'true' } }\n"#
        _ = try registry.push(recipe: [recipe], to: "team/ci", tag: "1")
        let project = try Self.project(registry, "team/ci:1//sub/ci.yaml")
        #expect(try project.lock().status == 0)
        let plan = try project("plan", "ci:t")
        #expect(plan.text.contains("permissions (oci://\(registry.host)/team/ci:1//sub/ci.yaml:2):"), "\(plan)")
    }

    @Test func whatIsNotThereIsTold() throws {
        let registry = try Registry(.tls)
        let project = try Self.project(registry, "team/none:1")
        #expect(try project("lock").errorText.contains("there is no recipe 'oci://\(registry.host)/team/none:1'"))
    }
}
