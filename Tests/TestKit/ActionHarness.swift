package import Logging
package import OpsCore
package import OpsPlugin
import OrderedCollections
import Synchronization

/// Plans and runs one action as the engine would, without one.
package struct ActionHarness: Sendable {
    private let action: any Action
    private let folder: TemporaryFolder
    /// What the action logged.
    package let log = TestLog()

    package init(_ action: any Action, in folder: TemporaryFolder) {
        self.action = action
        self.folder = folder
    }

    package func plan(_ values: ValueMap) async throws -> ActionPlan {
        try await action.plan(
            arguments(values),
            PlanContext(directory: folder.path, environment: [:], step: StepOptions(task: "t", step: "s")))
    }

    package func run(_ values: ValueMap) async throws -> [String: Value] {
        let temporary = folder.path
        return try await action.run(
            arguments(values),
            RunContext(
                directory: folder.path, environment: [:], step: StepOptions(task: "t", step: "s"),
                temporaryDirectory: { temporary }, outputFile: folder.path + "/OPS_OUTPUT", logger: log.logger,
                output: { _, _ in }))
    }

    /// The values with the declaration's defaults.
    private func arguments(_ values: ValueMap) -> Arguments {
        var all = values
        for parameter in action.declaration.parameters where all[parameter.name] == nil {
            all[parameter.name] = parameter.defaultValue ?? .null
        }
        return Arguments(all, label: action.declaration.name)
    }
}

/// Keeps what is logged, of every level.
package final class TestLog: Sendable {
    private let lines = Mutex<[String]>([])

    package init() {}

    package var text: String { lines.withLock { $0.joined(separator: "\n") } }

    package var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let log: TestLog
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.lines.withLock { $0.append("\(event.level): \(event.message)") }
        }
    }
}
