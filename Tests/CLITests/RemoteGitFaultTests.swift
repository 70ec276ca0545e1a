import OpsCore
import OpsSystem
import TestKit
import Testing

/// Repositories that are made to hurt, and copies of them that a kill has left.
@Suite struct RemoteGitFaultTests {
    private static let recipe = "ops: 1\ntasks: { t: { run: echo fetched } }\n"

    /// Of files, and of folders with nothing in them.
    @Test(arguments: [true, false]) func aTreeWithABillionNamesIsGivenUpAtOnce(_ hasFiles: Bool) throws {
        let repository = try GitRepository()
        try repository.commit(["ops.yaml": Self.recipe])
        func word(_ text: String) -> String { String(text.prefix { !$0.isNewline }) }
        let empty = try run(["git", "-C", repository.path, "mktree"]).text
        var entry =
            hasFiles
            ? "100644 blob \(word(try repository.git("rev-parse", "HEAD:ops.yaml").text))"
            : "040000 tree \(word(empty))"
        for _ in 0..<9 {
            let lines = (0..<10).map { "\(entry)\tn\($0)\n" }.joined()
            let made = try run(["git", "-C", repository.path, "mktree"], input: Array(lines.utf8))
            entry = "040000 tree \(word(made.text))"
        }
        let tree = String(entry.split(separator: " ")[2])
        let commit = word(try repository.git("commit-tree", "-m", "many", tree).text)
        try repository.git("tag", "many", commit)
        let project = try RemoteProject(from: "git+file://\(repository.path)?ref=many")
        let result = try project("lock")
        #expect(result.status == 2 && result.errorText.contains("git printed more than"), "\(result)")
    }

    @Test func aCopyThatAKillLeftIsReplaced() throws {
        let repository = try GitRepository()
        try repository.commit(["ops.yaml": Self.recipe])
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        #expect(try project.lock().status == 0)
        let folder = project.ops.project + "/../home/.cache/ops/git"
        let name = try #require(try listFolder(folder).first { $0.hasSuffix(".git") })
        for damage in [
            "touch shallow.lock", "rm -rf objects refs", "rm HEAD", "rm -rf objects/*; touch shallow.lock",
            "mkdir ../\(name).new; touch ../\(name).new/x shallow.lock",
        ] {
            try run(["sh", "-c", damage], in: "\(folder)/\(name)")
            try repository.commit(["data": damage])
            let result = try project.lock("update")
            #expect(result.status == 0 && result.text.contains("moved"), "\(damage): \(result)")
            #expect(try listFolder(folder).sorted() == [name, "\(name).lock"], "\(damage)")
        }
        // Where the repository itself cannot be reached, its copy stays.
        try run(["mv", repository.path, repository.path + ".away"])
        let away = try project("lock", "update")
        try run(["mv", repository.path + ".away", repository.path])
        #expect(away.status == 2 && away.errorText.contains("git failed"), "\(away)")
        #expect(FileStatus.find("\(folder)/\(name)/HEAD") != nil)
    }

    @Test func whatAKilledLockWasFillingIsRemovedByTheNext() throws {
        let repository = try GitRepository()
        try repository.commit(["ops.yaml": Self.recipe])
        let project = try RemoteProject(from: "git+file://\(repository.path)")
        #expect(try project.lock().status == 0)
        let dead = try run(["sh", "-c", "echo $$"]).text.prefix { !$0.isNewline }
        let place = "{ cat /proc/sys/kernel/random/boot_id; printf %s \"$(readlink /proc/self/ns/pid)\"; } | sha256sum"
        let own = try run(["sh", "-c", place]).text.prefix(8)
        let names = [
            ".new-\(own)-\(dead)-1", ".new-\(own)-\(dead)-1.tar", ".new-\(own)-1-2", ".new-00000000-\(dead)-3",
        ]
        for name in names { try run(["mkdir", "\(project.cache)/\(name)"]) }
        try repository.commit(["data": "2"])
        #expect(try project.lock("update").status == 0)
        let left = try listFolder(project.cache).filter { $0.hasPrefix(".new-") }.sorted()
        #expect(left == names.suffix(2).sorted())
        try run(["touch", "-d", "2 days ago", "\(project.cache)/\(names[3])"])
        try repository.commit(["data": "3"])
        #expect(try project.lock("update").status == 0)
        #expect(try listFolder(project.cache).filter { $0.hasPrefix(".new-") } == [names[2]])
    }
}
