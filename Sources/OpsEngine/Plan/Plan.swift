package import OpsCore
package import OpsPlugin
package import OpsRecipe
package import OrderedCollections

/// All that a run would do, in the order in which it may start: nothing that is not listed here is started.
package struct Plan: Sendable {
    /// The recipe itself, and behind it each recipe that it includes.
    package var units: [PlanUnit]
    /// The tasks that were asked for.
    package var requested: [String]
    /// Arguments after `--`, for the one requested task.
    package var arguments: [String]
    package var secrets: [PlannedSecret]
    /// In topological order: a task stands behind all it needs.
    package var tasks: [PlannedTask]
    /// The recipe's own clean-up steps.
    package var onFailure: [PlannedStep]
    package var finally: [PlannedStep]
    /// The whole run's limit.
    package var timeout: Duration?
    /// Who is told of start and end where the run is unattended.
    package var heartbeat: PlannedHeartbeat?
    package var warnings: [Diagnostic]
    /// What is known of earlier successes; nil where no task asks.
    package var freshness: FreshnessRecords?

    package var recipe: Recipe { units[0].recipe }
    /// The recipe's own inputs, git facts and environment.
    package var inputs: ValueMap { units[0].inputs }
    package var git: ValueMap { units[0].git }
    package var environment: BaseEnvironment { units[0].environment }

    /// The recipe that the task stands in, with its values.
    package func unit(of task: PlannedTask) -> PlanUnit { units[task.unit] }
}

/// One recipe of a plan with the values that only its own tasks see.
package struct PlanUnit: Sendable {
    @Boxed package var recipe: Recipe
    /// What stands before the names of its tasks: empty for the recipe itself, `common:` for an included one.
    package var prefix: String
    /// The inputs that the planned tasks use, with their values.
    package var inputs: ValueMap
    /// The git facts that were asked, `branch` → value.
    package var git: ValueMap
    /// The environment that every step starts from.
    package var environment: BaseEnvironment
    /// What the recipe's own names of secrets are called in the plan; nil where they are the same.
    package var secretNames: [String: String]?
    /// What its steps may touch, in layers that all hold; empty is all.
    package var grants: [Grants] = []

    /// The names of its secrets as the plan has them.
    package func planNames(ofSecrets names: Set<String>) -> Set<String> {
        secretNames.map { known in Set(names.map { known[$0] ?? $0 }) } ?? names
    }
}

/// What the plan decided of a task or a step.
package enum Decision: Sendable, Hashable {
    case run
    /// It depends on what only the run can know; the condition as it was written.
    case undecided(String)
    case skipped(reason: String)
    /// Runs only if something before it fails.
    case onFailure(String)
    /// Its work is done already: nothing that it is made from has changed.
    case upToDate

    /// `run`, `undecided`, `skipped`, `on-failure`, `up-to-date`.
    package var name: String {
        switch self {
        case .run: "run"
        case .upToDate: "up-to-date"
        case .undecided: "undecided"
        case .skipped: "skipped"
        case .onFailure: "on-failure"
        }
    }

    /// The condition or the reason.
    package var detail: String? {
        switch self {
        case .run, .upToDate: nil
        case .undecided(let text), .skipped(let text), .onFailure(let text): text
        }
    }

    package var isSkipped: Bool { if case .skipped = self { true } else { false } }
}

package struct PlannedTask: Sendable {
    package var id: TaskID
    /// The place in `Plan.units` of the recipe that it stands in.
    package var unit: Int
    package var definition: Task
    /// The values of its own inputs, those that it uses.
    package var inputs: ValueMap = [:]
    /// True where it is the one requested task, which gets the arguments after `--`.
    package var takesArguments = false
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
    /// Whether its work is done already; nil where nothing says what it is made from.
    package var freshness: PlannedFreshness?
    /// The name that one holder has at a time on this machine: the user's own, or shared where it is an absolute path.
    package var exclusive: String?
    /// What its steps may touch, in layers that all hold; empty is all.
    package var grants: [Grants] = []
    /// The caller's variables that its own permissions keep from its steps.
    package var hiddenVariables: Set<String> = []
    package var timeout: Duration?
    /// Outputs as far as they are known.
    package var outputs: ValueMap
}

package struct PlannedStep: Sendable {
    package var id: StepID
    @Boxed package var definition: Step
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
    /// The names of the secrets it may use, those of its undo among them.
    package var secrets: [String]
    /// What takes its work back.
    package var undo: PlannedUndo?
    /// What it may touch, in layers that all hold; empty is all.
    package var grants: [Grants] = []

    /// `run` or `plugin.action`.
    package var action: String { definition.action.name }
}

/// The undo of a step (ops-recipe(5), "Clean-up").
package final class PlannedUndo: Sendable {
    package let step: PlannedStep
    /// The task that disarms it, with all its instances; nil is the step's own task.
    package let through: String?

    package init(step: PlannedStep, through: String?) {
        self.step = step
        self.through = through
    }
}

package struct PlannedSecret: Sendable {
    /// `token`, or `common:token` of an included recipe.
    package var name: String
    /// The folder of the recipe that declares it.
    package var directory: String
    /// The only servers that it may be asked of: the `secret-hosts` of that recipe.
    package var hosts: SecretHosts?
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
