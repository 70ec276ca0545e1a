import OpsCore
import Testing

@testable import OpsHTTP

@Suite struct ProxySettingsTests {
    private func settings(_ variables: [String: String]) -> ProxySettings { ProxySettings { variables[$0] } }

    @Test(arguments: [
        ("example.com", "http://example.com/", true), ("example.com", "http://a.example.com/", true),
        ("example.com", "http://badexample.com/", false), (".example.com", "http://example.com/", false),
        (".example.com", "http://a.example.com/", true), ("*.example.com", "http://a.example.com/", true),
        ("*", "http://x/", true), ("10.0.0.0/8", "http://10.9.8.7/", true), ("10.0.0.0/8", "http://11.9.8.7/", false),
        ("h:8080", "http://h:8080/", true), ("h:8080", "http://h/", false), ("a, b c", "http://c/", true),
        ("fd00::1", "http://[fd00::1]/", true), ("[fd00::1]:80", "http://[fd00::1]/", true),
        ("", "http://127.0.0.1/", true), ("", "http://localhost/", true), ("", "http://127.evil.example/", false),
        ("EXAMPLE.com", "http://example.com", true), ("", "http://x/", false),
    ])
    func exceptions(_ list: String, _ url: String, _ isDirect: Bool) throws {
        let proxy = try settings(["NO_PROXY": list, "HTTP_PROXY": "http://proxy:3128"]).proxy(for: URLParts(url))
        #expect((proxy == nil) == isDirect)
    }

    @Test func variables() throws {
        let both = settings([
            "HTTP_PROXY": "http://upper:1", "http_proxy": "lower:2", "HTTPS_PROXY": "http://u:p%40@s:3",
        ])
        #expect(try both.proxy(for: URLParts("http://x/")) == .init(host: "lower", port: 2, isSOCKS: false))
        #expect(
            try both.proxy(for: URLParts("https://x/"))
                == .init(host: "s", port: 3, isSOCKS: false, credentials: "u:p@"))
        let socks = settings(["ALL_PROXY": "socks5://s"])
        #expect(try socks.proxy(for: URLParts("https://x/")) == .init(host: "s", port: 1080, isSOCKS: true))
    }

    @Test func wrongAddressIsNotShown() throws {
        for text in ["https://u:s3cret@p", "http://u:s3cret@p:port"] {
            let error = #expect(throws: OpsError.self) {
                try settings(["HTTP_PROXY": text]).proxy(for: URLParts("http://x/"))
            }
            #expect(error.map { "\($0)".contains("HTTP_PROXY") && !"\($0)".contains("s3cret") } == true)
        }
    }
}
