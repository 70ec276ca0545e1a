import OpsCore
package import OpsEngine
import OpsPlugin
import OpsRecipe
import OrderedCollections

/// A plan as people review it.
package struct PlanText {
    private var lines: [String] = []
    private let style: Style
    /// Where paths are relative to unless a step says otherwise.
    private let directory: String

    /// The plan, one task below the other, each with its steps and what they touch.
    package static func render(_ plan: Plan, style: Style) -> String {
        var text = PlanText(style: style, directory: plan.recipe.directory)
        text.head(plan)
        for task in plan.tasks { text.task(task, in: plan) }
        text.steps(plan.onFailure, heading: "on failure of the run")
        text.steps(plan.finally, heading: "finally, however the run ends")
        text.heartbeat(plan)
        text.foot(plan)
        return text.lines.joined(separator: "\n") + "\n"
    }

    private init(style: Style, directory: String) {
        self.style = style
        self.directory = directory
    }

    private mutating func head(_ plan: Plan) {
        let name = plan.recipe.name.map { "\($0) " } ?? ""
        lines.append(
            style.paint("Plan of \(plan.requested.joined(separator: " "))", .bold)
                + dim("  \(name)(\(plan.recipe.file))"))
        if let description = plan.recipe.description { lines.append(dim(description)) }
        var facts: [(String, String)] = []
        for (name, value) in plan.inputs { facts.append(("input", "\(name) = \(Self.text(value))")) }
        for (name, value) in plan.git { facts.append(("git", "\(name) = \(Self.text(value))")) }
        for unit in plan.units.dropFirst() {
            facts.append(("include", "\(unit.prefix) from \(unit.recipe.origin ?? unit.recipe.file)"))
            for (name, value) in unit.inputs { facts.append(("input", "\(unit.prefix)\(name) = \(Self.text(value))")) }
            for (name, value) in unit.git where unit.git != plan.git {
                facts.append(("git", "\(unit.prefix)\(name) = \(Self.text(value))"))
            }
        }
        for secret in plan.secrets {
            let source = secret.references.map(\.description).joined(separator: ", else ")
            facts.append(("secret", "\(secret.name) from \(source)" + Self.presence(secret)))
        }
        if !facts.isEmpty { lines.append("") }
        for (kind, text) in facts { lines.append("  " + dim(Self.padded(kind, 8)) + text) }
    }

    private static func presence(_ secret: PlannedSecret) -> String {
        switch (secret.presence, secret.isOptional) {
        case (.missing, true): " (missing: null)"
        case (.missing, false): " (missing: the run would fail)"
        case (.present, _): ""
        case (.unknown, _): " (fetched only in a run)"
        }
    }

    private mutating func task(_ task: PlannedTask, in plan: Plan) {
        lines.append("")
        var heading = mark(task.decision) + " " + style.paint(task.id.description, .bold)
        let needs = task.needs.flatMap(\.instances).map { plan.tasks[$0].id.description }
        if !needs.isEmpty { heading += dim("  after " + Self.short(needs)) }
        lines.append(heading)
        if let detail = task.decision.detail { lines.append("    " + note(task.decision, detail)) }
        if task.decision == .run, let reason = task.freshness?.reason {
            lines.append("    " + dim("because \(reason)"))
        }
        if task.decision == .upToDate { return lines.append("    " + dim("up to date")) }
        if let confirm = task.confirm { lines.append("    asks: \(confirm)") }
        if let name = task.exclusive { lines.append("    exclusive: \(name)") }
        if task.decision.isSkipped { return }
        permissions(task, in: plan)
        if task.steps.isEmpty { lines.append(dim("    gathers its needs")) }
        for step in task.steps { self.step(step) }
        steps(task.onFailure, heading: "on failure", indent: "    ")
        steps(task.finally, heading: "finally", indent: "    ")
    }

    private mutating func permissions(_ task: PlannedTask, in plan: Plan) {
        guard !task.grants.isEmpty else { return }
        let permissions = PlannedPermissions(task.grants)
        lines.append("    " + dim("permissions (\(permissions.place)):"))
        for (key, text) in permissions.lines(in: plan.unit(of: task).recipe.directory) {
            lines.append("        " + dim(Self.padded(key, 8)) + text)
        }
        for text in permissions.shortfalls { lines.append("        " + yellow("not enforced: \(text)")) }
    }

    private mutating func steps(_ steps: [PlannedStep], heading: String, indent: String = "") {
        guard !steps.isEmpty else { return }
        lines.append((indent.isEmpty ? "\n" : indent) + dim(heading + ":"))
        for step in steps { self.step(step) }
    }

    private mutating func step(_ step: PlannedStep) {
        let title = step.name.map { "\($0): " } ?? ""
        let command = step.action == "run" ? "$ \(step.summary)" : step.summary
        let place = Self.place(step.directory, from: directory).map { dim("  in \($0)") } ?? ""
        lines.append("    \(title)\(command)\(place)")
        if step.decision != .run, step.decision != .onFailure("a step before it fails"),
            let detail = step.decision.detail
        {
            lines.append("        " + note(step.decision, detail))
        }
        if step.definition.isInteractive { lines.append("        takes the terminal; not recorded, not masked") }
        for effect in step.effects where !(effect.kind == .execute && effect.target == step.summary) {
            let detail = effect.detail.map { dim("  (\($0))") } ?? ""
            lines.append("        " + dim(Self.padded(effect.kind.rawValue, 8)) + effect.target + detail)
        }
        if !step.secrets.isEmpty {
            lines.append("        " + dim(Self.padded("secret", 8)) + step.secrets.joined(separator: ", "))
        }
        for (name, value) in step.outputs where !value.containsUnknown && !value.isNull {
            lines.append("        " + dim(Self.padded("output", 8)) + "\(name) = \(Self.text(value))")
        }
        let unknown = step.outputs.filter { $0.value.containsUnknown }.map(\.key)
        if !unknown.isEmpty {
            lines.append("        " + dim(Self.padded("unknown", 8) + unknown.joined(separator: ", ")))
        }
        if let undo = step.undo {
            let until = undo.through.map { "'\($0)' succeeds" } ?? "the task succeeds"
            lines.append("        " + dim("undo, armed until \(until):"))
            let command = undo.step.action == "run" ? "$ \(undo.step.summary)" : undo.step.summary
            lines.append("            " + command)
        }
    }

    private mutating func heartbeat(_ plan: Plan) {
        guard let heartbeat = plan.heartbeat else { return }
        lines.append("\n" + dim("heartbeat:"))
        for effect in heartbeat.effects {
            let detail = effect.detail.map { dim("  (\($0))") } ?? ""
            lines.append("        " + dim(Self.padded(effect.kind.rawValue, 8)) + effect.target + detail)
        }
    }

    /// A step's folder as a recipe would name it; nil where it is the recipe's own.
    private static func place(_ folder: String, from directory: String) -> String? {
        guard folder != directory else { return nil }
        let parts = folder.split(separator: "/")
        let base = directory.split(separator: "/")
        let shared = zip(parts, base).prefix { $0 == $1 }.count
        guard shared > 0 else { return folder }
        return (base[shared...].map { _ in ".." } + parts[shared...]).joined(separator: "/")
    }

    private mutating func foot(_ plan: Plan) {
        var counts: [(String, Int)] = []
        for name in ["run", "undecided", "on-failure", "up-to-date", "skipped"] {
            let count = plan.tasks.count { $0.decision.name == name }
            if count > 0 { counts.append((name, count)) }
        }
        lines.append("")
        lines.append(
            dim(
                "\(plan.tasks.count) task\(plan.tasks.count == 1 ? "" : "s"): "
                    + counts.map { "\($0.1) \($0.0)" }.joined(separator: ", ") + ". Nothing was run."))
    }

    private func mark(_ decision: Decision) -> String {
        switch decision {
        case .run: green(style.unicode ? "●" : "*")
        case .upToDate: dim(style.unicode ? "✓" : "=")
        case .undecided: yellow(style.unicode ? "◐" : "?")
        case .skipped: dim(style.unicode ? "○" : "-")
        case .onFailure: yellow(style.unicode ? "◌" : "!")
        }
    }

    private func note(_ decision: Decision, _ detail: String) -> String {
        switch decision {
        case .undecided: yellow("undecided: if \(detail)")
        case .skipped: dim("skipped: \(detail)")
        case .onFailure: yellow("only if \(detail)")
        case .run, .upToDate: detail
        }
    }

    private func dim(_ text: String) -> String { style.paint(text, .dim) }
    private func green(_ text: String) -> String { style.paint(text, .green) }
    private func yellow(_ text: String) -> String { style.paint(text, .yellow) }

    private static func text(_ value: Value) -> String {
        switch value {
        case .unknown: "known in the run"
        case .secret(let secret): secret.description
        case .string(let text): text
        default: JSONWriter.text(value)
        }
    }

    private static func short(_ names: [String]) -> String {
        names.count <= 6
            ? names.joined(separator: ", ") : names.prefix(5).joined(separator: ", ") + " and \(names.count - 5) more"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count + 1))
    }
}
