package import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

/// A plan as data (`ops plan --format json`, and `plan.json` of a run). The members are those that ops(1)
/// documents under "The plan as data"; `schema` changes when a member changes its meaning.
package enum PlanJSON {
    package static let schema = "ops/plan/v1"

    /// The plan as one JSON value. Secrets and unknowns are named, never guessed.
    package static func value(_ plan: Plan) -> Value {
        .map(head(plan).merging(body(plan)) { $1 })
    }

    /// What was asked for, and what it was planned from.
    static func head(_ plan: Plan) -> ValueMap {
        [
            "schema": .string(schema),
            "recipe": .string(plan.recipe.file),
            "name": plan.recipe.name.map { .string($0) } ?? .null,
            "requested": strings(plan.requested),
            "arguments": strings(plan.arguments),
            "inputs": .map(plan.inputs),
            "git": .map(plan.git),
            "units": .list(plan.units.map(unit)),
            "timeout": plan.timeout.map { .string($0.text) } ?? .null,
        ]
    }

    /// What is done.
    static func body(_ plan: Plan) -> ValueMap {
        [
            "secrets": .list(plan.secrets.map(secret)),
            "tasks": .list(plan.tasks.map { task($0, in: plan) }),
            "on-failure": .list(plan.onFailure.map(step)),
            "finally": .list(plan.finally.map(step)),
            "heartbeat": .list((plan.heartbeat?.effects ?? []).map(effect)),
            "warnings": .list(plan.warnings.map(\.json)),
        ]
    }

    private static func strings(_ texts: [String]) -> Value { .list(texts.map { .string($0) }) }

    /// A recipe with its values: the first is the recipe itself, the others those that it includes.
    private static func unit(_ unit: PlanUnit) -> Value {
        .map([
            "file": .string(unit.recipe.file), "prefix": .string(unit.prefix),
            "directory": .string(unit.recipe.directory), "inputs": .map(unit.inputs), "git": .map(unit.git),
        ])
    }

    private static func secret(_ secret: PlannedSecret) -> Value {
        .map([
            "name": .string(secret.name), "from": strings(secret.references.map(\.description)),
            "optional": .boolean(secret.isOptional), "presence": .string("\(secret.presence)"),
        ])
    }

    private static func task(_ task: PlannedTask, in plan: Plan) -> Value {
        .map([
            "id": .string(task.id.description),
            "name": .string(task.id.name),
            "unit": .integer(task.unit),
            "inputs": .map(task.inputs),
            "matrix": task.id.instance == nil ? .null : .map(task.matrix),
            "decision": .string(task.decision.name),
            "reason": (task.decision.detail ?? task.freshness?.reason).map { .string($0) } ?? .null,
            "needs": strings(task.needs.flatMap(\.instances).map { plan.tasks[$0].id.description }),
            "confirm": task.confirm.map { .string($0) } ?? .null,
            "exclusive": task.exclusive.map { .string($0) } ?? .null,
            "timeout": task.timeout.map { .string($0.text) } ?? .null,
            "steps": .list(task.steps.map(step)),
            "on-failure": .list(task.onFailure.map(step)),
            "finally": .list(task.finally.map(step)),
            "outputs": .map(task.outputs),
        ])
    }

    private static func step(_ step: PlannedStep) -> Value {
        var value: ValueMap = [
            "id": step.definition.id.map { .string($0) } ?? .null,
            "name": step.name.map { .string($0) } ?? .null,
            "action": .string(step.action),
            "summary": .string(step.summary),
            "decision": .string(step.decision.name),
            "reason": step.decision.detail.map { .string($0) } ?? .null,
            "directory": .string(step.directory),
            "interactive": .boolean(step.definition.isInteractive),
            "timeout": step.timeout.map { .string($0.text) } ?? .null,
            "effects": .list(step.effects.map(effect)),
            "secrets": strings(step.secrets),
            "outputs": .map(step.outputs),
            "line": .integer(step.definition.action.nameRange.start.line),
        ]
        guard let undo = step.undo else { return .map(value) }
        value["undo"] = self.step(undo.step)
        value["undo-through"] = undo.through.map { .string($0) } ?? .null
        return .map(value)
    }

    private static func effect(_ effect: Effect) -> Value {
        .map([
            "kind": .string(effect.kind.rawValue), "target": .string(effect.target),
            "detail": effect.detail.map { .string($0) } ?? .null,
        ])
    }
}
