package import Glibc
import OpsCore

/// The built `ops` in a project of its own: a temporary folder holds the project, the home and the state, and
/// nothing of the environment of the test reaches the program.
package final class OpsProgram: Sendable {
    /// The executable that was built with this test bundle: it lies beside it. `OPS_TEST_PROGRAM` names another, such
    /// as the optimized one.
    package static let path = getenv("OPS_TEST_PROGRAM").map { String(cString: $0) } ?? built("ops")

    /// A program that was built with this test bundle.
    package static func built(_ name: String) -> String {
        let bundle = CommandLine.arguments[0]
        return (bundle.lastIndex(of: "/").map { String(bundle[..<$0]) } ?? ".") + "/" + name
    }

    private let root: TemporaryFolder
    /// Where it is called, and where its recipe lies.
    package let project: String
    /// Its `TMPDIR`.
    package let temporary: String
    /// Where its runs are kept.
    package let state: String

    /// `recipe` becomes `ops.yaml` of the project.
    package init(_ recipe: String? = nil) throws {
        root = try TemporaryFolder()
        project = root.path + "/project"
        state = root.path + "/state"
        temporary = root.path + "/tmp"
        try root.write("home/.keep", "")
        guard mkdir(temporary, 0o700) == 0 else { throw OpsError(.system, "mkdir: errno \(errno)") }
        try root.write("project/.keep", "")
        if let recipe { try write("ops.yaml", recipe) }
    }

    /// Writes a file of the project; returns its absolute path.
    @discardableResult
    package func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        try root.write("project/" + name, text, mode: mode)
    }

    package func text(_ name: String) throws -> String { try root.text("project/" + name) }

    package func exists(_ name: String) -> Bool { root.exists("project/" + name) }

    /// True where the file is there and not empty: who writes it makes it first.
    package func holds(_ name: String) throws -> Bool { try exists(name) && !text(name).isEmpty }

    /// True once the process whose id the file holds is gone; it may end a moment after the one that ended it.
    package func isGone(_ name: String) throws -> Bool {
        guard let pid = Int32(try text(name).filter(\.isNumber)) else {
            throw OpsError(.invalid, "\(name) holds no process id: \(try text(name))")
        }
        return try TestKit.isGone(pid)
    }

    /// What it runs with; `changes` replaces variables, nil takes one away.
    package func environment(_ changes: [String: String?] = [:]) -> [String: String] {
        var all = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": root.path + "/home",
            "OPS_STATE_DIR": state, "LC_ALL": "C.UTF-8", "TMPDIR": temporary,
        ]
        for (name, value) in changes { all[name] = value }
        return all
    }

    /// The command line that starts it with that environment and no other.
    package func command(
        _ words: [String], in directory: String? = nil, environment changes: [String: String?] = [:]
    ) -> [String] {
        let variables = environment(changes).map { "\($0.key)=\($0.value)" }
        return ["env", "-i", "-C", directory ?? project] + variables + [Self.path] + words
    }

    /// Runs it to its end in a terminal that script(1) makes; what it says is in `text`, in one stream.
    ///
    /// - Parameter typed: what somebody types.
    package func inTerminal(_ words: [String], typed: String = "") throws -> CommandResult {
        let quoted = command(words, environment: ["TERM": "xterm-256color"]).map { "'\($0)'" }
        return try TestKit.run(
            ["script", "-qec", quoted.joined(separator: " "), "/dev/null"], input: Array(typed.utf8))
    }

    /// Runs it to its end.
    @discardableResult
    package func run(
        _ words: [String], in directory: String? = nil, environment changes: [String: String?] = [:],
        input: [UInt8] = []
    ) throws -> CommandResult {
        try TestKit.run(command(words, in: directory, environment: changes), input: input)
    }

    /// Runs it as somebody without privileges: root's tests as another user, who gets the program as an open file.
    package func runUnprivileged(
        _ words: [String], environment changes: [String: String?] = [:]
    ) throws -> CommandResult {
        let command = command(words, environment: changes)
        guard geteuid() == 0, let program = command.firstIndex(of: Self.path) else { return try TestKit.run(command) }
        try TestKit.run(["chmod", "-R", "a+rwX", root.path])
        let script = "exec 9<\"$0\"; exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\""
        return try TestKit.run(
            ["bash", "-c", script, Self.path] + command[..<program] + ["/proc/self/fd/9"] + command[(program + 1)...])
    }

    @discardableResult
    package func callAsFunction(
        _ words: String..., in directory: String? = nil, environment changes: [String: String?] = [:]
    ) throws -> CommandResult {
        try run(words, in: directory, environment: changes)
    }

    /// Starts it and returns at once; `end` gives what it printed.
    ///
    /// - Parameter prefix: a command that executes another in its place.
    package func start(
        _ words: [String], environment changes: [String: String?] = [:], prefix: [String] = []
    ) throws -> RunningProgram {
        try TestKit.start(prefix + command(words, environment: changes))
    }

    /// The text with what differs between two runs replaced: run identifiers by `RUN`, durations by `TIME`, and
    /// the project's folder by `PROJECT`.
    package func normalized(_ text: String) -> String {
        text.replacing(project, with: "PROJECT").replacing(/[0-9]{8}-[0-9]{6}-[0-9]{3}-[0-9a-f]+/, with: "RUN")
            .replacing(/\b([0-9]+h)?([0-9]+m)?[0-9]+(\.[0-9]+)?(ms|s|m)\b/, with: "TIME")
    }
}

/// Starts a program and returns at once; `end` gives what it printed.
package func start(_ command: [String]) throws -> RunningProgram {
    let folder = try TemporaryFolder()
    let files = try ["out", "err"].map { name throws -> Int32 in
        let file = try folder.write(name, "")
        return open(file, O_WRONLY | O_APPEND | O_CLOEXEC)
    }
    let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { (files + [null]).forEach { close($0) } }
    return RunningProgram(pid: try spawn(command, streams: [null] + files), folder: folder)
}

/// A program that goes on while the test does.
package final class RunningProgram: Sendable {
    package let pid: pid_t
    private let folder: TemporaryFolder

    init(pid: pid_t, folder: TemporaryFolder) {
        self.pid = pid
        self.folder = folder
    }

    package func signal(_ number: Int32) { kill(pid, number) }

    /// Waits until the file exists, as `waitUntil` does.
    package func wait(for file: String) throws {
        guard try waitUntil({ access(file, F_OK) == 0 }) else {
            throw OpsError(.timeout, "\(file) did not appear: \(try folder.text("out")) \(try folder.text("err"))")
        }
    }

    /// Waits for its end; it is killed where it does not come, as `waitUntil` says.
    package func end() throws -> CommandResult {
        var status: Int32 = 0
        if try !waitUntil({ waitpid(pid, &status, WNOHANG) == pid }) {
            kill(pid, SIGKILL)
            waitpid(pid, &status, 0)
        }
        let signal = status & 0x7F
        return CommandResult(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: try folder.read("out"),
            errorOutput: try folder.read("err"))
    }
}
