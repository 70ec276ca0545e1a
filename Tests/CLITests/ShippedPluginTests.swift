import Glibc
import TestKit
import Testing

/// Plugins that recipes of others name: those in their own tree, and no others.
@Suite struct ShippedPluginTests {
    private static func recipe(_ from: String) -> String {
        "ops: 1\nplugins: { disk-space: \(from) }\ntasks: { t: { disk-space.check: { at-least-mib: 1 } } }\n"
    }

    /// A repository with a plugin in `tools/disk-space`, and a recipe that names one.
    private static func repository(_ from: String) throws -> GitRepository {
        let repository = try GitRepository()
        try run(["mkdir", repository.path + "/tools", repository.path + "/ci"])
        try run(["cp", "-R", projectFolder + "/Plugins/Examples/disk-space", repository.path + "/tools/disk-space"])
        symlink("tools", repository.path + "/link")
        try repository.commit(["ops.yaml": recipe(from), "ci/ops.yaml": recipe("../tools/disk-space")])
        return repository
    }

    private static func project(_ repository: GitRepository, path: String = "") throws -> RemoteProject {
        let project = try RemoteProject(from: "git+file://\(repository.path)\(path)")
        let locked = try project.lock()
        #expect(locked.status == 0, "\(locked)")
        return project
    }

    @Test func aRecipeShipsItsPlugin() throws {
        for (from, path) in [("./tools/disk-space", ""), ("./link/disk-space", ""), (".", "//ci")] {
            let result = try Self.project(try Self.repository(from), path: path)("ci:t")
            #expect(result.status == 0, "\(from): \(result)")
        }
    }

    @Test func aPluginOutsideOfTheTreeIsRefused() throws {
        let outside = try TemporaryFolder()
        try run(["cp", "-R", projectFolder + "/Plugins/Examples/disk-space", outside.path + "/disk-space"])
        for from in ["\(outside.path)/disk-space", "../../../../../../../../..\(outside.path)/disk-space"] {
            let result = try Self.project(try Self.repository(from))("ci:t")
            #expect(result.status == 2, "\(from): \(result)")
            #expect(
                result.errorText.contains("the plugin 'disk-space' is outside of what came with the recipe"),
                "\(result)")
        }
        // Of the includer's folder nothing is taken either.
        let project = try Self.project(try Self.repository("./mine/disk-space"))
        try run(["mkdir", project.ops.project + "/mine"])
        try run(["cp", "-R", outside.path + "/disk-space", project.ops.project + "/mine/disk-space"])
        #expect(try project("ci:t").errorText.contains("there is no such folder"))
    }

    @Test func noRecipeGetsThePluginOfAnotherUnawares() throws {
        let repository = try Self.repository("./tools/disk-space")
        let project = try Self.project(repository)
        let include = "include: { ci: \"git+file://\(repository.path)\", own: ./own.yaml }\n"
        try project.ops.write("ops.yaml", "ops: 1\n\(include)tasks: { t: { run: echo own } }\n")
        try project.ops.write("own.yaml", "ops: 1\ntasks: { t: { disk-space.check: { at-least-mib: 1 } } }\n")
        let unaware = try project("own:t")
        #expect(unaware.status == 2, "\(unaware)")
        #expect(unaware.errorText.contains("'disk-space' is named by another recipe of the run only"), "\(unaware)")
        // One of its own, which is another.
        try run(["mkdir", "-p", project.ops.project + "/.ops/plugins"])
        let own = project.ops.project + "/.ops/plugins/disk-space"
        try run(["cp", "-R", projectFolder + "/Plugins/Examples/disk-space", own])
        let two = try project("own:t")
        #expect(two.status == 2 && two.errorText.contains("the plugin 'disk-space' is two: in "), "\(two)")
        // The same folder for two recipes is one plugin.
        try run(["rm", "-rf", own])
        try project.ops.write(
            "ops.yaml", "ops: 1\n\(include.replacing("./own.yaml", with: "./a.yaml"))tasks: { t: {} }\n")
        try project.ops.write("a.yaml", "ops: 1\ninclude: { b: ./b.yaml }\n" + Self.recipe("./disk-space").dropFirst(7))
        try project.ops.write("b.yaml", Self.recipe("disk-space"))
        try run(["cp", "-R", projectFolder + "/Plugins/Examples/disk-space", project.ops.project + "/disk-space"])
        let conflict = try project("own:t")
        #expect(conflict.status == 2 && conflict.errorText.contains("is two: in "), "\(conflict)")
        try project.ops.write("ops.yaml", "ops: 1\ninclude: { own: ./a.yaml }\ntasks: { t: {} }\n")
        let shared = try project("own:t", "own:b:t")
        #expect(shared.status == 0, "\(shared)")
    }
}
