import TestKit
import Testing

/// `.ops/policy.yaml`: what a project requires of its recipes.
@Suite struct PolicyTests {
    private static let recipe = """
        ops: 1
        tasks:
          default: { run: 'true' }
          deploy: { exclusive: "deploy-${{ host.os }}", run: 'true' }
          bounded: { exclusive: deploy-x, timeout: 1m, run: 'true', undo: { run: 'true' } }

        """

    private static let policy = """
        policy: 1
        rules:
          - name: deploys end
            when: { exclusive: "deploy-*" }
            require: [ timeout, undo ]

        """

    @Test(arguments: [["run"], ["plan"], ["lint"], ["run", "deploy"]])
    func aBrokenRuleIsADiagnosticWithBothPlaces(words: [String]) throws {
        let ops = try OpsProgram(Self.recipe)
        #expect(try ops.run(words).status == 0)
        try ops.write(".ops/policy.yaml", Self.policy)
        let result = try ops.run(words)
        #expect(result.status == 2)
        #expect(
            (words == ["lint"] ? result.text : result.errorText) == """
                ops.yaml:4:3: error: task 'deploy' has no 'timeout' and no 'undo': a policy requires it of a task with 'exclusive: deploy-*'
                    4 |   deploy: { exclusive: "deploy-${{ host.os }}", run: 'true' }
                      |   ^~~~~~ the rule 'deploys end' is at .ops/policy.yaml:3:5

                """)
    }

    @Test func itLimitsWhatARecipeMayTouch() throws {
        let ops = try OpsProgram("ops: 1\npermissions: { write: [ . ] }\ntasks: { default: { run: 'true' } }\n")
        try ops.write(".ops/policy.yaml", "policy: 1\npermissions: { read: [ . ], write: [ dist ] }\n")
        let result = try ops()
        #expect(result.status == 2)
        #expect(
            result.errorText.contains("asks for '.', which .ops/policy.yaml:2:1 does not grant"), "\(result.errorText)")
        // A recipe that says nothing is held to it.
        try ops.write("ops.yaml", "ops: 1\ntasks: { default: { run: 'true' } }\n")
        #expect(try ops("plan").text.contains("permissions (.ops/policy.yaml:2):"))
    }

    @Test(arguments: [
        ("policy: 2\n", ".ops/policy.yaml:1:9: error: this ops knows version 1 of policies, not this one"),
        ("rules: []\n", ".ops/policy.yaml:1:1: error: the policy has no 'policy'"),
        ("policy: 1\nsignature: require\n", "unknown key 'signature' in the policy"),
        ("policy: 1\nsignatures: always\n", "'signatures' is one of off, warn, require, not 'always'"),
        ("policy: 1\nhosts: [ 'https://example.com' ]\n", "'https://example.com' in 'hosts' is not a host"),
        ("policy: 1\nrules: [ { require: [ timeouts ] } ]\n", "not 'timeouts'"),
        ("policy: [\n", "error:"),
        ("", "error:"),
    ])
    func aWrongOneIsAnErrorAndNeverLeftOut(text: String, message: String) throws {
        let ops = try OpsProgram("ops: 1\ntasks: { default: { run: 'true' } }\n")
        try ops.write(".ops/policy.yaml", text)
        for words in [["run"], ["plan"]] {
            let result = try ops.run(words)
            #expect(result.status == 2)
            #expect(result.errorText.contains(message), "\(result.errorText)")
        }
    }

    /// A variable may add to what holds, and takes nothing away.
    @Test func aVariableNamesOneMore() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { default: { run: 'true' } }\n")
        try ops.write("more.yaml", "policy: 1\nrules: [ { require: [ description ] } ]\n")
        #expect(try ops(environment: ["OPS_POLICY": "more.yaml"]).status == 2)
        #expect(try ops(environment: ["OPS_POLICY": "none.yaml"]).errorText.contains("there is no policy 'none.yaml'"))
        try ops.write(".ops/policy.yaml", "policy: 1\nrules: [ { require: [ timeout ] } ]\n")
        try ops.write("more.yaml", "policy: 1\n")
        #expect(try ops(environment: ["OPS_POLICY": "more.yaml"]).status == 2)
    }
}
