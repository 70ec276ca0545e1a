import OpsCore
import TestKit
import Testing

/// An output that holds a known secret's bytes is a secret, whatever its type.
@Suite struct SecretOutputTests {
    private static let recipe = """
        ops: 1
        secrets: { digits: env://DIGITS, word: env://WORD }
        defaults: { shell: sh }
        tasks:
          make:
            env: { D: "${{ secrets.digits }}", W: "${{ secrets.word }}" }
            returns: { n: integer, l: list, m: list }
            run: |
              echo "n=$D" >> "$OPS_OUTPUT"
              echo "l=[$D]" >> "$OPS_OUTPUT"
              echo 'm=[{"'"$W"'":1}]' >> "$OPS_OUTPUT"
          use:
            needs: [ make ]
            run: [ echo, "${{ toJSON(needs.make.outputs) }}" ]
        """

    @Test func numbersAndKeysAreSecretsToo() throws {
        let ops = try OpsProgram(Self.recipe)
        let environment: [String: String?] = ["DIGITS": "4815162342", "WORD": "key-token-99"]
        let made = try ops.run(["make"], environment: environment)
        #expect(made.status == 0, "\(made.text)\(made.errorText)")
        let found = try TestKit.run(["grep", "-rlE", "4815162342|key-token-99", ops.state])
        #expect(found.text == "")
        let used = try ops.run(["use"], environment: environment)
        #expect(used.status == 1)
        #expect(used.text.contains("the secrets 'digits', 'word' cannot go into"), "\(used.text)\(used.errorText)")
    }

    @Test func checkNamesAValueThatCannotBeMasked() throws {
        let ops = try OpsProgram("ops: 1\nsecrets: { short: env://SHORT }\ntasks: { t: { run: [ 'true' ] } }")
        let result = try ops.run(["secrets", "check", "--deep"], environment: ["SHORT": "abc"])
        #expect(result.text.contains("secret 'short' is shorter than 4 bytes"), "\(result.text)\(result.errorText)")
    }
}
