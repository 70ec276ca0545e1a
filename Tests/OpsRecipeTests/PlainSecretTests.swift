import Testing

/// A secret that was written where a reference belongs is quoted by no diagnostic.
@Suite struct PlainSecretTests {
    @Test(arguments: [
        "hunter2", "'hun ter2'", "x://hunter2", "hunter2://x", "Hunter2://x", "4711", "[ hunter2 ]",
        "{ from: hunter2 }",
        "{ value: hunter2 }", "{ hunter2: x }", "{ from: [ 'env://A', hunter2 ] }", "'postgres://a:hunter2@h/d?x'",
        "'hunter2://#'", "{ from: x, optional: hunter2 }",
    ])
    func isNotQuoted(_ value: String) throws {
        let text = """
            ops: 1
            secrets: { token: \(value), other: hunter2 }
            tasks:
              a: { run: make, env: { T: "${{ secrets.token }}", O: "${{ secrets.other }}" } }

            """
        let printed = try Corpus.rendering(Array(text.utf8), in: "Bad")
        #expect(printed.contains("error:"))
        #expect(!printed.contains("unter2") || value.contains("://x") || value.contains("{ hunter2"))
        #expect(!printed.contains("4711"))
        for line in printed.split(separator: "\n") { #expect(!line.contains("secrets: {")) }
    }
}
