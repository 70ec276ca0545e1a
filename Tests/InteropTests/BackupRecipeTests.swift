import Glibc
import OpsCore
import TestKit
import Testing

/// `recipes/backup.yaml`, run for real.
@Suite struct BackupRecipeTests {
    @Test func foldersAreArchivedAndOldBackupsGo() throws {
        let project = try RecipeProject()
        try project.program.write("data/one/plain", "plain\n")
        try project.program.write("data/one/.hidden", "hidden\n")
        try project.program.write("data/one/sub/ünïcode name.txt", "text\n")
        try project.program.write("data/one/sub/tool", "#!/bin/sh\n", mode: 0o755)
        try project.program.write("data/one/scratch.tmp", "left out\n")
        try project.program.write("data/two/one/same name", "another\n")
        try need(["ln", "-s", "plain", project.folder + "/data/one/link"])
        // Two complete old backups, one that was cut off between them, and a folder that is none.
        for name in ["20200101T000000Z/SHA256SUMS", "20200202T000000Z/half", "20200303T000000Z/SHA256SUMS", "mine/x"] {
            try project.program.write("backups/" + name, "")
        }
        let words = [
            "--unattended", "-f", "recipes/backup.yaml", "backup", "folders=data/one", "folders=data/two/one",
            "to=backups",
            "keep=2", "exclude=*.tmp",
        ]
        // Folders are given as absolute paths: those of the command line of cron.
        let absolute = words.map { $0.replacing("folders=", with: "folders=\(project.folder)/") }
        let result = try project.program.run(["run"] + absolute)
        #expect(result.status == 0, "\(result.text)\n\(result.errorText)")
        #expect(result.text == "", "quiet when fine")
        let kept = try project.names(in: "backups")
        #expect(kept.count == 3)
        #expect(kept.dropFirst() == ["20200303T000000Z", "mine"] || kept.contains("20200303T000000Z"))
        #expect(!kept.contains("20200101T000000Z") && !kept.contains("20200202T000000Z"))
        let backup = try #require(kept.first { $0 != "20200303T000000Z" && $0 != "mine" })
        let path = project.folder + "/backups/" + backup
        let names = try project.names(in: "backups/" + backup)
        let prefix = project.folder.replacing("/", with: "_")
        #expect(names == ["SHA256SUMS", prefix + "_data_one.tar.zst", prefix + "_data_two_one.tar.zst"])
        try need(["sha256sum", "-c", "SHA256SUMS"], in: path)

        // GNU tar gives back what was there; bsdtar agrees on the names.
        let archive = path + "/" + prefix + "_data_one.tar.zst"
        try project.program.write("back/.keep", "")
        try need(["tar", "--zstd", "-xf", archive, "-C", project.folder + "/back"])
        try need(["diff", "-r", "--exclude=*.tmp", project.folder + "/data/one", project.folder + "/back/one"])
        #expect(access(project.folder + "/back/one/sub/tool", X_OK) == 0)
        #expect(access(project.folder + "/back/one/scratch.tmp", F_OK) != 0)
        let listed = try need(["bsdtar", "-tf", archive], environment: ["LC_ALL": "C.UTF-8"]).text
        #expect(listed.contains("one/sub/ünïcode name.txt\n") && listed.contains("one/link\n"))
    }

    @Test func aBackupThatFailsRemovesNothing() throws {
        let project = try RecipeProject()
        for year in 2018...2020 { try project.program.write("backups/\(year)0101T000000Z/SHA256SUMS", "") }
        let result = try project.program.run([
            "run", "-f", "recipes/backup.yaml", "backup", "folders=/nowhere/at/all", "to=backups", "keep=1",
        ])
        #expect(result.status != 0)
        #expect(result.errorText.contains("/nowhere/at/all") || result.text.contains("/nowhere/at/all"))
        let complete = try project.names(in: "backups").filter {
            project.program.exists("backups/\($0)/SHA256SUMS")
        }
        #expect(complete.count == 3)
    }

    @Test func keepingNothingIsRefused() throws {
        let project = try RecipeProject()
        try project.program.write("backups/20200101T000000Z/SHA256SUMS", "")
        let result = try project.program.run([
            "run", "-f", "recipes/backup.yaml", "backup", "folders=\(project.folder)/man", "to=backups", "keep=0",
        ])
        #expect(result.status == 1)
        #expect((result.text + result.errorText).contains("keep=0 would keep no backup"))
        #expect(try project.names(in: "backups") == ["20200101T000000Z"])
    }
}
