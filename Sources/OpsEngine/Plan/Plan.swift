package import OpsCore
package import OpsPlugin
package import OpsRecipe
package import OrderedCollections

/// All that a run would do, in the order in which it may start: nothing that is not listed here is started.
package struct Plan: Sendable {
    package var recipe: Recipe
    /// The tasks that were asked for.
    package var requested: [String]
    /// The inputs that the planned tasks use, with their values.
    package var inputs: ValueMap
    /// Arguments after `--`, for the one requested task.
    package var arguments: [String]
    /// The git facts that were asked, `branch` → value.
    package var git: ValueMap
    package var secrets: [PlannedSecret]
    /// The environment that every step starts from.
    package var environment: BaseEnvironment
    /// In topological order: a task stands behind all it needs.
    package var tasks: [PlannedTask]
    /// The recipe's own clean-up steps.
    package var onFailure: [PlannedStep]
    package var finally: [PlannedStep]
    /// The whole run's limit.
    package var timeout: Duration?
    package var warnings: [Diagnostic]
}

/// What the plan decided of a task or a step.
package enum Decision: Sendable, Hashable {
    case run
    /// It depends on what only the run can know; the condition as it was written.
    case undecided(String)
    case skipped(reason: String)
    /// Runs only if something before it fails.
    case onFailure(String)

    /// `run`, `undecided`, `skipped`, `on-failure`.
    package var name: String {
        switch self {
        case .run: "run"
        case .undecided: "undecided"
        case .skipped: "skipped"
        case .onFailure: "on-failure"
        }
    }

    /// The condition or the reason.
    package var detail: String? {
        switch self {
        case .run: nil
        case .undecided(let text), .skipped(let text), .onFailure(let text): text
        }
    }

    package var isSkipped: Bool { if case .skipped = self { true } else { false } }
}

package struct PlannedTask: Sendable {
    package var id: TaskID
    package var definition: Task
    /// The values of this instance; empty without a matrix.
    package var matrix: ValueMap
    /// The places in `Plan.tasks` of the instances behind each name in `needs`.
    package var needs: [(alias: String, instances: [Int])]
    package var decision: Decision
    package var steps: [PlannedStep]
    package var onFailure: [PlannedStep]
    package var finally: [PlannedStep]
    /// The question to ask before the run.
    package var confirm: String?
    package var timeout: Duration?
    /// Outputs as far as they are known.
    package var outputs: ValueMap
}

package struct PlannedStep: Sendable {
    package var id: StepID
    package var definition: Step
    package var decision: Decision
    /// The step's `name`, else its `id`.
    package var name: String?
    /// What it does in one line: the command, or what the action makes.
    package var summary: String
    /// The folder that its relative paths are relative to, absolute.
    package var directory: String
    package var shell: [String]
    package var timeout: Duration?
    /// Private files: the variable that holds the path, and the content.
    package var files: OrderedDictionary<String, Template>
    package var effects: [Effect]
    package var outputs: ValueMap
    /// The names of the secrets it may use.
    package var secrets: [String]

    /// `run` or `plugin.action`.
    package var action: String { definition.action.name }
}

package struct PlannedSecret: Sendable {
    package var name: String
    package var references: [SecretReference]
    package var isOptional: Bool
    /// What can be said without fetching it.
    package var presence: SecretPresence
    /// Where to look at it: the recipe's place.
    package var range: SourceRange
}

/// The environment before a step's own `env`: dotenv files, the caller's, the recipe's `env` follow later.
package struct BaseEnvironment: Sendable {
    /// What is handed to steps.
    package var variables: [String: String]
    /// Names that an `env://` reference withheld.
    package var withheld: [String]
}
