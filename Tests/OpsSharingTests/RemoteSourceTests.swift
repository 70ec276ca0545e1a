import OpsCore
import OpsRegistry
import OpsSharing
import Testing

struct RemoteSourceTests {
    @Test(arguments: [
        ("git+https://host.example/a/b.git//x/y.yaml?ref=v1.2", "https://host.example/a/b.git", "v1.2", "x/y.yaml"),
        ("git+https://host.example:8443/b?ref=main", "https://host.example:8443/b", "main", ""),
        ("git+ssh://git@host.example/a.git//ops.yaml", "ssh://git@host.example/a.git", "HEAD", "ops.yaml"),
        ("git+file:///srv/a.git//x?ref=feature/one", "file:///srv/a.git", "feature/one", "x"),
        ("git+file:///srv/a.git//./x//y/?ref=a%2Bb", "file:///srv/a.git", "a+b", "x/y"),
    ])
    func `a git reference has a URL, a ref and a path`(
        _ text: String, _ url: String, _ requested: String, _ path: String
    ) throws {
        let source = try RemoteSource(text)
        guard case .git(let found, _) = source.place else {
            Issue.record("\(text) is not git's")
            return
        }
        #expect((found, source.requested, source.path) == (url, requested, path))
        #expect(source.description == text)
    }

    @Test(arguments: [
        ("oci://localhost:5000/team/recipes:1.2", "localhost:5000/team/recipes:1.2", "1.2", ""),
        ("oci://registry/recipes:1//ci/x.yaml", "registry/recipes:1", "1", "ci/x.yaml"),
        (
            "oci://r.example/x@sha256:" + String(repeating: "a", count: 64),
            "r.example/x@sha256:" + String(repeating: "a", count: 64), "sha256:" + String(repeating: "a", count: 64), ""
        ),
    ])
    func `a registry reference has a host, a repository and a tag or digest`(
        _ text: String, _ name: String, _ requested: String, _ path: String
    ) throws {
        let source = try RemoteSource(text)
        guard case .registry(let reference) = source.place else {
            Issue.record("\(text) is not a registry's")
            return
        }
        #expect((reference.description, source.requested, source.path) == (name, requested, path))
    }

    @Test(arguments: [
        ("https://host.example/x.yaml", "web page"), ("http://host.example/x.yaml", "web page"),
        ("git+http://host.example/x.git", "protects nobody"), ("git+git://host.example/x.git", "protects nobody"),
        ("svn://host.example/x", "unknown scheme 'svn'"), ("git+https:x", "no ://"),
        ("git+https://user:hunter2@host.example/x.git", "user name or a password"),
        ("git+https://token@host.example/x.git", "user name or a password"),
        ("git+ssh://git:hunter2@host.example/x.git", "user name or a password"),
        ("git+ssh://-oProxyCommand=id/x.git", "host"), ("git+ssh://-l@host.example/x.git", "user name that ssh"),
        ("git+file://host/x.git", "host for a file"), ("git+https://host.example/", "no repository"),
        ("git+https://host.example/x.git?ref=--upload-pack=id", "no branch, tag or commit"),
        ("git+https://host.example/x.git?ref=a..b", "no branch, tag or commit"),
        ("git+https://host.example/x.git?depth=1", "query"), ("git+https://host.example/x.git#v1", "'#'"),
        ("git+https://host.example/x.git//a/../../b", "'..'"), ("git+https://host.example/x.git//%zz", "escapes"),
        ("git+https://h\u{43E}st.example/a.git", "not of ASCII"), ("oci://r.example/x:1//\u{202E}a", "not of ASCII"),
        ("git+file:///a.git//%E2%80%AEx", "control character"), ("git+file:///a.git?ref=%C2%9Bx", "no branch, tag"),
        ("git+https://host.example/a b.git", "space"), ("oci://registry.example/x", "no tag"),
        ("oci://registry.example", "no repository"), ("oci://user:hunter2@registry.example/x:1", "user name"),
        ("oci://registry.example/X:1", "not a repository name"), ("oci://registry.example/x:1?ref=2", "query"),
    ])
    func `what is no good reference is refused with the reason, and without a password`(
        _ text: String, _ reason: String
    ) {
        let error = #expect(throws: OpsError.self) { try RemoteSource(text) }
        #expect(error?.code == .invalid)
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `the host is told without user and path`() throws {
        #expect(try RemoteSource("git+ssh://git@host.example:22/a.git").host == "host.example:22")
        #expect(try RemoteSource("git+file:///a.git").host == nil)
        #expect(try RemoteSource("oci://localhost:5000/a:1").host == "localhost:5000")
    }
}
