import OpsCore
import OpsPlugin
import TestKit
import Testing

@testable import SecretsPlugin

@Suite struct EnvironmentProviderTests {
    private let provider = EnvironmentProvider()

    @Test func values() async throws {
        let harness = try SecretsHarness(["A": " value\n", "E": "", "J": #"{"k":"inner"}"#, "B": "aGk="])
        let values = try await harness.fetch(
            provider, "env://A", "env://E", "env://NONE", "env://J#k", "env://B?decode=base64", "env://J#x", "env://A#x"
        )
        #expect(
            values == [
                " value\n", "empty: environment variable 'E' is empty",
                "missing: environment variable 'NONE' is not set",
                "inner", "hi", "missing: environment variable 'J' has no field 'x'",
                "invalid: environment variable 'A' is no map or list in JSON or YAML, of which '#x' selects a member",
            ])
        #expect(try harness.presence(provider, "env://A") == .present)
        #expect(try harness.presence(provider, "env://NONE") == .missing)
        #expect(try harness.presence(provider, "env://J#x") == .unknown)
        #expect(try await harness.probe(provider, "env://A") == "set")
        #expect(try await harness.probe(provider, "env://NONE") == "missing: environment variable 'NONE' is not set")
    }

    @Test(arguments: [
        ("env://A-B", "'A-B' is not the name of an environment variable"),
        ("env://1A", "'1A' is not the name of an environment variable"),
        ("env://A?decod=base64", "unknown option 'decod' in 'env://A?decod=base64' (did you mean 'decode'?)"),
        ("env://A?decode=hex", "'env://A?decode=hex' cannot decode 'hex' (write decode=base64)"),
    ])
    func wrongReferences(_ text: String, _ message: String) throws {
        let reference = try SecretReference(text)
        let error = #expect(throws: OpsError.self) { try provider.check(reference) }
        #expect(error?.description.hasPrefix(message) == true)
    }
}
