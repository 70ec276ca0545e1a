import OpsCore
import OpsRegistry
import OpsSharing
import OrderedCollections
import Testing

struct LockFileTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)
    private static let commit = String(repeating: "0123456789", count: 4)

    private static let text = """
        # What this recipe includes from others, exactly. Written by 'ops lock'; review it as you review code.
        version: 1
        includes:
          "git+https://host.example/a.git//x.yaml?ref=v1":
            requested: "v1"
            resolved: "\(commit)"
            tree: "\(digest)"
            signer: "ada@example.com"
            permissions:
              "net": [ "a.example:443", "b.example:443" ]
              "write": []
          "oci://host.example/b:1":
            requested: "1"
            resolved: "\(digest)"
            tree: "\(digest)"
        plugins:
          "oci://host.example/plugin:1":
            requested: "1"
            resolved: "\(digest)"
            platforms:
              "linux-amd64":
                resolved: "\(digest)"
                tree: "\(digest)"
              "linux-arm64":
                resolved: "\(digest)"
                tree: "\(digest)"

        """

    @Test func `what is read is written as it was, whatever the order`() throws {
        var lock = try LockFile(Array(Self.text.utf8), file: "ops.lock")
        #expect(lock.text == Self.text)
        lock.entries.reverse()
        #expect(lock.text == Self.text)
        #expect(lock[.plugin, "oci://host.example/plugin:1"]?.builds["linux-arm64"]?.tree.description == Self.digest)
        #expect(lock[.include, "oci://host.example/plugin:1"] == nil)
    }

    @Test(arguments: wrong)
    func `what is wrong has its place`(_ from: String, _ to: String, _ place: String, _ message: String) throws {
        let text = Self.text.replacing(from, with: to, maxReplacements: 1)
        let error = #expect(throws: DiagnosticsError.self) { try LockFile(Array(text.utf8), file: "ops.lock") }
        let found = error?.diagnostics.map { "\($0.range?.description ?? "?") \($0.message)" } ?? []
        #expect(found.contains { $0.hasPrefix(place + " ") && $0.contains(message) }, "\(found)")
    }

    static let wrong = [
        ("version: 1", "version: 2", "ops.lock:2:10", "locks of version 1"),
        ("    tree: \"\(digest)\"\n    signer", "    signer", "ops.lock:4:3", "has no 'tree'"),
        ("    signer", "    signr", "ops.lock:8:5", "unknown key 'signr'"),
        ("    resolved: \"\(commit)\"", "    resolved: main", "ops.lock:6:15", "neither a commit nor a digest"),
        ("    tree: \"sha256:ab", "    tree: \"sha256:AB", "ops.lock:7:11", "is not a digest"),
        ("  \"oci://host.example/b:1\"", "  \"http://host.example/b\"", "ops.lock:12:3", "names a web page"),
        (
            "  \"oci://host.example/b:1\"", "  \"git+https://host.example/a.git//x.yaml?ref=v1\"", "ops.lock:12:3",
            "duplicate key"
        ),
        ("plugins:", "extras:", "ops.lock:16:1", "unknown key 'extras'"),
    ]

    @Test(arguments: [
        ("ops.yaml", "ops.lock"), ("/a/.ops.yaml", "/a/ops.lock"), ("sub/ci.yaml", "sub/ci.ops.lock"),
    ])
    func `it lies beside its recipe`(_ recipe: String, _ lock: String) {
        #expect(LockFile.path(ofRecipe: recipe) == lock)
    }
}
