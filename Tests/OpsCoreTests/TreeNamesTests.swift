import OpsCore
import Testing

/// The table is the process's: each test has folders of its own.
@Suite struct TreeNamesTests {
    @Test func filesOfATreeAreCalledByTheReference() {
        TreeNames.add(["/a/tree", "/real/a/tree"], start: "git+file:///r//", end: "?ref=v1")
        #expect(TreeNames.name(of: "/a/tree/ci/go.yaml") == "git+file:///r//ci/go.yaml?ref=v1")
        #expect(TreeNames.name(of: "/real/a/tree/ci/go.yaml") == "git+file:///r//ci/go.yaml?ref=v1")
        #expect(TreeNames.path(of: "git+file:///r//ci/go.yaml?ref=v1") == "/a/tree/ci/go.yaml")
        #expect(TreeNames.name(of: "/a/tree") == "git+file:///r?ref=v1")
        #expect(TreeNames.name(of: "/a/treehouse/x") == "/a/treehouse/x")
    }

    @Test(arguments: [
        ("ops.yaml?ref=v1", "ops.yaml%3Fref=v1"), ("a b#c%", "a%20b%23c%25"), ("l\u{2028}s\u{E9}", "l%E2%80%A8s%C3%A9"),
    ])
    func noNameOfAFilePassesForAnothers(file: String, name: String) {
        TreeNames.add(["/b/tree"], start: "git+file:///s//", end: "")
        #expect(TreeNames.name(of: "/b/tree/" + file) == "git+file:///s//" + name)
        #expect(TreeNames.path(of: "git+file:///s//" + name) == "/b/tree/" + file)
    }

    @Test func aNameStaysThatOfTheFirstFile() {
        TreeNames.add(["/c/one"], start: "oci://host/r:1//", end: "")
        TreeNames.add(["/c/two"], start: "oci://host/r:1//", end: "")
        #expect(TreeNames.name(of: "/c/one/x") == "oci://host/r:1//x")
        #expect(TreeNames.name(of: "/c/two/x") == "/c/two/x")
        #expect(TreeNames.path(of: "oci://host/r:1//x") == "/c/one/x")
    }
}
