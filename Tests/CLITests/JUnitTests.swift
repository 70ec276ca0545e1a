import OpsCore
import TestKit
import Testing

/// `--junit FILE`, read by an XML parser of somebody else's.
@Suite struct JUnitTests {
    private static let recipe = """
        ops: 1
        secrets: { s: env://TOKEN }
        tasks:
          good: { run: echo fine }
          bad:
            needs: [ good ]
            steps:
              - { name: 'Break & "enter" <it>', run: 'printf "a\\033[31m]]>\\001b\\n$S\\n"; exit 3', env: { S: "${{ secrets.s }}" } }
            finally: [ { run: "true" } ]
          tolerant: { needs: [ good ], run: exit 4, continue-on-error: true }
          last: { needs: [ bad ], run: echo never }
          slow: { run: sleep 60, timeout: 200ms }
          all: { needs: [ last, tolerant ] }

        """

    /// One line for each suite and case.
    private func read(_ ops: OpsProgram, _ file: String) throws -> String {
        let script = """
            import sys, xml.etree.ElementTree as E
            root = E.parse(sys.argv[1]).getroot()
            def head(e): return " ".join(e.get(k) for k in ("tests", "failures", "errors", "skipped"))
            print(root.tag, head(root))
            for suite in root:
                assert float(suite.get("time")) >= 0 and suite.get("timestamp").endswith("Z")
                print(suite.get("name"), head(suite))
                for case in suite:
                    assert case.get("classname") == suite.get("name")
                    print("-", case.get("name"), *(f"{e.tag} <{e.get('message')}> <{e.text}>" for e in case))
            """
        return try run(["python3", "-c", script, "\(ops.project)/\(file)"]).text
    }

    @Test func `each task is a suite and each step a case, masked and well-formed`() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops(
            "all", "--keep-going", "--jobs", "1", "--junit", "reports/out.xml",
            environment: ["TOKEN": "junit-secret-value"])
        #expect(result.status == 1)
        #expect(
            try read(ops, "reports/out.xml") == """
                testsuites 6 1 0 2
                good 1 0 0 0
                - 1: echo fine
                bad 2 1 0 0
                - 1: Break & "enter" <it> failure <exit status 3 of 'printf "a\\033[31m]]>\\001b\\n$S\\n"; exit 3'> <a]]>b
                [masked:s]>
                - finally 1: true
                last 1 0 0 1
                - last skipped <bad failed> <None>
                tolerant 1 0 0 0
                - 1: exit 4 system-out <None> <exit status 4 of 'exit 4'>
                all 1 0 0 1
                - all skipped <last was skipped> <None>

                """)
        #expect(!(try ops.text("reports/out.xml").contains("junit-secret-value")))
    }

    @Test func `what did not end by itself is an error, and its twin in the environment works`() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("slow", environment: ["OPS_JUNIT": "out.xml"])
        #expect(result.status == 1)
        #expect(try read(ops, "out.xml").hasPrefix("testsuites 1 0 1 0\nslow 1 0 1 0\n- 1: sleep 60 error "))
    }

    @Test func `a file that cannot be written is an error before anything runs`() throws {
        let ops = try OpsProgram("ops: 1\ntasks: { t: { run: touch ran } }\n")
        try ops.write("file", "")
        let result = try ops("t", "--junit", "file/out.xml")
        #expect(result.status == 2 && result.errorText.contains("file/out.xml"), "\(result.errorText)")
        #expect(!ops.exists("ran"))
    }

    @Test func `a run that is resumed writes what it did itself`() throws {
        let ops = try OpsProgram(
            "ops: 1\ntasks: { a: { run: echo a }, b: { needs: [ a ], run: test -e there } }\n")
        #expect(try ops("b").status == 1)
        try ops.write("there", "")
        #expect(try ops("resume", "--junit", "out.xml").status == 0)
        #expect(try read(ops, "out.xml") == "testsuites 1 0 0 0\nb 1 0 0 0\n- 1: test -e there\n")
    }
}
