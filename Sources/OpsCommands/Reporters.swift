import Glibc
import OpsCore
import OpsEngine
import OpsReport
import OpsSystem

/// The reporters of one run, as its settings ask.
@EventLoopActor
final class Reporters {
    private let reporters: [any Reporter]
    private let output: ReportOutput
    private let logFile: Int32
    private let junit: JUnitReporter?
    private let isHeld: Bool

    // One by one: a cast of the whole list asks the runtime, which looks through all conformances of the program.
    var all: [any RunEventSink] { reporters.map { $0 } }

    /// - Parameter directory: the folder that the files of `--log-file` and `--junit` are relative to.
    /// Throws: an `OpsError` where one of them cannot be written.
    init(_ settings: RunSettings, directory: String) throws(OpsError) {
        // Whether an unattended run's report is to be seen at all, only its end can tell.
        isHeld = settings.isUnattended
        output = settings.isUnattended ? .held() : ReportOutput(descriptor: 1)
        let errors = settings.isUnattended ? output : ReportOutput(descriptor: 2)
        let options = ReportOptions(
            style: settings.style, verbosity: settings.verbosity, isKept: settings.isKept)
        let main: any Reporter
        switch settings.format {
        case .pretty: main = PrettyReporter(output: output, options: options)
        case .json: main = JSONReporter(output: output)
        case .github:
            let token = String(UInt64.random(in: .min ... .max), radix: 36)
            main = GitHubReporter(output: output, options: options, token: token)
        case .gitlab: main = GitLabReporter(output: output, options: options)
        case .plain, .auto:
            let stream: PlainReporter.Stream
            switch settings.stream {
            case .grouped: stream = .grouped
            case .prefixed: stream = .prefixed
            case .raw: stream = .raw
            }
            main = PlainReporter(stream, standardOutput: output, standardError: errors, options: options)
        }
        var reporters = [main]
        if let path = settings.logFile {
            logFile = open(Self.absolute(path, directory), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard logFile >= 0 else { throw OpsError.system("open", path) }
            reporters.append(JSONReporter(output: ReportOutput(descriptor: logFile)))
        } else {
            logFile = -1
        }
        if let path = settings.junitFile {
            let file = try JUnitReporter(Self.absolute(path, directory))
            reporters.append(file)
            junit = file
        } else {
            junit = nil
        }
        self.reporters = reporters
    }

    private static func absolute(_ path: String, _ directory: String) -> String {
        path.hasPrefix("/") ? path : "\(directory)/\(path)"
    }

    /// Writes text in front of what comes.
    func write(_ text: String) { output.write(text) }

    /// Tells a GitHub runner to mask values in all that it shows from now on.
    ///
    /// They are written as they are, and so only to a stream that the runner may read: never to a file.
    func tellRunner(_ values: [[UInt8]]) {
        let commands = values.flatMap(WorkflowCommand.mask)
        if let github = reporters.first as? GitHubReporter, !isHeld {
            if !Self.isFile(1) { github.command(commands) }
        } else if !Self.isFile(2) {
            try? writeAll(commands, to: 2, path: "standard error")
        }
    }

    private static func isFile(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) != 0 || FileStatus(status).kind == .file
    }

    /// The last bytes of an unattended run's report.
    func heldTail(_ count: Int) -> [UInt8] { output.heldTail(count) }

    /// Prints an unattended run's report.
    func release() { output.release(to: 1) }

    func tick() { for reporter in reporters { reporter.tick() } }

    /// What kept a file that was asked for from being written; known once the reporters are closed.
    var problem: OpsError? { junit?.problem }

    func close() {
        for reporter in reporters { reporter.close() }
        if logFile >= 0 { Glibc.close(logFile) }
    }
}

/// Calls a reporter about twelve times a second, until it is stopped.
@EventLoopActor
final class Ticker {
    private let body: @EventLoopActor () -> Void
    private var isStopped = false

    init(_ body: @escaping @EventLoopActor () -> Void) {
        self.body = body
        schedule()
    }

    func stop() { isStopped = true }

    private func schedule() {
        EventLoop.shared.after(.milliseconds(80)) { [self] in
            guard !isStopped else { return }
            body()
            schedule()
        }
    }
}
