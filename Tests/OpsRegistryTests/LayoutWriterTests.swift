import OpsCore
import OpsRegistry
import OrderedCollections
import TestKit
import Testing

@Suite struct LayoutWriterTests {
    private func blobs(_ folder: TemporaryFolder, _ name: String) throws -> Int {
        try run(["ls", "\(folder.path)/\(name)/blobs/sha256"]).text.split(separator: "\n").count
    }

    @Test func withoutATagItHoldsOneImageAlone() throws {
        let folder = try TemporaryFolder()
        _ = try SampleImage(folder.path + "/image", layers: [[1]])
        let second = try SampleImage(folder.path + "/image", layers: [[2], [3]])
        let entry = try second.layout.entry(.only)
        #expect(entry.digest == second.manifest.document.digest)
        #expect(try blobs(folder, "image") == 4)
        #expect(try run(["ls", "-A", folder.path]).text == "image\n")
    }

    @Test func tagsLiveSideBySide() throws {
        let folder = try TemporaryFolder()
        let first = try SampleImage(folder.path + "/image", layers: [[1], [9]], tag: "one")
        _ = try SampleImage(folder.path + "/image", layers: [[2], [9]], tag: "two")
        #expect(try blobs(folder, "image") == 7)
        let layout = first.layout
        #expect(try layout.index().manifests.map(\.referenceName) == ["one", "two"])
        #expect(try layout.entry(.tag(Tag("one"))).digest == first.manifest.document.digest)
        #expect(try layout.entry(.digest(first.manifest.document.digest)).referenceName == "one")
        let several = #expect(throws: OpsError.self) { try layout.entry(.only) }
        #expect(several?.hint == "it holds one, two")
        #expect(throws: OpsError.self) { try layout.entry(.tag(Tag("three"))) }
        // One that is replaced leaves nothing behind.
        _ = try SampleImage(folder.path + "/image", layers: [[5]], tag: "one")
        #expect(try blobs(folder, "image") == 7)
        #expect(throws: OpsError.self) { try layout.entry(.digest(first.manifest.document.digest)) }
    }

    @Test func manyMayWriteAtOnce() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/image"
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask { _ = try SampleImage(path, layers: [[UInt8(number)], [99]], tag: "t\(number)") }
            }
            try await group.waitForAll()
        }
        let layout = ImageLayout(path: path)
        let entries = try layout.index().manifests
        #expect(entries.count == 16)
        for entry in entries {
            #expect(try Manifest(try layout.document(entry)).blobs.allSatisfy { layout.holds($0) })
        }
        #expect(try run(["ls", "-A", folder.path]).text == "image\n")
    }

    @Test func whatIsNotCommittedLeavesNothing() throws {
        let folder = try TemporaryFolder()
        do {
            let writer = try LayoutWriter(folder.path + "/a/b/image")
            try writer.add([1, 2, 3], mediaType: MediaType.layer)
        }
        #expect(try run(["find", folder.path, "-type", "f"]).text.isEmpty)
        #expect(!folder.exists("a/b/image"))
    }

    @Test func whatAKilledProcessLeftIsRemoved() throws {
        let folder = try TemporaryFolder()
        let living = try LayoutWriter(folder.path + "/image")
        for name in [".image.ops-old", ".image.ops-new", ".other.ops-old"] {
            try folder.write(name + "/blobs/sha256/half", "half")
        }
        let name = String(living.staging.path.dropFirst(folder.path.utf8.count + 1))
        try run(
            ["touch", "-d", "1 hour ago", name, ".image.ops-old", ".other.ops-old"], in: folder.path)
        _ = try LayoutWriter(folder.path + "/image")
        let left = try run(["ls", "-A"], in: folder.path).text.split(separator: "\n").map(String.init)
        #expect(Set(left) == [name, ".image.ops-new", ".other.ops-old"])
        withExtendedLifetime(living) {}
    }

    @Test func anotherFolderIsNotOverwritten() throws {
        let folder = try TemporaryFolder()
        try folder.write("site/index.html", "x")
        let error = #expect(throws: OpsError.self) { try LayoutWriter(folder.path + "/site") }
        #expect(error?.description.contains("is not an OCI image layout") == true)
        try folder.write("file", "x")
        #expect(throws: OpsError.self) { try LayoutWriter(folder.path + "/file") }
        try run(["mkdir", folder.path + "/empty"])
        _ = try SampleImage(folder.path + "/empty")
    }

    @Test(arguments: [
        ("oci-layout", "{}", "has version none, not 1.0.0"), ("oci-layout", "{", "is not an OCI image layout"),
        ("index.json", "[]", "has no list of manifests"),
        ("index.json", #"{"manifests":[{"digest":"x"}]}"#, "has no mediaType"),
        ("index.json", #"{"manifests":[{"mediaType":"x","digest":"sha256:x","size":1}]}"#, "is not a digest"),
        ("index.json", #"{"manifests":[]}"#, "is empty"),
    ])
    func damagedLayoutsAreNamed(_ file: String, _ text: String, _ expected: String) throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        try folder.write("image/" + file, text)
        let error = #expect(throws: OpsError.self) { try sample.layout.entry(.only) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
}
