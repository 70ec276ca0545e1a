import Glibc
import OpsCore
import OpsSystem
import TestKit
import Testing

@Suite struct FilesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var names: [String] {
        get throws { try run(["ls", "-A", folder.path]).text.split(separator: "\n").map(String.init) }
    }

    @Test func writesWholeWithTheExactMode() throws {
        let old = umask(0o077)
        defer { umask(old) }
        let path = folder.path + "/deep/er/file"
        try writeAtomically(Array("one".utf8), to: path, mode: 0o664)
        try writeAtomically(Array("two".utf8), to: path, mode: 0o755)
        #expect(try folder.text("deep/er/file") == "two")
        #expect(try FileStatus(path).mode == 0o755)
        #expect(try run(["ls", "-A", folder.path + "/deep/er"]).text == "file\n")
    }

    @Test(arguments: [true, false])
    func abortLeavesWhatWasThere(mayBeUnnamed: Bool) throws {
        let path = try folder.write("file", "old")
        do {
            let file = try AtomicFile(path, mayBeUnnamed: mayBeUnnamed)
            try file.write(Array("half".utf8))
            #expect(try names.count == (mayBeUnnamed ? 1 : 2))
            file.abort()
        }
        #expect(try names == ["file"])
        #expect(try folder.text("file") == "old")
    }

    @Test(arguments: [true, false])
    func committedFileReplacesWhatWasThere(mayBeUnnamed: Bool) throws {
        for text in ["new", "newer"] {
            let file = try AtomicFile(folder.path + "/a/file", mayBeUnnamed: mayBeUnnamed)
            try file.write(Array(text.utf8))
            try file.commit()
            #expect(try folder.text("a/file") == text)
            #expect(try run(["ls", "-A", folder.path + "/a"]).text == "file\n")
        }
    }

    @Test(arguments: [true, false])
    func forgottenFileIsRemoved(mayBeUnnamed: Bool) throws {
        func fail() throws {
            let file = try AtomicFile(folder.path + "/file", mayBeUnnamed: mayBeUnnamed)
            try file.write([1, 2, 3])
            throw OpsError(.system, "half way")
        }
        #expect(throws: OpsError.self) { try fail() }
        #expect(try names == [])
    }

    @Test func leftoverOfAKilledRunIsNoObstacle() throws {
        let path = folder.path + "/file"
        let file = try AtomicFile(path)
        for _ in 0..<3 { try writeAtomically([1], to: path) }
        try file.commit()
        #expect(try names == ["file"])
        #expect(try folder.read("file") == [])
    }

    @Test func linkIsReplacedNotFollowed() throws {
        let target = try folder.write("target", "kept")
        try run(["ln", "-s", target, folder.path + "/link"])
        try writeAtomically([0x61], to: folder.path + "/link")
        #expect(try folder.text("target") == "kept")
        #expect(try FileStatus(folder.path + "/link", followsLinks: false).kind == .file)
    }

    @Test func errorsNamePathAndReason() throws {
        let file = try folder.write("file", "x")
        #expect(throws: OpsError.self) { try writeAtomically([], to: folder.path) }
        let below = #expect(throws: OpsError.self) { try writeAtomically([], to: file + "/below") }
        #expect(below?.description == "cannot write '\(file)/below': Not a directory")
        let missing = #expect(throws: OpsError.self) { try readFile(folder.path + "/none") }
        #expect(missing?.code == .notFound)
        #expect(missing?.message == "cannot open '\(folder.path)/none': No such file or directory")
        #expect(throws: OpsError.self) { try FileStatus(folder.path + "/none") }
        #expect(throws: OpsError.self) { try readFile(folder.path) }
        #expect(throws: OpsError.self) { try makeFolders(file) }
    }

    @Test func readsToTheLimit() throws {
        let bytes = [UInt8](repeating: 7, count: 300_000)
        let file = try folder.write("big", bytes)
        #expect(try readFile(file) == bytes)
        #expect(try readFile(file, limit: 300_000) == bytes)
        let error = #expect(throws: OpsError.self) { try readFile(file, limit: 299_999) }
        #expect(error?.message == "'\(file)' is larger than 300.0 kB")
        #expect(try !readFile("/proc/self/status").isEmpty)
        #expect(throws: OpsError.self) { try readFile("/dev/zero", limit: 1 << 20) }
    }

    @Test func removesTreesButFollowsNoLink() throws {
        try folder.write("keep/file", "x")
        try folder.write("tree/a/b/c", "x")
        try run(["ln", "-s", folder.path + "/keep", folder.path + "/tree/link"])
        try removeTree(folder.path + "/tree")
        try removeTree(folder.path + "/tree")
        #expect(try names == ["keep"])
        #expect(folder.exists("keep/file"))
        try run(["ln", "-s", folder.path + "/keep", folder.path + "/link"])
        try removeTree(folder.path + "/link")
        #expect(folder.exists("keep/file"))
    }

    @Test func findsExecutables() throws {
        try folder.write("bin/tool", "#!/bin/sh\n", mode: 0o755)
        try folder.write("other/tool", "", mode: 0o644)
        func find(_ name: String, _ path: String) -> String? { ExecutablePath.find(name, path: path, in: folder.path) }
        #expect(find("tool", "other:bin") == folder.path + "/bin/tool")
        #expect(find("bin/tool", "") == folder.path + "/bin/tool")
        #expect(find("other/tool", "") == nil)
        #expect(find("bin", ".") == nil)
        #expect(find("", "bin") == nil)
        #expect(find("sh", "/nowhere:/bin") == "/bin/sh")
    }

    @Test func threadsRunBlockingWorkAndHearOfCancellation() async throws {
        #expect(try await onThread { _ in 42 } == 42)
        await #expect(throws: OpsError.self) { try await onThread { _ in throw OpsError(.system, "x") } }
        let task = Task {
            try await onThread { flag in
                while !flag.isCancelled { usleep(1000) }
                try flag.check()
            }
        }
        try await EventLoop.shared.sleep(for: .milliseconds(20))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
