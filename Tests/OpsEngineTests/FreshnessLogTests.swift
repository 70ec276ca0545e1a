import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections
import TestKit
import Testing

@testable import OpsEngine

/// The file of records: what is written is read, and nothing torn or foreign is.
@Suite struct FreshnessLogTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/state/log" }
    private let definition: TaskDefinition

    init() throws {
        folder = try TemporaryFolder()
        definition = try Self.definition("tasks: { t: { produces: [], run: a } }")
    }

    private static func definition(_ yaml: String) throws -> TaskDefinition {
        let fixture = try EngineFixture(yaml)
        let task = try #require(fixture.recipe.tasks["t"])
        return TaskDefinition(
            task, in: fixture.recipe, catalog: fixture.catalog, programs: ProgramPaths(searchPath: "/none"))
    }

    private func record(_ key: String, _ output: String = "x", size: UInt64 = 1) -> FreshnessRecord {
        let identity = FileIdentity(size: size, modified: 2, changed: 3, device: 4, inode: 5)
        let file = FileState(path: "src/ä", kind: .file, identity: identity, digest: ContentDigest(of: [1, 2, 3]))
        let link = FileState(path: "l", kind: .link, digest: ContentDigest(of: []), isRacy: true)
        return FreshnessRecord(
            key: key, definition: definition.digest, values: [1, 2], sources: [file, link], products: nil,
            namesEachSource: false, outputs: ["o": .string(output)], obstacle: nil)
    }

    @Test func whatIsWrittenIsRead() throws {
        var log = FreshnessLog(path)
        #expect(log.record(of: "a") == nil)
        try log.append([record("a"), record("b")], definition)
        try log.append([record("a", "new")], definition)
        for read in [log, FreshnessLog(path)] {
            let found = try #require(read.record(of: "a"))
            #expect(found.bytes == record("a", "new").bytes)
            #expect(read.record(of: "b")?.sources == record("b").sources)
            #expect(read.record(of: "b")?.products == nil)
            #expect(read.record(of: "c") == nil)
            #expect(read.definition(definition.digest) == definition.facts)
        }
        #expect(try FileStatus(path).mode == 0o600)
    }

    @Test func twoProcessesAppendSideBySide() throws {
        var first = FreshnessLog(path)
        var second = FreshnessLog(path)
        try first.append([record("a")], definition)
        try second.append([record("b")], definition)
        try first.append([record("c")], definition)
        second.refresh()
        for key in ["a", "b", "c"] {
            #expect(second.record(of: key) != nil, "\(key)")
            #expect(FreshnessLog(path).record(of: key) != nil, "\(key)")
        }
    }

    /// Cut at each byte, the file has the records that are whole, and takes more.
    @Test func aTornEndIsCutOff() throws {
        var log = FreshnessLog(path)
        try log.append([record("a")], definition)
        let whole = try FileStatus(path).size
        try log.append([record("b")], definition)
        let bytes = try readFile(path)
        for length in [0, 1, 11, 12, 13, whole - 1, whole, whole + 1, whole + 11, bytes.count - 1] {
            try writePrivateFile(Array(bytes[..<length]), to: path)
            var cut = FreshnessLog(path)
            #expect((cut.record(of: "a") != nil) == (length >= whole), "\(length)")
            #expect(cut.record(of: "b") == nil, "\(length)")
            try cut.append([record("c")], definition)
            let again = FreshnessLog(path)
            #expect(again.record(of: "c") != nil, "\(length)")
            #expect((again.record(of: "a") != nil) == (length >= whole), "\(length)")
        }
    }

    @Test func aFlippedBitIsNoRecord() throws {
        var log = FreshnessLog(path)
        try log.append([record("a")], definition)
        var bytes = try readFile(path)
        for position in [3, bytes.count - 20] {
            bytes[position] ^= 1
            try writePrivateFile(bytes, to: path)
            #expect(FreshnessLog(path).record(of: "a") == nil)
            bytes[position] ^= 1
        }
    }

    @Test func itIsWrittenAnewWhenMostOfItIsOld() throws {
        var log = FreshnessLog(path)
        let large = String(repeating: "x", count: 100_000)
        for round in 0..<40 { try log.append([record("a", "\(round)" + large)], definition) }
        try log.append([record("b")], definition)
        #expect(try FileStatus(path).size < 1_500_000)
        #expect(FreshnessLog(path).record(of: "a")?.outputs["o"]?.stringValue?.hasPrefix("39") == true)
        #expect(FreshnessLog(path).definition(definition.digest) != nil)
        #expect(FreshnessLog(path).record(of: "b") != nil)
    }

    @Test func aFolderThatCannotBeMadeIsAnError() throws {
        try folder.write("state", "a file")
        var log = FreshnessLog(path)
        #expect(throws: OpsError.self) { try log.append([record("a")], definition) }
    }

    static let racy: [(FileIdentity, now: UInt64, Bool)] = [
        (
            FileIdentity(size: 1, modified: 1_000_000_001, changed: 1_000_000_001, device: 1, inode: 1), 1_000_000_002,
            true
        ),
        (
            FileIdentity(size: 1, modified: 1_000_000_001, changed: 1_000_000_001, device: 1, inode: 1), 2_000_000_000,
            false
        ),
        // Its content is old, but somebody set that time just now.
        (
            FileIdentity(size: 1, modified: 1_000_000_001, changed: 9_000_000_001, device: 1, inode: 1), 9_000_000_002,
            true
        ),
        // A file system that keeps whole seconds.
        (
            FileIdentity(size: 1, modified: 1_000_000_000, changed: 1_000_000_000, device: 1, inode: 1), 2_500_000_000,
            true
        ),
        // A clock that went back.
        (
            FileIdentity(size: 1, modified: 9_000_000_001, changed: 9_000_000_001, device: 1, inode: 1), 1_000_000_000,
            true
        ),
    ]

    @Test(arguments: racy.indices) func aFileAsOldAsTheLookIsReadAgain(_ index: Int) {
        let (identity, now, expected) = Self.racy[index]
        #expect(identity.isRacy(at: now) == expected)
    }
}
