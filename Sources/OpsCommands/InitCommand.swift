import ArgumentParser
import OpsCore
import OpsSystem

/// `ops init`: a first recipe.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a first ops.yaml, with the commands of the project that is here.",
        discussion: "Nothing is overwritten.")

    @Option(name: RunOption.directory.names, help: RunOption.directory.valueHelp, completion: .directory)
    var directory: String?

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let context = CommandContext.current()
            var folder = context.directory
            if let directory { folder = directory.hasPrefix("/") ? directory : folder + "/" + directory }
            for name in ["ops.yaml", "ops.yml", ".ops.yaml"] where FileStatus.find(folder + "/" + name) != nil {
                throw OpsError(.invalid, "there is a recipe here: \(name)", hint: "'ops list' lists its tasks")
            }
            let name = folder.split(separator: "/").last.map { String($0) } ?? "project"
            let kind = ProjectKind.all.first { FileStatus.find(folder + "/" + $0.marker) != nil } ?? .none
            try writeAtomically(Array(kind.recipe(name: name).utf8), to: folder + "/ops.yaml")
            try Console.output(
                "Wrote ops.yaml\(kind.marker.isEmpty ? "" : " for the project of \(kind.marker)"). Next: ops list, ops plan, ops\n"
            )
        }
    }
}

/// What builds and tests a kind of project, known by the file that marks it.
private struct ProjectKind {
    var marker: String
    var build: [String]
    var test: [String]

    static let none = ProjectKind(
        marker: "", build: ["echo", "nothing to build yet"], test: ["echo", "nothing to test yet"])

    static let all = [
        ProjectKind(marker: "Package.swift", build: ["swift", "build"], test: ["swift", "test"]),
        ProjectKind(marker: "Cargo.toml", build: ["cargo", "build"], test: ["cargo", "test"]),
        ProjectKind(marker: "go.mod", build: ["go", "build", "./..."], test: ["go", "test", "./..."]),
        ProjectKind(
            marker: "package.json", build: ["npm", "run", "--if-present", "build", "--"], test: ["npm", "test", "--"]),
        ProjectKind(marker: "pyproject.toml", build: ["python3", "-m", "build"], test: ["python3", "-m", "pytest"]),
        ProjectKind(marker: "pom.xml", build: ["mvn", "package"], test: ["mvn", "test"]),
        ProjectKind(marker: "Makefile", build: ["make"], test: ["make", "test"]),
    ]

    func recipe(name: String) -> String {
        func command(_ words: [String]) -> String {
            "[ " + (words.map { JSONWriter.text(.string($0)) } + ["\"${{ args }}\""]).joined(separator: ", ") + " ]"
        }
        return """
            ops: 1
            name: \(JSONWriter.text(.string(name)))

            tasks:
              default: { needs: [ test ] }

              build:
                description: Build the project
                run: \(command(build))

              test:
                description: Run the tests        # ops test -- ARGUMENTS
                needs: [ build ]
                run: \(command(test))

            """
    }
}
