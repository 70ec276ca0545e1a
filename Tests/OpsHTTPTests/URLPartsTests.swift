import OpsCore
import OpsHTTP
import Testing

@Suite struct URLPartsTests {
    @Test(arguments: [
        ("http://h", "http://h/"),
        ("HTTPS://Host.Example:443/a b/ü?q=1 2#frag", "https://host.example/a%20b/%C3%BC?q=1%202"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"), ("https://user:pa%40ss@h/p", "https://h/p"),
        ("http://h?x", "http://h/?x"), ("http://h/%7Ea%2Fb", "http://h/%7Ea%2Fb"), ("http://h/[x]", "http://h/%5Bx%5D"),
    ])
    func reads(_ text: String, _ expected: String) throws {
        #expect(try URLParts(text).text == expected)
    }

    @Test(arguments: [
        "", "h/p", "ftp://h/", "http://", "http://:80/", "http://h:0/", "http://h:65536/", "http://h:x/",
        "http://h:+1/",
        "http://[::1", "http://[::1]x/", "http://[zz]/", "http://ex ample/", "http://bücher.example/", "http://h/\u{1}",
        "http://h\\@evil/", "http://h%00/", "http://h\n/", "http://.h/", "http://h/a\r\nHost: x",
    ])
    func rejects(_ text: String) throws {
        #expect(throws: OpsError.self) { try URLParts(text) }
    }

    @Test func messagesHoldNoSecrets() throws {
        let url = try URLParts("https://bob:s3cret@h/p?token=s3cret&plain&x=s3cret")
        #expect(url.display == "https://h/p?token=…&…&x=…")
        #expect(url.userInfo == "bob:s3cret")
        let error = #expect(throws: OpsError.self) { try URLParts("https://bob:s3cret@h:99999/?t=s3cret") }
        #expect(error.map { !"\($0)".contains("s3cret") } == true)
    }

    @Test(arguments: [
        ("/x", "http://h:1/x"), ("x", "http://h:1/a/x"), ("../x?y", "http://h:1/x?y"), ("?z=1", "http://h:1/a/b?z=1"),
        ("//o/p", "http://o/p"), ("https://o/p", "https://o/p"), ("", "http://h:1/a/b?q"), ("./", "http://h:1/a/"),
        ("..", "http://h:1/"), ("../../../x", "http://h:1/x"), ("/a/./b/../c", "http://h:1/a/c"),
        ("/v2/x?next=http://o/", "http://h:1/v2/x?next=http://o/"),
    ])
    func resolves(_ reference: String, _ expected: String) throws {
        #expect(try URLParts("http://u@h:1/a/b?q").resolve(reference).text == expected)
        #expect(try URLParts("http://u@h:1/a/b?q").resolve(reference).userInfo == nil)
    }

    @Test func rejectsOtherSchemesInReferences() throws {
        for reference in ["javascript:alert(1)", "file:///etc/passwd", "mailto:x"] {
            #expect(throws: OpsError.self) { try URLParts("http://h/").resolve(reference) }
        }
    }

    @Test func builds() throws {
        let url = try URLParts("http://h/v2/?x=1")
        #expect(url.appending("a b", "c/d").text == "http://h/v2/a%20b/c%2Fd")
        #expect(url.adding(query: [("k", "v&w=1")]).text == "http://h/v2/?x=1&k=v%26w%3D1")
    }

    @Test func percentEncodingRoundTrip() {
        let bytes = (0...255).map { UInt8($0) }
        let text = String(decoding: bytes[..<128], as: UTF8.self) + "ü€𝄞"
        #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == Array(text.utf8))
        #expect(PercentEncoding.decode("%4") == nil)
        #expect(PercentEncoding.decode("%zz") == nil)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ])
    func base64(_ plain: String, _ coded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == coded)
        #expect(Base64.decode(Array(coded.utf8)) == Array(plain.utf8))
        #expect(Base64.decode(Array(coded.utf8.filter { $0 != 0x3D })) == Array(plain.utf8))
    }

    @Test func base64Rejects() {
        for text in ["Zg=", "Z", "Zh==", "Zm9v=", "Z=g=", "Zg===", "Zm9v!"] {
            #expect(Base64.decode(Array(text.utf8)) == nil, "\(text)")
        }
        #expect(Base64.decode(Array("-_\n8=".utf8)) == [0xFB, 0xFF])
    }
}
