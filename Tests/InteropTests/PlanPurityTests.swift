import Glibc
import OpsCore
import TestKit
import Testing

/// Promise 1: a plan and a dry run start no process, open no socket and write no file, as the kernel saw it.
@Suite struct PlanPurityTests {
    static let plans: [[String]] = [
        ["-f", "recipes/release.yaml", "release"],
        [
            "-f", "recipes/release.yaml", "release", "executable=README.md", "registry=localhost:1/ops",
            "plain-http=true",
        ],
        ["-f", "recipes/backup.yaml", "backup", "folders=recipes", "folders=man", "to=backups", "keep=2"],
        ["-f", "recipes/ci.yaml", "ci", "product=tool", "project=."],
        ["-f", "recipes/ci.yaml", "test", "--", "--filter", "X"],
        ["-f", "recipes/deploy.yaml", "deploy", "from=man", "root=srv", "health=http://127.0.0.1:1/health"],
        ["-f", "recipes/offline-build.yaml", "build", "archive=recipes/ci.yaml"],
        [
            "-f", "recipes/share.yaml", "publish", "place=oci://127.0.0.1:1/team/ci", "version=1.0.0", "key=LICENSE",
        ],
        ["-f", "ops.yaml", "check", "build", "test", "format", "manual", "bench", "release", "demo"],
    ]

    @Test func everyRecipeIsPlanned() throws {
        let planned = Set(Self.plans.map { $0[1] })
        #expect(try Set(RecipeProject.recipes().map { "recipes/" + $0 } + ["ops.yaml"]) == planned)
    }

    @Test(
        arguments: [["plan"], ["plan", "--format", "json"], ["run", "--dry-run"], ["run", "--dry-run", "-v"]],
        Self.plans)
    func nothingIsStartedOrWritten(_ verb: [String], _ words: [String]) throws {
        let project = try RecipeProject()
        _ = try project.makeSigningKey()
        // What fetching a secret would ask for is there, so that nothing but the plan keeps it from doing so.
        let environment: [String: String?] = [
            "SLACK_WEBHOOK": "http://127.0.0.1:1/hook", "REGISTRY_PASSWORD": "s3cret-pass",
        ]
        let before = try content(of: project)
        let (result, log) = try traced(project.program.command(verb + words, environment: environment))
        #expect(result.status == 0, "\(result.text)\n\(result.errorText)")
        #expect(!result.output.isEmpty)
        #expect(log.offences == [])
        #expect(log.text.contains("execve(\"\(OpsProgram.path)\""))
        #expect(try content(of: project) == before)
        #expect(access(project.program.state, F_OK) != 0)
    }

    /// Where the judge finds nothing in any of these, it would find nothing in `ops` either.
    @Test(arguments: [
        "/bin/true; :", "(:)", ": > made", ": >> README.md", "mkdir made", "mv README.md moved", "rm README.md",
        "ln -s a b", "chmod 600 README.md", "exec 3<>/dev/tcp/127.0.0.1/1", "truncate -s 0 README.md", "exec true",
    ])
    func theJudgeSees(_ script: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("README.md", "text")
        let (_, log) = try traced(["env", "-i", "-C", folder.path, "/bin/bash", "-c", script])
        #expect(log.offences != [])
    }

    @Test func theJudgeAllowsReading() throws {
        let (result, log) = try traced(["env", "-i", "-C", projectFolder, "/bin/ls", "-l", "recipes"])
        #expect(result.status == 0)
        // `ls -l` asks the name service, which is a socket of its own.
        #expect(log.offences.allSatisfy { $0.contains("socket(") || $0.contains("connect(") }, "\(log.offences)")
    }

    /// Runs a command line that begins with `env`, with the program it names under strace.
    private func traced(_ command: [String]) throws -> (CommandResult, SystemCallLog) {
        let folder = try TemporaryFolder()
        let log = folder.path + "/log"
        guard let place = command.indices.first(where: { $0 > 3 && command[$0].hasPrefix("/") }) else {
            throw OpsError(.usage, "\(command) names no program")
        }
        let strace = ["/usr/bin/strace", "-f", "-qq", "-s", "4096", "-e", "trace=" + SystemCallLog.traced, "-o", log]
        let result = try run(Array(command[..<place]) + strace + Array(command[place...]))
        return (result, SystemCallLog(text: try folder.text("log")))
    }

    /// Names, sizes and times of all files of a project.
    private func content(of project: RecipeProject) throws -> String {
        try need(["find", project.folder, "-printf", "%P %y %s %T@ %m\n"]).text
    }
}
