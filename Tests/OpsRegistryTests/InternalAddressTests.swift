import Testing

@testable import OpsRegistry

/// Which hosts a registry of the outside may not name as its token service.
@Suite struct InternalAddressTests {
    @Test(arguments: [
        ("localhost", true), ("a.localhost", true), ("127.0.0.1", true), ("0.0.0.0", true), ("10.1.2.3", true),
        ("172.20.0.1", true), ("192.168.1.1", true), ("169.254.169.254", true), ("100.64.0.1", true), ("[::1]", true),
        ("[::ffff:10.0.0.1]", true), ("[fd00::1]", true), ("[fe80::1]", true), ("2130706433", true),
        ("auth.example.com", false), ("172.32.0.1", false), ("8.8.8.8", false), ("100.128.0.1", false),
        ("[2001:db8::1]", false), ("10.example.com", false),
    ])
    func isKnown(_ host: String, _ expected: Bool) {
        #expect(RegistryAuthorizer.isInternal(host) == expected)
    }
}
