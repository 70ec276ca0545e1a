import OpsCore
import TestKit
import Testing

extension OpsProgram {
    /// A project whose tasks write a line to `log` each time they run, with two sources.
    static func withSources(_ recipe: String) throws -> OpsProgram {
        let ops = try OpsProgram(recipe)
        try ops.write("src/a.txt", "a\n")
        try ops.write("src/b.txt", "b\n")
        return ops
    }

    /// How often a task ran.
    var runs: Int { ((try? text("log")) ?? "").split(separator: "\n").count }

    /// The reason that the plan gives for its last task to run; nil where it is up to date.
    func reason(_ words: String...) throws -> String? {
        let result = try run(["plan", "--format", "json"] + words)
        #expect(result.status == 0, "\(result.errorText)")
        let task = try JSONReader.value(result.output)["tasks"]?.listValue?.last
        if task?["decision"]?.stringValue == "up-to-date" { return nil }
        return task?["reason"]?.stringValue ?? "none"
    }
}
