import Logging
package import OpsCore
package import OpsPlugin
import OrderedCollections

/// What the engine would give an action of a step, without an engine.
package struct ActionContexts: Sendable {
    package var directory: String
    package var environment: [String: String]

    package init(directory: String, environment: [String: String] = [:]) {
        self.directory = directory
        self.environment = environment
    }

    package func plan(
        isOnline: Bool = false, isSettled: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> PlanContext {
        PlanContext(
            directory: directory, environment: environment, step: StepOptions(task: "t", step: "s"),
            isOnline: isOnline, isSettled: isSettled)
    }

    /// Its private folder is `.private` in the directory; what it logs goes nowhere.
    package func run() -> RunContext {
        let temporary = directory + "/.private"
        return RunContext(
            directory: directory, environment: environment, step: StepOptions(task: "t", step: "s"),
            temporaryDirectory: {
                try TestKit.run(["mkdir", "-p", temporary])
                return temporary
            }, outputFile: temporary + "/outputs", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            output: { _, _ in })
    }
}

extension ActionDeclaration {
    /// The values with the declaration's defaults, as checked arguments.
    package func arguments(_ values: ValueMap) -> Arguments {
        var all = values
        for parameter in parameters where all[parameter.name] == nil {
            if let value = parameter.defaultValue { all[parameter.name] = value }
        }
        return Arguments(all, label: name)
    }
}
