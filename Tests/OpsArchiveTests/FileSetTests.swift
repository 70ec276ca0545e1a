import Glibc
import OpsArchive
import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections
import TestKit
import Testing

struct FileSetTests {
    private func tree() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("dist/app", "x", mode: 0o711)
        try folder.write("src/a.txt", "a", mode: 0o600)
        try folder.write("src/sub/b.txt", "b")
        try folder.write("src/sub/.DS_Store", "b")
        return folder
    }

    @Test(arguments: [
        (["from": "dist/app"], ["dist/app"]),
        (["from": "dist/app", "to": "bin/tool"], ["bin/tool"]),
        (["from": "dist/app", "to": "bin/"], ["bin/app"]),
        (["from": "dist/app", "to": "/app"], ["app"]),
        (
            ["from": "src", "to": "share"],
            ["share", "share/a.txt", "share/sub", "share/sub/.DS_Store", "share/sub/b.txt"]
        ),
        (["from": "src", "to": "/", "exclude": ".DS_Store"], ["a.txt", "sub", "sub/b.txt"]),
        (["from": "src/**/*.txt", "to": "t"], ["t/a.txt", "t/sub/b.txt"]),
        (["from": "src/*.txt"], ["src/a.txt"]),
    ])
    func paths(values: [String: String], expected: [String]) throws {
        let folder = try tree()
        var map = ValueMap()
        for (key, value) in values { map[key] = .string(value) }
        #expect(try FileSet.resolve([item(map)], in: folder.path).map(\.path) == expected)
    }

    @Test func modesAndOwners() throws {
        let folder = try tree()
        let entries = try FileSet.resolve(
            [item(["from": .string("dist/app"), "owner": .string("10:20")]), item(["from": .string("src")], 1)],
            in: folder.path)
        #expect(entries.map(\.mode) == [0o755, 0o755, 0o644, 0o755, 0o644, 0o644])
        #expect(entries[0].owner == 10 && entries[0].group == 20)
    }

    @Test func errors() throws {
        let folder = try tree()
        mkfifo(folder.path + "/pipe", 0o644)
        let cases: [([ValueMap], String)] = [
            ([["from": .string("none*")]], "'from' of files[0]: nothing matches 'none*'"),
            (
                [
                    ["from": .string("dist/app"), "to": .string("x")],
                    ["from": .string("src/a.txt"), "to": .string("x")],
                ],
                "files[0] and files[1] both give 'x'"
            ),
            ([["from": .string("pipe")]], "socket, pipe or device"),
            ([["from": .string("dist/app"), "to": .string("../x")]], "'to' of files[0]"),
            ([["from": .string("dist/app"), "owner": .string("root")]], "'owner' of files[0]"),
        ]
        for (maps, message) in cases {
            #expect {
                try FileSet.resolve(maps.enumerated().map { item($1, $0) }, in: folder.path)
            } throws: {
                "\($0)".contains(message)
            }
        }
    }
}
