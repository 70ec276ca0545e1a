import OpsCore
import TestKit
import Testing

/// `ops plugin new`: what it writes works, and nothing is overwritten.
@Suite struct PluginNewTests {
    private let ops: OpsProgram

    init() throws { ops = try OpsProgram() }

    @Test(arguments: ["python", "sh"])
    func newPluginPassesAndRuns(_ language: String) throws {
        let made = try ops("plugin", "new", "team-tool", "--language", language, "-C", ".")
        #expect(made.status == 0)
        #expect(made.text.hasPrefix("Wrote the plugin team-tool:\n  team-tool/bin/team-tool\n"))
        #expect(made.text.contains("Next: ops plugin test team-tool"))
        let tested = try ops("plugin", "test", "team-tool")
        #expect(tested.status == 0, "\(tested.text)")
        #expect(!tested.text.contains("✗"))
    }

    @Test func manifestsAreWhatTheProgramsMake() throws {
        try ops("plugin", "new", "hello", "--language", "python")
        #expect(try run([ops.project + "/hello/bin/hello", "manifest"]).text == (try ops.text("hello/plugin.yaml")))
        try run(["rm", "-rf", ops.project + "/hello"])
        try ops("plugin", "new", "hello", "--language", "swift")
        let program = OpsProgram.built("hello-program")
        #expect(try run([program, "manifest"]).text == (try ops.text("hello/plugin.yaml")))
    }

    /// The source in Swift is built with the tests; the package around it takes minutes to build.
    @Test func swiftSourceIsTheOneThatTheTestsBuild() throws {
        try ops("plugin", "new", "hello", "--language", "swift")
        let built = try readAll("\(projectFolder)/Tests/Programs/hello/Hello.swift")
        #expect(try ops.text("hello/Sources/Plugin.swift") == String(decoding: built, as: UTF8.self))
        try run(["mkdir", ops.project + "/hello/bin"])
        let program = OpsProgram.built("hello-program")
        try run(["cp", program, ops.project + "/hello/bin/hello"])
        // That of the tests is not linked as the script of the package does it: Swift's libraries are beside the system's.
        let library = try run(["ldd", program]).text.firstMatch(of: /libswiftCore.so => (.*)\/libswiftCore.so/)?.1
        if let library {
            let manifest = try ops.text("hello/plugin.yaml")
            try ops.write("hello/plugin.yaml", manifest + "  read: [\"\(library)\"]\n")
        }
        let tested = try ops("plugin", "test", "hello")
        #expect(tested.status == 0, "\(tested.text)")
    }

    /// What stands around the source: Swift reads the package, which asks for a product that ops has.
    @Test func swiftPackageIsWhole() throws {
        try ops("plugin", "new", "team-tool", "--language", "swift")
        let folder = ops.project + "/team-tool"
        let dump = try run(["swift", "package", "--package-path", folder, "dump-package"])
        #expect(dump.status == 0, "\(dump.errorText)")
        let package = try JSONReader.value(dump.output)
        #expect(package["name"] == .string("team-tool"))
        let path = package["dependencies"]?.listValue?.first?["fileSystem"]?.listValue?.first?["path"]
        #expect(path == .string(ops.project + "/ops"))
        let target = package["targets"]?.listValue?.first
        #expect(target?["name"] == .string("team-tool") && target?["type"] == .string("executable"))
        let product = target?["dependencies"]?.listValue?.first?["product"]?.listValue ?? []
        #expect(product.prefix(2) == [.string("OpsPlugin"), .string("ops")])
        let own = String(decoding: try readAll("\(projectFolder)/Package.swift"), as: UTF8.self)
        #expect(own.contains(#".library(name: "OpsPlugin", "#) && own.contains(#"name: "ops""#))
        #expect(try run(["sh", "-n", folder + "/build"]).status == 0)
        #expect(try ops.text("team-tool/build").contains("--product team-tool\n"))
    }

    @Test func pythonModuleIsTheExample() throws {
        try ops("plugin", "new", "hello", "--language", "python")
        let module = try readAll("\(projectFolder)/Plugins/Examples/word-count/bin/ops_plugin.py")
        #expect(try readAll(ops.project + "/hello/bin/ops_plugin.py") == module)
    }

    @Test(arguments: [
        (["Bad"], "'Bad' cannot be the name of a plugin"), (["a/b"], "'a/b' cannot be the name of a plugin"),
        (["archive"], "'archive' is a built-in plugin"), (["here"], "there is 'here' here already"),
        (["link"], "there is 'link' here already"),
    ])
    func nothingIsWritten(_ words: [String], _ message: String) throws {
        try ops.write("here/keep", "kept")
        try run(["ln", "-s", "nowhere", ops.project + "/link"])
        let before = try run(["ls", "-laR", "--time-style=full-iso"], in: ops.project).text
        let result = try ops.run(["plugin", "new", "--language", "sh"] + words)
        #expect(result.status == 2 && result.errorText.contains(message))
        #expect(try run(["ls", "-laR", "--time-style=full-iso"], in: ops.project).text == before)
    }
}
