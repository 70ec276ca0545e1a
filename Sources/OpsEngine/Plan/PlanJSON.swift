package import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

/// A plan as data (`ops plan --format json`, and `plan.json` of a run). The members are those that ops(1)
/// documents under "The plan as data"; `schema` changes when a member changes its meaning.
package enum PlanJSON {
    package static let schema = "ops/plan/v1"

    /// The plan as one JSON value. Secrets and unknowns are named, never guessed.
    package static func value(_ plan: Plan) -> Value { value(head(plan), plan) }

    /// The members of a head, and behind them those of the body.
    static func value(_ head: ValueMap, _ plan: Plan) -> Value {
        var writer = JSONWriter()
        writer.object { writer in
            for (key, value) in head { writer.member(key, value) }
            body(plan, to: &writer)
        }
        // What was just written can be read.
        return (try? JSONReader.value(writer.bytes)) ?? .map(head)
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

    /// What is done, written as it goes: a plan may have tens of thousands of steps.
    static func body(_ plan: Plan, to writer: inout JSONWriter) {
        writer.member("secrets", .list(plan.secrets.map(secret)))
        writer.array("tasks", plan.tasks.indices) { task(plan.tasks[$0], in: plan, to: &$1) }
        writer.array("on-failure", plan.onFailure, step)
        writer.array("finally", plan.finally, step)
        writer.array("heartbeat", plan.heartbeat?.effects ?? [], effect)
        writer.member("warnings", .list(plan.warnings.map(\.json)))
    }

    private static func strings(_ texts: [String]) -> Value { .list(texts.map { .string($0) }) }

    /// A recipe with its values: the first is the recipe itself, the others those that it includes.
    private static func unit(_ unit: PlanUnit) -> Value {
        var map: ValueMap = [
            "file": .string(unit.recipe.file), "prefix": .string(unit.prefix),
            "directory": .string(unit.recipe.directory), "inputs": .map(unit.inputs), "git": .map(unit.git),
        ]
        if let origin = unit.recipe.origin { map["from"] = .string(origin) }
        return .map(map)
    }

    private static func secret(_ secret: PlannedSecret) -> Value {
        .map([
            "name": .string(secret.name), "from": strings(secret.references.map(\.description)),
            "optional": .boolean(secret.isOptional), "presence": .string("\(secret.presence)"),
        ])
    }

    private static func task(_ task: PlannedTask, in plan: Plan, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", task.id.description)
            writer.member("name", task.id.name)
            writer.member("unit", task.unit)
            writer.member("inputs", .map(task.inputs))
            writer.member("matrix", task.id.instance == nil ? .null : .map(task.matrix))
            writer.member("decision", task.decision.name)
            writer.orNull("reason", task.decision.detail ?? task.freshness?.reason)
            writer.array("needs", task.needs.lazy.flatMap(\.instances)) { $1.string(plan.tasks[$0].id.description) }
            writer.orNull("confirm", task.confirm)
            writer.orNull("exclusive", task.exclusive)
            writer.orNull("timeout", task.timeout?.text)
            if !task.grants.isEmpty { writer.member("permissions", PlannedPermissions(task.grants).json) }
            writer.array("steps", task.steps, step)
            writer.array("on-failure", task.onFailure, step)
            writer.array("finally", task.finally, step)
            writer.member("outputs", .map(task.outputs))
        }
    }

    private static func step(_ step: PlannedStep, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.orNull("id", step.definition.id)
            writer.orNull("name", step.name)
            writer.member("action", step.action)
            writer.member("summary", step.summary)
            writer.member("decision", step.decision.name)
            writer.orNull("reason", step.decision.detail)
            writer.member("directory", step.directory)
            writer.member("interactive", .boolean(step.definition.isInteractive))
            writer.orNull("timeout", step.timeout?.text)
            writer.array("effects", step.effects, effect)
            writer.array("secrets", step.secrets) { $1.string($0) }
            writer.member("outputs", .map(step.outputs))
            writer.member("line", step.definition.action.nameRange.start.line)
            guard let undo = step.undo else { return }
            writer.member("undo") { self.step(undo.step, to: &$0) }
            writer.orNull("undo-through", undo.through)
        }
    }

    private static func effect(_ effect: Effect, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("kind", effect.kind.rawValue)
            writer.member("target", effect.target)
            writer.orNull("detail", effect.detail)
        }
    }
}

extension JSONWriter {
    /// A member that is null where there is no text.
    fileprivate mutating func orNull(_ key: String, _ text: String?) {
        member(key) { writer in if let text { writer.string(text) } else { writer.raw("null") } }
    }

    fileprivate mutating func array<Items: Sequence>(
        _ key: String, _ items: Items, _ element: (Items.Element, inout JSONWriter) -> Void
    ) {
        member(key) { writer in
            writer.array { writer in for item in items { writer.element { element(item, &$0) } } }
        }
    }
}
