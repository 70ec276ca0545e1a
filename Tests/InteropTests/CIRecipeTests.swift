import Glibc
import OpsCore
import TestKit
import Testing

/// `recipes/ci.yaml`, run on a small Swift package with the real compiler.
@Suite struct CIRecipeTests {
    private static let manifest = """
        // swift-tools-version: 6.0
        import PackageDescription

        let package = Package(
          name: "tiny",
          targets: [
            .executableTarget(name: "tiny"),
            .testTarget(name: "TinyTests"),
          ]
        )

        """

    @Test func aPackageIsCheckedTestedAndPackaged() throws {
        let project = try RecipeProject()
        try project.program.write("tiny/Package.swift", Self.manifest)
        try project.program.write("tiny/Sources/tiny/Main.swift", "print(\"tiny runs\")\n")
        try project.program.write(
            "tiny/Tests/TinyTests/OneTest.swift",
            "import Testing\n\n@Test func oneAndOne() {\n  #expect(1 + 1 == 2)\n}\n")
        let path = getenv("PATH").map { String(cString: $0) }
        let result = try project.run(
            "-f", "recipes/ci.yaml", "ci", "project=tiny", "product=tiny", "version=1.2.3", environment: ["PATH": path])
        #expect(result.text.contains("Test run with 1 test"))
        let archives = try project.names(in: "tiny/dist")
        #expect(archives.count == 2 && archives.first == "SHA256SUMS")
        let archive = try #require(archives.last)
        #expect(archive.contains(/^tiny-1\.2\.3-[a-z]+-[a-z0-9]+\.tar\.gz$/))
        let dist = project.folder + "/tiny/dist"
        try need(["sha256sum", "-c", "SHA256SUMS"], in: dist)
        try need(["tar", "-xzf", archive], in: dist)
        #expect(try need([dist + "/" + archive.replacing(".tar.gz", with: "") + "/tiny"]).text == "tiny runs\n")
    }

    @Test func badFormatStopsIt() throws {
        let project = try RecipeProject()
        try project.program.write("tiny/Package.swift", Self.manifest)
        try project.program.write("tiny/Sources/tiny/Main.swift", "let   a=1;print( a )\n")
        let path = getenv("PATH").map { String(cString: $0) }
        let result = try project.program.run(
            ["run", "-f", "recipes/ci.yaml", "format", "project=tiny"], environment: ["PATH": path])
        #expect(result.status == 1)
        #expect((result.text + result.errorText).contains("Main.swift:1"))
    }
}
