import ArgumentParser
import Glibc
import OpsCore
import OpsEngine
import OpsSystem
import OrderedCollections

/// `ops logs`: what the steps of a run printed.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print what the steps of a run printed, masked.",
        discussion: "Of all its tasks, each behind a line with its name, or of one; with clean-up and resumed parts.")

    @Argument(help: "A run, or the start of its name; the newest by default.") var run: String?
    @Argument(help: "A task, as 'ops runs' and the report name it.") var task: String?

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let state = try StateDirectory(environment: CommandContext.current().environment)
            let record = try RunHistory.find(run, state)
            let started = try RunHistory.events(record).filter { $0["event"]?.stringValue == "task-started" }
            // A resumed run starts some again.
            let ids = OrderedSet(started.compactMap { TaskID(event: $0) })
            guard let task else {
                for id in ids { try Self.print(id, record, heading: "\(id)") }
                return try Self.print(nil, record, heading: "the recipe's clean-up")
            }
            let wanted = ids.filter { $0.isMeant(by: task) }
            guard !wanted.isEmpty else {
                let hint = nearestName(to: task, among: ids.map(\.description)).map { "did you mean '\($0)'?" }
                throw OpsError(.notFound, "no task '\(task)' was started in the run \(record.id)", hint: hint)
            }
            for id in wanted { try Self.print(id, record, heading: wanted.count > 1 ? "\(id)" : nil) }
        }
    }

    /// Copies a log to standard output in pieces: it may be of any size.
    private static func print(_ id: TaskID?, _ record: RunRecord, heading: String?) throws {
        let path = RunLogs.path(of: id, runDirectory: record.directory)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if let heading { try Console.output("==> \(heading) <==\n") }
        while try copyPiece(from: descriptor, path) {}
    }

    /// False at the end, or where nobody reads any more.
    private static func copyPiece(from descriptor: Int32, _ path: String) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 { throw OpsError.system("read", path) }
        if count == 0 { return false }
        return try Console.output(bytes: Array(buffer[..<count]))
    }
}
