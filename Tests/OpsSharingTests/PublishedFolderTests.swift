import OpsArchive
import OpsCore
import OpsRegistry
import OpsSharing
import OrderedCollections
import TestKit
import Testing

/// What of a folder is published.
@Suite struct PublishedFolderTests {
    @Test func takesAllFilesButWhatIsNobodysBusiness() throws {
        let folder = try TemporaryFolder()
        for name in [
            "ops.yaml", ".hidden", "b/c.txt", ".git/config", "sub/.git/config", ".ops/vendor/x/ops.yaml",
            ".ops/policy.yaml", "dist/app", "b/app.log",
        ] { try folder.write(name, name) }
        try folder.write("run.sh", "#!/bin/sh\n", mode: 0o775)
        _ = try run(["ln", "-s", "../ops.yaml", folder.path + "/b/link"])
        _ = try run(["mkdir", folder.path + "/empty"])
        let found = try PublishedFolder(folder.path, excluding: ["*.log", "dist/**"])
        #expect(
            found.entries.map(\.path) == [
                ".hidden", ".ops/policy.yaml", "b/c.txt", "b/link", "ops.yaml", "run.sh",
            ])
        #expect(found.entries.map { String($0.mode, radix: 8) } == ["644", "644", "644", "777", "644", "755"])
        #expect(found.secretLooking.isEmpty)
    }

    @Test func theSameFilesGiveTheSameBytesWhateverTheirTimesAndModes() throws {
        func packed(_ folder: TemporaryFolder, _ mode: String) throws -> Digest {
            try folder.write("ops.yaml", "ops: 1\n")
            try folder.write("bin/tool", "#!/bin/sh\n", mode: 0o755)
            _ = try run(["chmod", mode, folder.path + "/ops.yaml"])
            _ = try run(["touch", "-d", "@\(mode)000000", folder.path + "/ops.yaml"])
            return try PackedArtifact.planned(
                .recipe, [PackedArtifact.Part(try PublishedFolder(folder.path))], isIndex: false, annotations: [:]
            ).root.digest
        }
        let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
        _ = try run(["mkdir", second.path + "/empty"])
        let digest = try packed(first, "600")
        #expect(try packed(second, "664") == digest)
        try second.write("ops.yaml", "ops: 1\n\n")
        #expect(
            try PackedArtifact.planned(
                .recipe, [PackedArtifact.Part(try PublishedFolder(second.path))], isIndex: false, annotations: [:]
            ).root.digest != digest)
    }

    @Test func refusesWhatNoReaderWouldTake() throws {
        for (target, isFine) in [("../x", false), ("/etc/passwd", false), ("a/../../x", false), ("x", true)] {
            let folder = try TemporaryFolder()
            try folder.write("x", "")
            _ = try run(["ln", "-s", target, folder.path + "/link"])
            if isFine {
                #expect(try PublishedFolder(folder.path).entries.count == 2)
            } else {
                let error = #expect(throws: OpsError.self) { try PublishedFolder(folder.path) }
                #expect(
                    error?.message == "'link' is a link to '\(target)', which leads out of the folder or can")
            }
        }
        let folder = try TemporaryFolder()
        _ = try run(["mkfifo", folder.path + "/pipe"])
        #expect(throws: OpsError.self) { try PublishedFolder(folder.path) }
        try folder.write("x", "")
        #expect(try PublishedFolder(folder.path, excluding: ["pipe"]).entries.map(\.path) == ["x"])
    }

    @Test func aFolderThatReadersTakeForGitsIsNotPublished() throws {
        let folder = try TemporaryFolder()
        for name in ["ops.yaml", "sub/.GIT/config"] { try folder.write(name, "") }
        let error = #expect(throws: OpsError.self) { try PublishedFolder(folder.path) }
        #expect(error?.message.contains("it has the name '.GIT'") == true, "\(error?.message ?? "")")
        #expect(try PublishedFolder(folder.path, excluding: [".GIT"]).entries.map(\.path) == ["ops.yaml"])
    }

    @Test func tellsWhatLooksLikeASecret() throws {
        let folder = try TemporaryFolder()
        let secret = [".env", ".env.production", "deploy.pem", "id_ed25519", "keys/age.txt", "note"]
        for name in secret { try folder.write(name, "A=1") }
        try folder.write("keys/age.txt", "# created\nAGE-SECRET-KEY-1ABC\n")
        try folder.write("note", "text\n-----BEGIN OPENSSH PRIVATE KEY-----\n")
        for name in [".env.example", "id_ed25519.pub", "ops.yaml", "keys/readme"] { try folder.write(name, "A=1") }
        #expect(try PublishedFolder(folder.path).secretLooking == secret.sorted())
    }
}
