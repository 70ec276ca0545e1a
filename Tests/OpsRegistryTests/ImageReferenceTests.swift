import OpsCore
import OpsRegistry
import Testing

private let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

@Suite struct ImageReferenceTests {
    @Test(arguments: [
        ("debian", "docker.io/library/debian"),
        ("debian:12", "docker.io/library/debian:12"),
        ("team/app", "docker.io/team/app"),
        ("index.docker.io/team/app", "docker.io/team/app"),
        ("docker.io/debian", "docker.io/library/debian"),
        ("localhost/app", "localhost/app"),
        ("localhost:5000/app:1.2", "localhost:5000/app:1.2"),
        ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"),
        ("[::1]:5000/app:x", "[::1]:5000/app:x"),
        ("registry.example.com/team/app:v1@\(digest)", "registry.example.com/team/app:v1@\(digest)"),
        ("app@\(digest)", "docker.io/library/app@\(digest)"),
        ("a/b_c__d.e---f", "docker.io/a/b_c__d.e---f"),
        ("example.com/app:_A.b-C", "example.com/app:_A.b-C"),
        ("Host/app", "Host/app"),
    ])
    func reads(_ text: String, _ expected: String) throws {
        #expect(try ImageReference(text).description == expected)
    }

    @Test(arguments: [
        "", ":", "/", "app:", "app@", "app:.x", "App", "example.com/Team/app", "example.com/", "a//b", "-a", "a-",
        "a..b", "a___b", "a._b", "https://example.com/app", "example.com:0/app", "example.com:99999/app",
        "example.com:x/app", "app@sha256:12", "app@sha256:\(String(repeating: "A", count: 64))", "[::1/app",
        "exa mple.com/app", "example.com/app:\(String(repeating: "x", count: 129))", "ex..com/a", "app:a b",
        "example.com/\(String(repeating: "a", count: 250))", "é", "example.com/app:é",
    ])
    func rejects(_ text: String) {
        #expect(throws: OpsError.self) { try ImageReference(text) }
    }

    @Test func namesTheRemedy() {
        let error = #expect(throws: OpsError.self) { try ImageReference("example.com/Team/app") }
        #expect(error?.code == .invalid)
        #expect(
            error?.description
                == "'example.com/Team/app' is not an image reference: 'Team/app' is not a repository name (a repository is lower-case: team/app)"
        )
    }

    @Test func selectsDigestThenTagThenLatest() throws {
        #expect(try ImageReference("app:1@\(digest)").selector == digest)
        #expect(try ImageReference("app:1").selector == "1")
        #expect(try ImageReference("app").selector == "latest")
    }

    @Test func dockerHubHasAnotherHost() throws {
        #expect(try ImageReference("debian").host.authority == "registry-1.docker.io")
        #expect(try ImageReference("quay.io/a").host.authority == "quay.io")
    }
}

@Suite struct DigestTests {
    @Test func computes() {
        #expect(Digest.sha256(of: Array("{}".utf8)).description == digest)
    }

    @Test func verifies() throws {
        let expected = try Digest(digest)
        try expected.verify(Array("{}".utf8), "it")
        let error = #expect(throws: OpsError.self) { try expected.verify(Array("{ }".utf8), "it") }
        #expect(error?.code == .mismatch)
        let sha512 = try Digest(
            "sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd"
        )
        try sha512.verify(Array("{}".utf8), "it")
    }

    @Test func unknownAlgorithmsAreNamedButNotVerified() throws {
        let other = try Digest("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8")
        let error = #expect(throws: OpsError.self) { try other.verify([], "it") }
        #expect(error?.code == .unsupported)
    }

    @Test(arguments: ["", "sha256", "sha256:", ":abc", "SHA256:abc", "sha256+:abc", "sha256:abc/def", "a:../../x"])
    func rejects(_ text: String) { #expect(throws: OpsError.self) { try Digest(text) } }
}
