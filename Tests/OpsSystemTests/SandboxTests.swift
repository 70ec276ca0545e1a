import Glibc
import OpsCore
import OpsSystem
import TestKit
import Testing

/// Landlock as children feel it, without a recipe.
@Suite(.enabled(if: SandboxSupport.landlock > 0, "this kernel has no Landlock")) struct SandboxTests {
    private static func status(_ script: String, _ sandboxes: Sandbox...) async throws -> Int32 {
        var spec = ChildSpec(
            executable: "/bin/bash", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"], directory: "/")
        spec.sandboxes = sandboxes
        return try await ChildProcess.run(spec).status.code
    }

    private static func sandbox(read: [String]? = nil, write: [String]? = nil, execute: [String]? = nil) -> Sandbox {
        var sandbox = Sandbox()
        sandbox.read = read
        sandbox.write = write
        sandbox.execute = execute
        return sandbox
    }

    @Test func allLayersHold() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a/file", "x")
        let (outer, inner) = (Self.sandbox(read: [folder.path]), Self.sandbox(read: [folder.path + "/b"]))
        #expect(try await Self.status("cat \(file)", outer) == 0)
        #expect(try await Self.status("cat \(file)", outer, inner) == 1)
        #expect(try await Self.status("cat \(file)", inner, outer) == 1)
    }

    @Test func whatIsNotLimitedStaysOpen() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a/file", "x")
        let command = "cd \(folder.path) && mkdir -p c && cp a/file c/new && mv c/new a/moved && cat a/moved"
        #expect(try await Self.status(command, Self.sandbox(execute: [])) == 0)
        #expect(try await Self.status("cat \(file) && echo y >> \(file)", Self.sandbox(write: [])) == 1)
        #expect(try await Self.status("cat \(file)", Self.sandbox(write: [])) == 0)
        #expect(try await Self.status("cat \(file) && mv \(folder.path)/c \(folder.path)/a/", Sandbox()) == 0)
    }

    /// A ruleset is kept, and names files, not paths: another folder by the same name is another one.
    @Test func aFolderThatIsMadeAgainIsGrantedAgain() async throws {
        let folder = try TemporaryFolder()
        try folder.write("work/one", "x")
        let sandbox = Self.sandbox(read: [], write: [folder.path + "/work"])
        #expect(try await Self.status("cat \(folder.path)/work/one", sandbox) == 0)
        try removeTree(folder.path + "/work")
        #expect(try await Self.status("cat \(folder.path)/work/two", sandbox) == 1)
        try folder.write("work/two", "x")
        #expect(try await Self.status("cat \(folder.path)/work/two", sandbox) == 0)
    }

    @Test func noDescriptorStaysOpenAndNoneIsGivenOn() async throws {
        let sandbox = Self.sandbox(read: ["/"])
        #expect(try await Self.status("test \"$(ls /proc/$$/fd | wc -l)\" -le 4", sandbox) == 0)
    }

    @Test func foldersThatLeadOutAreNotMade() throws {
        let folder = try TemporaryFolder()
        try folder.write("in/.keep", "")
        try folder.write("out/.keep", "")
        #expect(symlink("../out", folder.path + "/in/link") == 0)
        let (ceiling, own) = (
            Self.sandbox(write: [folder.path + "/in"]),
            Self.sandbox(write: [folder.path + "/in/link/new", folder.path + "/in/made"])
        )
        Sandbox.makeFolders(of: [ceiling, own])
        #expect(folder.exists("in/made") && !folder.exists("out/new"))
    }
}
