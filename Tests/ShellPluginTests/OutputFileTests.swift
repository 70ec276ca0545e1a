import OpsCore
import OpsPlugin
import OrderedCollections
import ShellPlugin
import TestKit
import Testing

@Suite struct OutputFileTests {
    private func outputs(_ text: String, _ types: [String: ValueType]?) async throws -> [String: Value] {
        var step = try Step()
        step.options.returns = types.map { .declared($0) }
        step.options.standardInput = .string(text)
        return try await step.run("cat > \"$OPS_OUTPUT\"")
    }

    @Test(arguments: [
        ("a=1", ValueType.string, Value.string("1")), ("a=", .string, ""), ("a=x=y\n\n", .string, "x=y"),
        ("a= x ", .string, " x "),
        ("a=1\na=2\n", .string, "2"), ("a<<E\nx\ny\nE\n", .string, "x\ny"), ("a<<E\nE", .string, ""),
        ("a<<E=F\n b=1\nE=F", .string, " b=1"), ("a=b<<c", .string, "b<<c"), ("a=12", .integer, .integer(12)),
        ("a=5.10", .number, .number(5.1)), ("a=3", .number, .integer(3)), ("a=true", .boolean, .boolean(true)),
        ("a=[1,\"x\"]", .list(.any), .list([.integer(1), "x"])), ("a=[\"x\"]", .list(.string), .list(["x"])),
        ("a<<J\n{ \"k\":\n1 }\nJ", .map, .map(["k": .integer(1)])), ("a=null", .optional(.string), .null),
        ("", .optional(.string), .null),
        ("a=x", .optional(.string), "x"),
    ])
    func reads(text: String, type: ValueType, value: Value) async throws {
        #expect(try await outputs(text, ["a": type])["a"] == value)
    }

    @Test func secretIsSecret() async throws {
        guard case .secret(let secret)? = try await outputs("a=hidden", ["a": .secret])["a"] else {
            Issue.record("not a secret")
            return
        }
        #expect(secret.revealText() == "hidden")
        #expect(secret.names == ["step.a"])
    }

    @Test(arguments: [
        ("", ValueType.string, "it did not write the output 'a'"),
        ("b=1\na=1", .string, "it wrote the output 'b', which 'returns' does not declare"),
        ("a", .string, "line 1 of the file OPS_OUTPUT is not 'name=value'"),
        ("a=1\n=2", .string, "line 2 of the file OPS_OUTPUT is not 'name=value'"),
        ("\na<<E\nx", .string, "line 2 of the file OPS_OUTPUT starts 'a', but no line 'E' ends it"),
        ("a<<", .string, "line 1 of the file OPS_OUTPUT has no name or no delimiter"),
        ("a=x", .integer, "the output 'a' must be integer as JSON"),
        ("a=1.5", .integer, "the output 'a' must be integer, and it is number"),
        ("a=[1]", .list(.string), "the output 'a' must be list of string, and it is list"),
        ("a=yes", .boolean, "the output 'a' must be boolean as JSON"),
    ])
    func isRefused(text: String, type: ValueType, message: String) async throws {
        let error = await #expect(throws: OpsError.self) { _ = try await outputs(text, ["a": type]) }
        #expect(error?.message == message)
        #expect(error?.code == .mismatch)
    }

    @Test func undeclaredFileNamesTheRemedy() async throws {
        let error = await #expect(throws: OpsError.self) { _ = try await outputs("a=1", nil) }
        #expect(error?.message == "it wrote outputs to OPS_OUTPUT, but its step declares none")
        #expect(error?.hint?.contains("returns") == true)
        #expect(try await outputs("", nil).isEmpty)
    }

    @Test func bytesThatAreNoText() async throws {
        var step = try Step()
        step.options.returns = .declared(["a": .string])
        let error = await #expect(throws: OpsError.self) {
            _ = try await step.run("printf 'a=\\377' > \"$OPS_OUTPUT\"")
        }
        #expect(error?.message == "the file OPS_OUTPUT is not UTF-8")
    }
}
