import OpsCore
import OpsSystem
import TestKit
import Testing

@Suite struct GlobTests {
    @Test(arguments: [
        ("*.txt", "a.txt", true), ("*.txt", ".txt", false), ("*.txt", "a/b.txt", false), ("a?c", "abc", true),
        ("a?c", "aéc", true), ("a?c", "ac", false), ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false),
        ("[]]", "]", true), ("[a-]", "-", true), ("{a,b}.c", "b.c", true), ("{a,b}.c", "c.c", false),
        ("x{a,{b,c}d}", "xcd", true), ("x{,y}", "x", true), ("**", "a/b/c", true), ("**", "a/.b", false),
        ("a/**", "a", false), ("a/**", "a/b", true), ("a/**", "a/b/c", true), ("**/c", "c", true),
        ("**/c", "a/b/c", true), ("a/**/c", "a/c", true), ("a/**/c", "a/x/y/c", true), ("a/**/c", "b/c", false),
        (".*", ".x", true), ("*", ".x", false), ("?x", ".x", false), ("[.]x", ".x", false),
        (".github/**", ".github/a", true),
        ("./a/*", "a/b", true), ("a//b", "a/b", true), ("\\*", "*", true), ("\\*", "a", false), ("/a/*", "/a/b", true),
        ("/a/*", "a/b", false), ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false), ("*.*", ".git", false),
        (".*", ".git", false), (".git/*", ".git/x", true), ("**/**/c", "a/c", true), ("{a,b}/*", "b/x", true),
    ])
    func matches(pattern: String, path: String, expected: Bool) throws {
        #expect(try Glob(pattern).matches(path) == expected, "\(pattern) on \(path)")
    }

    @Test(arguments: [
        ("a**", "'**' must be a whole segment"), ("[a", "'[' without ']'"), ("{a", "'{' without '}' in one segment"),
        ("*}", "'}' without '{'"), ("{a/b,c}", "'{' without '}' in one segment"), ("[z-a]", "the range 'z-a' is empty"),
        ("a\\", "'\\' at the end of a segment"), ("", "is empty"), ("./", "is empty"),
        ("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "more than 1000 alternatives"),
    ])
    func isRefused(pattern: String, problem: String) {
        let error = #expect(throws: OpsError.self) { try Glob(pattern) }
        #expect(error?.message.contains(problem) == true, "\(error?.message ?? "")")
    }
}

@Suite struct FileTreeTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for name in [
            "a/b.txt", "a/c/d.txt", "a/c/.hidden", "a-b/e.txt", ".git/config", "a/.git/config", "z.txt", ".env",
            "a/x.o",
        ] { try folder.write(name, name) }
        try run(["ln", "-s", "a", folder.path + "/link"])
        try run(["ln", "-s", "missing", folder.path + "/a/broken"])
    }

    @Test(arguments: [
        ("**", ["a", "a-b", "a-b/e.txt", "a/b.txt", "a/broken", "a/c", "a/c/d.txt", "a/x.o", "link", "z.txt"]),
        ("**/*.txt", ["a-b/e.txt", "a/b.txt", "a/c/d.txt", "z.txt"]),
        ("*", ["a", "a-b", "link", "z.txt"]), ("a/*.txt", ["a/b.txt"]), (".env", [".env"]), (".*", [".env"]),
        ("a/c", ["a/c", "a/c/.hidden", "a/c/d.txt"]), ("./a/c/", ["a/c", "a/c/.hidden", "a/c/d.txt"]),
        ("link/*.txt", ["link/b.txt"]), ("**/c/**", ["a/c/d.txt"]), ("a/c/.*", ["a/c/.hidden"]), ("z.txt", ["z.txt"]),
        ("a/{b,x}.*", ["a/b.txt", "a/x.o"]), ("../*/z.txt", [String]()),
    ])
    func finds(pattern: String, paths: [String]) throws {
        if paths.isEmpty {
            // Other tests' folders lie beside this one.
            #expect(
                try FileTree.find("../\(folder.path.split(separator: "/").last ?? "")/z.*", in: folder.path).count == 1)
        } else {
            #expect(try FileTree.find(pattern, in: folder.path).map(\.path) == paths)
        }
    }

    @Test func plainFolderIsTheWholeTreeLessGit() throws {
        let entries = try FileTree.find("a", in: folder.path)
        #expect(entries.map(\.relativePath) == ["", "b.txt", "broken", "c", "c/.hidden", "c/d.txt", "x.o"])
        #expect(entries[2].linkTarget == "missing")
        #expect(entries[2].kind == .link)
        #expect(entries[1].size == 7)
        #expect(entries[1].absolutePath == folder.path + "/a/b.txt")
        let whole = try FileTree.find(".", in: folder.path).map(\.path)
        #expect(whole.first == ".env")
        #expect(!whole.contains { $0.contains(".git") })
    }

    @Test func excludes() throws {
        let paths = try FileTree.find("a", in: folder.path, excluding: ["*.o", ".hidden", "broken"]).map(\.path)
        #expect(paths == ["a", "a/b.txt", "a/c", "a/c/d.txt"])
        #expect(
            try FileTree.find("a", in: folder.path, excluding: ["a/c", "**/*.o", "broken"]).map(\.path) == [
                "a", "a/b.txt",
            ])
        #expect(
            try FileTree.find("**/*.txt", in: folder.path, excluding: ["c", "z.*"]).map(\.path) == [
                "a-b/e.txt", "a/b.txt",
            ])
    }

    @Test(arguments: ["nothing", "*.none", "z.txt/x", "none/*"])
    func noMatchIsAnError(pattern: String) {
        let error = #expect(throws: OpsError.self) { try FileTree.find(pattern, in: folder.path) }
        #expect(error?.code == .notFound)
        #expect(error?.message == "nothing matches '\(pattern)'")
    }

    @Test func severalPatternsGiveEachEntryOnce() throws {
        #expect(try FileTree.find(["z.txt", "*.txt"], in: folder.path).map(\.path) == ["z.txt"])
    }

    @Test func nameThatIsNotUTF8() throws {
        try run(["bash", "-c", "touch $'a/\\xff'"], in: folder.path)
        let error = #expect(throws: OpsError.self) { try FileTree.find("a", in: folder.path) }
        #expect(error?.message.contains("is not UTF-8") == true)
        #expect(try FileTree.find("a/*.txt", in: folder.path).count == 1)
        #expect(try FileTree.find("a", in: folder.path, excluding: ["?"]).count == 4)
        try removeTree(folder.path + "/a")
        #expect(!folder.exists("a"))
    }
}
