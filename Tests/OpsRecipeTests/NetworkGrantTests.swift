import OpsSystem
import Testing

@Suite struct NetworkGrantTests {
    @Test(arguments: [
        ("example.com:443", "example.com:443", true), ("EXAMPLE.com:443", "example.com:443", true),
        ("example.com:*", "example.com:1", true), ("*:443", "example.com:443", true), ("*:443", "a.test:80", false),
        ("*.example.com:443", "a.example.com:443", true), ("*.example.com:443", "example.com:443", false),
        ("*.example.com:443", "badexample.com:443", false), ("*.example.com:443", "*.a.example.com:443", true),
        ("example.com:443", "example.com:*", false), ("example.com:443", "*.example.com:443", false),
        ("[::1]:80", "[::1]:80", true),
    ])
    func covers(left: String, right: String, isCovered: Bool) throws {
        #expect(try #require(NetworkGrant(left)).covers(try #require(NetworkGrant(right))) == isCovered)
    }

    @Test(arguments: [
        "", "example.com", ":443", "example.com:", "example.com:0", "example.com:65536", "https://example.com:443",
        "a b:1", "a*.test:1", "::1:80", "example.com:+1",
    ])
    func isNone(text: String) { #expect(NetworkGrant(text) == nil) }
}
