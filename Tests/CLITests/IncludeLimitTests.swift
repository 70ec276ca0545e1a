import Glibc
import TestKit
import Testing

/// What is told of wrong includes, and how many there may be.
@Suite struct IncludeLimitTests {
    @Test func whatIsWrongInAnIncludedFileHasItsOwnPlace() throws {
        let ops = try OpsProgram("ops: 1\ninclude: { part: sub/part.yaml }\ntasks: { t: { needs: [ \"part:x\" ] } }\n")
        try ops.write("sub/part.yaml", "ops: 1\ntasks:\n  x: { run: [ echo, \"${{ inputs.nothing }}\" ] }\n")
        let result = try ops("t")
        #expect(result.status == 2)
        #expect(
            result.errorText.hasPrefix(
                """
                sub/part.yaml:3:26: error: unknown input 'nothing'
                    3 |   x: { run: [ echo, "${{ inputs.nothing }}" ] }
                """), "\(result.errorText)")
        #expect(try ops("lint").text.components(of: "unknown input").count == 2)
    }

    @Test func lintChecksEachFileOnce() throws {
        let ops = try OpsProgram(
            "ops: 1\ninclude: { a: part.yaml, b: ./part.yaml }\ntasks: { t: { needs: [ \"a:x\", \"b:x\" ] } }\n")
        try ops.write("part.yaml", "ops: 1\nvars: { unused: 1 }\ntasks: { x: { run: 'true' } }\n")
        let result = try ops("lint")
        #expect(result.status == 0)
        #expect(result.text.components(of: "the var 'unused' is not used").count == 2, "\(result.text)")
        #expect(result.text.hasPrefix("part.yaml:2:9: warning"))
    }

    @Test(arguments: [1000])
    func manyIncludesRun(_ count: Int) throws {
        let names = (0..<count).map { "p\($0)" }
        let ops = try OpsProgram(
            "ops: 1\ninclude:\n" + names.map { "  \($0): ./parts/\($0).yaml\n" }.joined()
                + "tasks:\n  all: { needs: [ \(names.map { "\"\($0):t\"" }.joined(separator: ", ")) ] }\n")
        for name in names {
            try ops.write(
                "parts/\(name).yaml",
                "ops: 1\ninclude: { base: ../base.yaml }\ntasks: { t: { needs: [ \"base:b\" ] } }\n")
        }
        try ops.write("base.yaml", "ops: 1\ntasks: { b: { run: echo once >> log } }\n")
        let result = try ops("all")
        #expect(result.status == 0, "\(result)")
        #expect(try ops.text("log") == "once\n")
    }

    /// Files that each include the next one, under the names given.
    private func chain(_ length: Int, _ names: [String]) throws -> OpsProgram {
        let ops = try OpsProgram()
        for index in 0...length {
            let entries = names.map { "\($0): r\(index + 1).yaml" }.joined(separator: ", ")
            let include = index < length ? "include: { \(entries) }\n" : ""
            try ops.write("r\(index).yaml", "ops: 1\n\(include)tasks: { t: { run: 'true' } }\n")
        }
        return ops
    }

    @Test func includesMayBeSixteenDeepAndNoMore() throws {
        let ops = try chain(17, ["n"])
        #expect(try ops("run", "-f", "r1.yaml", String(repeating: "n:", count: 16) + "t").status == 0)
        let result = try ops("lint", "-f", "r0.yaml")
        #expect(result.status == 2)
        #expect(
            result.text == """
                r16.yaml:2:15: error: includes stand in each other more than 16 deep
                    2 | include: { n: r17.yaml }
                      |               ^~~~~~~~

                """)
    }

    @Test func namesThatDoubleAtEachLevelEndAtALimit() throws {
        let ops = try chain(15, ["a", "b"])
        #expect(try ops("run", "-f", "r3.yaml", String(repeating: "b:", count: 12) + "t").status == 0)
        let result = try ops("lint", "-f", "r0.yaml")
        #expect(result.status == 2)
        #expect(result.text.components(of: "more than 10000 includes").count == 2, "\(result.text)")
    }

    @Test func aRecipeThatIncludesItselfIsACycle() throws {
        let ops = try OpsProgram("ops: 1\ninclude: { me: ./ops.yaml }\ntasks: { t: { run: 'true' } }\n")
        #expect(try ops("t").errorText.contains("the recipes include each other: ops.yaml → ops.yaml"))
    }
}
