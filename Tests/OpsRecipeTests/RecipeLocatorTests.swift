import OpsCore
import OpsRecipe
import TestKit
import Testing

@Suite struct RecipeLocatorTests {
    @Test func findsTheNearestParent() throws {
        let folder = try TemporaryFolder()
        try folder.write("ops.yaml", "")
        try folder.write("a/.ops.yaml", "")
        try folder.write("a/b/c/x", "")
        #expect(try RecipeLocator.find(from: folder.path) == folder.path + "/ops.yaml")
        #expect(try RecipeLocator.find(from: folder.path + "/a/b/c") == folder.path + "/a/.ops.yaml")
        try folder.write("a/b/ops.yml", "")
        try folder.write("a/b/ops.yaml/folder", "")
        #expect(try RecipeLocator.find(from: folder.path + "/a/b/c") == folder.path + "/a/b/ops.yml")
    }

    @Test func stopsWhereTheOwnerChanges() throws {
        let folder = try TemporaryFolder()
        try folder.write("ops.yaml", "")
        try folder.write("theirs/mine/x", "")
        guard try run(["chown", "1234", folder.path + "/theirs"]).status == 0 else { return }
        #expect(try RecipeLocator.find(from: folder.path + "/theirs/mine") == nil)
        try folder.write("theirs/mine/ops.yaml", "")
        #expect(try RecipeLocator.find(from: folder.path + "/theirs/mine") == folder.path + "/theirs/mine/ops.yaml")
    }

    @Test func stopsWhereEverybodyMayPutFiles() throws {
        let folder = try TemporaryFolder()
        try folder.write("open/ops.yaml", "")
        try folder.write("open/.ops/policy.yaml", "")
        try folder.write("open/mine/x", "")
        #expect(try RecipeLocator.find(from: folder.path + "/open/mine") == folder.path + "/open/ops.yaml")
        try run(["chmod", "1777", folder.path + "/open"])
        #expect(try RecipeLocator.find(from: folder.path + "/open/mine") == nil)
        #expect(ProjectFile.folder(holding: ".ops/policy.yaml", for: folder.path + "/open/mine") == nil)
        #expect(try RecipeLocator.find(from: folder.path + "/open") == folder.path + "/open/ops.yaml")
    }

    @Test func refusesAFolderThatIsNotThere() {
        #expect(throws: OpsError.self) { try RecipeLocator.find(from: "/nowhere/at/all") }
    }
}
