import OpsCore
import OpsRecipe
import Testing

@Suite struct DotenvTests {
    @Test(arguments: [
        ("A=1", ["A=1"]), ("export A=1\nB = two words # why\n", ["A=1", "B=two words"]),
        ("# all\n\n  A='$B \\n' # x\n", ["A=$B \\n"]), (#"A="a\n\"b\" \$c \d""#, ["A=a\n\"b\" $c \\d"]),
        ("A=\nB=#c\nC=a#b", ["A=", "B=", "C=a#b"]), ("A=\"one\ntwo\"\nB=2", ["A=one\ntwo", "B=2"]),
        ("A=1\r\nB=2\r\n", ["A=1", "B=2"]), ("\u{FEFF}A=1", ["A=1"]), ("A=$(id)", ["A=$(id)"]), ("", []),
    ])
    func reads(_ text: String, _ expected: [String]) throws {
        #expect(try Dotenv.parse(Array(text.utf8), file: ".env").map { "\($0)=\($1)" } == expected)
    }

    @Test(arguments: [
        ("A", 1, "the line is not NAME=value"), ("A=1\n1B=2", 2, "the line is not NAME=value"),
        ("A='x\n\n", 1, "the quote is not closed"), ("A=1\nB='x' y", 2, "text behind the closing quote"),
        ("\n=x", 2, "the line is not NAME=value"), ("A=\u{0}", 1, "the value of A is not UTF-8 text"),
    ])
    func refuses(_ text: String, _ line: Int, _ message: String) throws {
        do {
            _ = try Dotenv.parse(Array(text.utf8), file: ".env")
            Issue.record("accepted")
        } catch {
            #expect(error.diagnostics.map(\.message) == [message])
            #expect(error.diagnostics.first?.range?.start.line == line)
        }
    }

    @Test func reportsEveryLine() {
        #expect { try Dotenv.parse(Array("a b\nA=1\nc".utf8), file: ".env") } throws: {
            ($0 as? DiagnosticsError)?.diagnostics.map(\.range?.start.line) == [1, 3]
        }
    }
}
