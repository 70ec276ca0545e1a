import OpsCore
import OpsHTTP
import OpsSystem
import Synchronization

/// The system's git, asked about repositories of others: it runs no hook, no filter and nothing that a repository
/// configures, asks no question, and speaks only the one protocol of the reference.
struct GitProgram: Sendable {
    private let executable: String
    private let environment: [String: String]

    /// Past it a fetch is given up.
    private static let fetchLimit = Duration.seconds(600)
    /// Past it work on a copy is given up: an object may name itself a million times.
    private static let localLimit = Duration.seconds(60)
    private static let errorLimit = 1 << 16

    /// - Parameter environment: what git is started with, less the variables by which a caller points it at a
    ///   repository of its own.
    /// Throws: an `OpsError` (`notFound`) where git is not installed.
    init(environment: [String: String], directory: String) throws(OpsError) {
        let path = environment["PATH"] ?? ExecutablePath.defaultSearchPath
        guard let executable = ExecutablePath.find("git", path: path, in: directory) else {
            throw OpsError(.notFound, "git is not installed", hint: "install it: references with git+ need it")
        }
        self.executable = executable
        // GIT_SSL_… and GIT_ASKPASS say how a server is reached, as GIT_SSH does; all others are a repository's.
        let kept = ["GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_PROXY_COMMAND"]
        var variables = environment.filter { name, _ in
            !name.hasPrefix("GIT_") || kept.contains(name) || name.hasPrefix("GIT_SSL_")
                || name.hasPrefix("GIT_HTTP_") || name.hasPrefix("GIT_CONFIG_")
        }
        variables["GIT_TERMINAL_PROMPT"] = "0"
        variables["GIT_NO_REPLACE_OBJECTS"] = "1"
        variables["GIT_OPTIONAL_LOCKS"] = "0"
        variables["GIT_HTTP_LOW_SPEED_LIMIT"] = variables["GIT_HTTP_LOW_SPEED_LIMIT"] ?? "1000"
        variables["GIT_HTTP_LOW_SPEED_TIME"] = variables["GIT_HTTP_LOW_SPEED_TIME"] ?? "60"
        variables["LC_ALL"] = "C"
        self.environment = variables
    }

    /// Runs git and gives what it prints.
    ///
    /// - Parameters:
    ///   - scheme: the one protocol that git may speak; nil is none.
    ///   - limit: bytes of its output at most.
    /// Throws: an `OpsError`: `command` with git's own last words where it fails, `forbidden` as soon as it prints more.
    func run(
        _ arguments: [String], scheme: String? = nil, input: [UInt8] = [], limit: Int = 64 << 20
    ) async throws -> [UInt8] {
        let settings = [
            "core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false",
            "fetch.recurseSubmodules=false",
        ]
        var environment = environment
        // Counts before all configuration, that of the machine too (git(1)).
        environment["GIT_ALLOW_PROTOCOL"] = scheme ?? "none"
        if scheme == "ssh", environment["GIT_SSH_COMMAND"] ?? environment["GIT_SSH"] == nil,
            (try? await run(["config", "--get", "core.sshCommand"])) == nil
        {
            environment["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes -oConnectTimeout=30"
        }
        var spec = ChildSpec(
            executable: executable, arguments: settings.flatMap { ["-c", $0] } + arguments, environment: environment,
            directory: "/")
        if !input.isEmpty { spec.input = .bytes(input) }
        let command = spec
        let output = BoundedOutput(limit: limit)
        let errors = BoundedOutput(limit: Self.errorLimit)
        let time = scheme == nil ? Self.localLimit : Self.fetchLimit
        let late = OpsError(.timeout, "git did not end within \(time.text)")
        let tooMuch = OpsError(.forbidden, "git printed more than \(ByteSize.text(limit))")
        let result = try await withDeadline(time, late) {
            try await withThrowingTaskGroup(of: ChildResult.self) { group in
                group.addTask {
                    try await ChildProcess.run(command, grace: .seconds(1)) { stream, bytes in
                        (stream == .output ? output : errors).append(bytes)
                    }
                }
                // What git would print behind the limit nobody reads: it is ended.
                group.addTask {
                    for await _ in output.cuts { throw tooMuch }
                    throw CancellationError()
                }
                defer { group.cancelAll() }
                guard let result = try await group.next() else { throw CancellationError() }
                return result
            }
        }
        guard !output.isCut else { throw tooMuch }
        guard result.status.isSuccess else {
            throw OpsError(.command, "git failed with \(result.status): \(Self.lastWords(errors.bytes))")
        }
        return output.bytes
    }

    /// The last lines of what git said, without credentials that it may have put into a URL.
    private static func lastWords(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).suffix(3).joined(separator: "; ")
        return lines.replacing(/:\/\/[^\/@\s]+@/, with: "://").plain
    }
}

/// The first bytes that a program printed.
private final class BoundedOutput: Sendable {
    private let limit: Int
    private let content = Mutex<(bytes: [UInt8], isCut: Bool)>(([], false))
    /// Gives one element as soon as more is printed.
    let cuts: AsyncStream<Void>
    private let cut: AsyncStream<Void>.Continuation

    init(limit: Int) {
        self.limit = limit
        (cuts, cut) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    var bytes: [UInt8] { content.withLock { $0.bytes } }
    var isCut: Bool { content.withLock { $0.isCut } }

    func append(_ bytes: UnsafeRawBufferPointer) {
        content.withLock { content in
            let room = limit - content.bytes.count
            content.bytes += bytes.prefix(room)
            if bytes.count > room {
                content.isCut = true
                cut.yield()
            }
        }
    }
}
