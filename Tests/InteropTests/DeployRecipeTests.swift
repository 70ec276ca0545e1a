import Glibc
import OpsCore
import TestKit
import Testing

/// `recipes/deploy.yaml` against a real server that turns unhealthy.
@Suite struct DeployRecipeTests {
    /// Serves `/health` with the status that `current/status` holds, as a service would that runs what `current` names.
    private static let server = """
        import http.server, os, sys
        root = sys.argv[1]
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                try:
                    status = int(open(root + "/current/status").read())
                except OSError:
                    status = 503
                self.send_response(status)
                self.end_headers()
            def log_message(self, *arguments): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        open(root + "/port.new", "w").write(str(server.server_port))
        os.rename(root + "/port.new", root + "/port")
        server.serve_forever()
        """

    private final class Service {
        let project: RecipeProject
        let root: String
        let port: String
        private let server: RunningProgram

        init() throws {
            project = try RecipeProject()
            root = project.folder + "/service"
            try project.program.write("service/.keep", "")
            try project.program.write("server.py", DeployRecipeTests.server)
            server = try start(["python3", project.folder + "/server.py", root])
            try server.wait(for: root + "/port")
            port = try project.program.text("service/port")
        }

        deinit { server.signal(SIGKILL); _ = try? server.end() }

        /// - Parameter limit: how long it may take to be healthy.
        func deploy(_ words: String..., within limit: String = "10m") throws -> CommandResult {
            try project.program.run(
                ["run", "-f", "recipes/deploy.yaml", "deploy", "root=service", "within=\(limit)"]
                    + ["health=http://127.0.0.1:\(port)/health", "--yes"] + words)
        }

        func release(_ name: String, status: Int) throws {
            try project.program.write(name + "/status", "\(status)")
            try project.program.write(name + "/name", name)
        }

        var current: String { get throws { try project.program.text("service/current/name") } }
    }

    @Test func anUnhealthyReleaseIsRolledBackByItself() throws {
        let service = try Service()
        try service.release("one", status: 200)
        try service.release("two", status: 500)
        let first = try service.deploy("from=one")
        #expect(first.status == 0, "\(first.text)\n\(first.errorText)")
        #expect(try service.current == "one")

        let second = try service.deploy("from=two", within: "2s")
        #expect(second.status == 1, "\(second.text)\n\(second.errorText)")
        #expect(second.text.contains("Going back to releases/"))
        #expect(try service.current == "one")
        #expect(try service.project.names(in: "service/releases").count == 1)
        #expect(try run(["curl", "-sf", "http://127.0.0.1:\(service.port)/health"]).status == 0)
    }

    @Test func theFirstReleaseThatIsUnhealthyLeavesNone() throws {
        let service = try Service()
        try service.release("one", status: 503)
        #expect(try service.deploy("from=one", within: "2s").status == 1)
        #expect(!service.project.program.exists("service/current/name"))
        #expect(try service.project.names(in: "service/releases") == [])
    }

    @Test func oldReleasesGoAndTheRestartIsCalled() throws {
        let service = try Service()
        try service.project.program.write("restart", "#!/bin/sh\necho again >> \(service.root)/restarts\n", mode: 0o755)
        for number in 1...3 {
            try service.release("r\(number)", status: 200)
            let result = try service.deploy("from=r\(number)", "keep=2", "restart=restart")
            #expect(result.status == 0, "\(result.text)\n\(result.errorText)")
        }
        #expect(try service.current == "r3")
        #expect(try service.project.names(in: "service/releases").count == 2)
        #expect(try service.project.program.text("service/restarts") == "again\nagain\nagain\n")
    }

    @Test func withoutATerminalTheQuestionNeedsYes() throws {
        let service = try Service()
        try service.release("one", status: 200)
        let result = try service.project.program.run([
            "run", "-f", "recipes/deploy.yaml", "deploy", "root=service", "from=one", "health=http://127.0.0.1:1/",
        ])
        #expect(result.status == 2)
        #expect(!service.project.program.exists("service/releases"))
    }
}
