package import OpsCore
import OrderedCollections

/// What is different between a recorded plan and the same request planned again, in words.
package struct PlanDrift {
    /// `recipe ops.yaml changed`, `git.sha was 1a2b… is 3c4d…`, `task build, step 2: …`.
    package private(set) var lines: [String] = []

    /// How a plan that was saved and one that is made again are compared: in all that they say.
    package static func between(_ recorded: PlanDocument, _ now: PlanDocument) -> PlanDrift {
        var drift = PlanDrift()
        let (old, new) = (recorded.json, now.json)
        drift.compareFacts(recorded.head, now.head)
        drift.compareTasks(old, new) { _ in false }
        for part in ["on-failure", "finally"] {
            drift.compareSteps(old[part], new[part], "recipe's \(part)", ignoring: Self.noise)
        }
        return drift
    }

    /// What is different in what two runs were planned from: recipe files, inputs, git facts.
    package static func ofFacts(_ old: PlanDocument, _ new: PlanDocument) -> PlanDrift {
        var drift = PlanDrift()
        drift.compareFacts(old.head, new.head)
        return drift
    }

    /// How an interrupted run's plan and the one made again are compared: in the facts, and in the steps and decisions
    /// of what is left. What actions would read and write is not compared: the run itself, and who mends what failed,
    /// changes it.
    package static func leftOver(
        _ recorded: PlanDocument, _ now: PlanDocument, isFinished: (String) -> Bool
    ) -> PlanDrift {
        var drift = PlanDrift()
        drift.compareFacts(recorded.head, now.head, mayDiffer: ["git.dirty"])
        if recorded.head["shape"]?.stringValue == now.head["shape"]?.stringValue { return drift }
        drift.compareTasks(recorded.json, now.json, ignoring: Self.effects, isFinished: isFinished)
        return drift
    }

    /// Members that say nothing about what is done.
    private static let noise: Set<String> = ["line", "summary"]
    private static let effects = noise.union(["effects", "outputs", "undo", "freshness", "sources"])
    /// A long drift is cut: the first lines say enough.
    private static let limit = 20

    package mutating func add(_ lines: [String]) { for line in lines { add(line) } }

    private mutating func add(_ line: String) {
        if !lines.contains(line) { lines.append(line) }
    }

    /// Recipe files, inputs, git facts, and the other members of the request.
    private mutating func compareFacts(_ old: ValueMap, _ new: ValueMap, mayDiffer: Set<String> = []) {
        let before = digests(old)
        let after = digests(new)
        for (file, digest) in before where after[file] != digest {
            add(after[file] == nil ? "recipe \(file) is no longer part of it" : "recipe \(file) changed")
        }
        for file in after.keys where before[file] == nil { add("recipe \(file) is new") }
        for member in ["inputs", "git"] {
            let (before, after) = (old[member]?.mapValue ?? [:], new[member]?.mapValue ?? [:])
            for key in OrderedSet(Array(before.keys) + Array(after.keys)) where !mayDiffer.contains("\(member).\(key)")
            {
                compare(before[key], after[key], "\(member).\(key)")
            }
        }
        for member in ["arguments", "timeout"] where old[member] != nil { compare(old[member], new[member], member) }
    }

    private func digests(_ document: ValueMap) -> OrderedDictionary<String, String> {
        var result: OrderedDictionary<String, String> = [:]
        for recipe in document["recipes"]?.listValue ?? [] {
            if let file = recipe["file"]?.stringValue { result[file] = recipe["digest"]?.stringValue }
        }
        return result
    }

    private mutating func compareTasks(
        _ old: Value, _ new: Value, ignoring: Set<String> = noise, isFinished: (String) -> Bool
    ) {
        let before = named(old["tasks"])
        let after = named(new["tasks"])
        for (id, task) in before {
            guard let now = after[id] else {
                add("task \(id) is gone")
                continue
            }
            if isFinished(id) { continue }
            for (key, value) in task.mapValue ?? [:] where !ignoring.contains(key) {
                switch key {
                case "steps", "on-failure", "finally":
                    compareSteps(value, now[key], "task \(id)" + (key == "steps" ? "" : ", \(key)"), ignoring: ignoring)
                case "reason": continue
                case "decision" where ignoring != Self.noise && isRun(value) && isRun(now[key]): continue
                default: compare(value, now[key], "task \(id): \(key)")
                }
            }
        }
        for id in after.keys where before[id] == nil { add("task \(id) is new") }
        let common = before.keys.filter { after[$0] != nil }
        if ignoring == Self.noise, common != after.keys.filter({ before[$0] != nil }) {
            add("the tasks are in another order")
        }
    }

    private func isRun(_ decision: Value?) -> Bool {
        decision?.stringValue == "run" || decision?.stringValue == "up-to-date"
    }

    private func named(_ tasks: Value?) -> OrderedDictionary<String, Value> {
        var result: OrderedDictionary<String, Value> = [:]
        for task in tasks?.listValue ?? [] { if let id = task["id"]?.stringValue { result[id] = task } }
        return result
    }

    private mutating func compareSteps(_ old: Value?, _ new: Value?, _ place: String, ignoring: Set<String>) {
        let (before, after) = (old?.listValue ?? [], new?.listValue ?? [])
        for (index, step) in before.enumerated() {
            let name = "\(place), step \(index + 1)"
            guard index < after.count else {
                add("\(name) is gone")
                continue
            }
            for (key, value) in step.mapValue ?? [:] where !ignoring.contains(key) && key != "reason" {
                compare(value, after[index][key], "\(name): \(key)")
            }
        }
        for index in before.count..<max(before.count, after.count) { add("\(place), step \(index + 1) is new") }
    }

    private mutating func compare(_ old: Value?, _ new: Value?, _ name: String) {
        let (before, after) = (old.map(Self.text) ?? "not set", new.map(Self.text) ?? "not set")
        guard before != after else { return }
        // Of a long list only the first place that differs says something.
        if let olds = old?.listValue, let news = new?.listValue, before.count + after.count > 120 {
            let place = zip(olds, news).prefix { Self.text($0) == Self.text($1) }.count
            let was = place < olds.count ? Self.text(olds[place]) : "nothing"
            let now = place < news.count ? Self.text(news[place]) : "nothing"
            return add("\(name) was \(Self.shortened(was)), is \(Self.shortened(now))")
        }
        add("\(name) was \(Self.shortened(before)), is \(Self.shortened(after))")
    }

    private static func text(_ value: Value) -> String {
        if let kind = value["kind"]?.stringValue, let target = value["target"]?.stringValue {
            return "\(kind) \(target)" + (value["detail"]?.stringValue.map { " (\($0))" } ?? "")
        }
        if let items = value.listValue, !items.isEmpty { return items.map(text).joined(separator: ", ") }
        return value.stringValue ?? JSONWriter.text(value)
    }

    private static func shortened(_ text: String) -> String {
        text.count > 160 ? text.prefix(159) + "…" : text.isEmpty ? "empty" : text
    }

    /// The error that names all of it, behind a line that says what of; nil where nothing is different.
    package func error(_ what: String, hint: String) -> DiagnosticsError? {
        guard !lines.isEmpty else { return nil }
        var all = [what] + lines.prefix(Self.limit)
        if lines.count > Self.limit { all.append("and \(lines.count - Self.limit) differences more") }
        let last = all.removeLast()
        return DiagnosticsError(
            all.map { Diagnostic(code: "drift", $0) } + [Diagnostic(code: "drift", last, hint: hint)])
    }
}
