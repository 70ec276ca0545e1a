import Glibc
import OpsCore
import TestKit
import Testing

/// Each recipe in `Bad` has one class of problem; the file beside it holds exactly what is printed.
///
/// `OPS_RECORD=1` writes those files anew, and makes every changed one's test fail: look at the difference.
@Suite struct BadRecipeTests {
    @Test(arguments: Corpus.names(in: "Bad"))
    func printsExactly(_ name: String) throws {
        let file = Corpus.folder + "Bad/" + name
        let printed = try Corpus.rendering(try readAll(file + ".yaml"), in: "Bad")
        let expected = (try? readAll(file + ".txt")).map { String(decoding: $0, as: UTF8.self) }
        if getenv("OPS_RECORD") != nil, printed != expected {
            let output = fopen(file + ".txt", "w")
            fputs(printed, output)
            fclose(output)
            Issue.record("recorded \(name).txt")
            return
        }
        #expect(printed == expected)
        #expect(!printed.isEmpty)
    }

    @Test func coversEnough() { #expect(Corpus.names(in: "Bad").count >= 70) }
}
