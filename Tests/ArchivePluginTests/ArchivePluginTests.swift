import ArchivePlugin
import Glibc
import Logging
import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections
import TestKit
import Testing

struct ArchivePluginTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("src/app", "app", mode: 0o755)
        try folder.write("src/größe.txt", "text")
    }

    private func action(_ name: String) throws -> any Action {
        try #require(ArchivePlugin.plugin.actions.first { $0.declaration.name == name })
    }

    /// Runs an action with its defaults filled in, as the engine does.
    @discardableResult
    private func perform(
        _ name: String, _ values: ValueMap, environment: [String: String] = [:],
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> [String: Value] {
        let action = try action(name)
        let context = RunContext(
            directory: folder.path, environment: environment, step: StepOptions(task: "t", step: "s"),
            temporaryDirectory: { "/tmp" }, outputFile: "/dev/null", logger: Logger(label: "test"),
            output: { _, _ in }, progress: progress)
        return try await action.run(arguments(action, values), context)
    }

    private func plan(_ name: String, _ values: ValueMap, isSettled: Bool = true) async throws -> ActionPlan {
        let action = try action(name)
        let context = PlanContext(
            directory: folder.path, environment: [:], step: StepOptions(task: "t", step: "s"),
            isSettled: { _ in isSettled })
        return try await action.plan(arguments(action, values), context)
    }

    private func arguments(_ action: any Action, _ values: ValueMap) -> Arguments {
        var map = values
        for parameter in action.declaration.parameters where map[parameter.name] == nil {
            if let value = parameter.defaultValue { map[parameter.name] = value }
        }
        return Arguments(map, label: action.declaration.name)
    }

    private static let files: Value = .list([.map(["from": .string("src"), "to": .string("pkg")])])

    @Test(arguments: ["tar", "tar.gz", "tar.zst", "tar.xz", "zip"])
    func createListExtractChecksums(format: String) async throws {
        let name = "dist/x." + format
        let made = try await perform("archive.create", ["output": .string(name), "files": Self.files])
        #expect(made["path"] == .string(name))
        #expect(made["entries"] == .integer(3))
        let judge = try run(["sha256sum", name], in: folder.path).text.prefix(64)
        #expect(made["digest"] == .string("sha256:" + judge))
        #expect(made["size"] == .integer(try folder.read(name).count))
        let listed = try await perform("archive.list", ["archive": .string(name)])
        #expect(listed["entries"] == .list(["pkg/", "pkg/app", "pkg/größe.txt"].map { .string($0) }))
        let unpacked = try await perform(
            "archive.extract", ["archive": .string(name), "to": .string("out/"), "strip": .integer(1)])
        #expect(unpacked["entries"] == .integer(2))
        #expect(try run(["diff", "-r", "src", "out"], in: folder.path).status == 0)
        try folder.write("dist/a\\b\nc", "odd name")
        let sums: ValueMap = [
            "files": .list([.string("dist"), .string("src/app")]), "output": .string("dist/SHA256SUMS"),
        ]
        for _ in 0..<2 {
            #expect(try await perform("archive.checksums", sums)["count"] == .integer(3))
        }
        let check = try run(["sha256sum", "-c", "--strict", "SHA256SUMS"], in: folder.path + "/dist")
        #expect(check.status == 0, "\(check.text)\(check.errorText)")
        #expect(check.text.contains("../src/app: OK"))
    }

    @Test func theArchiveNeverHoldsItself() async throws {
        let values: ValueMap = ["output": .string("all.tar"), "files": .list([.map(["from": .string(".")])])]
        let first = try await perform("archive.create", values)
        let second = try await perform("archive.create", values)
        #expect(first["digest"] == second["digest"])
    }

    /// However the output is spelt: over `..`, a link to a folder, or absolute; a plan counts as the run does.
    @Test(arguments: ["./src/../all.tar", "here/all.tar", "ABSOLUTE/all.tar", "src//..//./all.tar"])
    func theArchiveNeverHoldsItself(spelling: String) async throws {
        symlink(".", folder.path + "/here")
        let output = spelling.replacing("ABSOLUTE", with: folder.path)
        let files: Value = .list([.map(["from": .string("."), "exclude": .string("twin")])])
        let values: ValueMap = ["output": .string(output), "files": files]
        let first = try await perform("archive.create", values)
        let planned = try await plan("archive.create", values)
        #expect(planned.effects[0] == Effect(.read, ".", detail: "2 files, 7 B"))
        #expect(try await perform("archive.create", values)["digest"] == first["digest"])
        // Another name of the old file is a file as any other.
        link(folder.path + "/all.tar", folder.path + "/twin2")
        #expect(try await perform("archive.create", values)["entries"] == .integer(5))
    }

    @Test func checksumsPlan() async throws {
        let values: ValueMap = ["files": .list([.string("src")]), "output": .string("src/SUMS")]
        for _ in 0..<2 {
            let planned = try await plan("archive.checksums", values)
            #expect(planned.effects == [Effect(.read, "src", detail: "2 files"), Effect(.write, "src/SUMS")])
            try await perform("archive.checksums", values)
        }
        let missing: ValueMap = ["files": .list([.string("none/*.zip")]), "output": .string("SUMS")]
        await #expect(throws: OpsError.self) { try await self.plan("archive.checksums", missing) }
        #expect(try await self.plan("archive.checksums", missing, isSettled: false).effects.count == 2)
    }

    /// Where a project lies does not show in the bytes.
    @Test(arguments: ["tar", "tar.gz", "tar.zst", "zip"])
    func sameBytesFromAnyFolder(format: String) async throws {
        let values: ValueMap = ["output": .string("x." + format), "files": Self.files]
        let first = try await perform("archive.create", values)["digest"]
        let other = try ArchivePluginTests()
        #expect(try await other.perform("archive.create", values)["digest"] == first)
    }

    @Test func sourceDateEpochIsTheTime() async throws {
        try await perform(
            "archive.create", ["output": .string("x.tar"), "files": Self.files],
            environment: ["SOURCE_DATE_EPOCH": "86400"])
        #expect(try run(["tar", "--utc", "-tvf", "x.tar"], in: folder.path).text.contains("1970-01-02 00:00"))
    }

    @Test func failureLeavesNothing() async throws {
        try folder.write("x.tar", "old")
        mkfifo(folder.path + "/src/pipe", 0o600)
        await #expect(throws: OpsError.self) {
            try await perform("archive.create", ["output": .string("x.tar"), "files": Self.files])
        }
        #expect(try folder.text("x.tar") == "old")
        #expect(try run(["ls", "-A"], in: folder.path).text == "src\nx.tar\n")
    }

    @Test func cancellationLeavesNothing() async throws {
        try folder.write("src/big", [UInt8](repeating: 1, count: 64 << 20))
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Cancelled by the first sign of work, however busy the machine is.
                let (working, sign) = AsyncStream<Void>.makeStream()
                group.addTask {
                    _ = try await perform("archive.create", ["output": .string("x.tar.xz"), "files": Self.files]) { _ in
                        sign.yield()
                        usleep(1000)
                    }
                }
                for await _ in working { break }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        #expect(try run(["ls", "-A"], in: folder.path).text == "src\n")
    }

    @Test func plans() async throws {
        let values: ValueMap = ["output": .string("dist/x.tar.gz"), "files": Self.files]
        let plan = try await plan("archive.create", values)
        #expect(
            plan.effects == [
                Effect(.read, "src", detail: "2 files, 7 B"), Effect(.write, "dist/x.tar.gz", detail: "tar.gz"),
            ])
        #expect(plan.outputs["path"] == .string("dist/x.tar.gz") && plan.outputs["digest"] == nil)
        #expect(try await self.plan("archive.create", values, isSettled: false).effects[0].detail == nil)
        #expect(!folder.exists("dist"))
        let none: ValueMap = ["output": .string("x.tar"), "files": .list([.map(["from": .string("none")])])]
        await #expect(throws: OpsError.self) { try await self.plan("archive.create", none) }
        #expect(try await self.plan("archive.create", none, isSettled: false).effects.count == 2)
        await #expect(throws: OpsError.self) {
            try await self.plan("archive.create", ["output": .string("x.7z"), "files": Self.files])
        }
        #expect(
            try await self.plan("archive.extract", ["archive": .unknown(Unknown("a")), "to": .string("o")]).effects == [
                Effect(.write, "o")
            ])
    }

    @Test(arguments: [(10, "x.tar.gz"), (1, "x.tar"), (20, "x.tar.zst"), (0, "x.zip")])
    func badLevels(level: Int, name: String) async throws {
        await #expect(throws: OpsError.self) {
            try await perform(
                "archive.create", ["output": .string(name), "files": Self.files, "level": .integer(level)])
        }
    }

    @Test func fullDisk() async throws {
        try folder.write("disk/.keep", "")
        try folder.write("src/big", (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) })
        let disk = folder.path + "/disk"
        let mounted = try run(["mount", "-t", "tmpfs", "-o", "size=1m", "ops-test", disk])
        guard mounted.status == 0 else {
            print("not tested: a full disk (mounting a small file system needs root)")
            return
        }
        defer { _ = try? run(["umount", disk]) }
        await #expect(throws: OpsError.self) {
            try await perform("archive.create", ["output": .string("disk/x.tar"), "files": Self.files])
        }
        #expect(try run(["ls", "-A", disk]).text == "")
    }
}
