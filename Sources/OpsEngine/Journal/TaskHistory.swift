package import OpsCore
import OpsSystem
import OrderedCollections

/// What a run's journal and plan say of one of its tasks: what `ops why` tells.
package struct TaskHistory: Sendable {
    /// A step that failed.
    package struct FailedStep: Sendable {
        /// `step 2, Roll out`.
        package var name: String
        package var summary: String
        package var message: String
        package var exitStatus: Int?
        package var hint: String?
        /// `ops.yaml:14:7`.
        package var place: String?
        package var lastLines: [String]
    }

    package var task: String
    /// `succeeded` …; `running` where it has no end in a run that goes on, `died` in one that does not, `open` where it
    /// never began.
    package var outcome: String
    /// Why it was skipped or cancelled.
    package var reason: String?
    package var duration: Double?
    /// What the plan said: `run`, `undecided` … with the condition.
    package var decision: String?
    package var condition: String?
    /// True where the task was named on the command line.
    package var isRequested = false
    /// The tasks that need it.
    package var neededBy: [String] = []
    /// How many times it was started: again in each resumed part that had it to do.
    package var starts = 0
    package var failures: [FailedStep] = []
    /// What the run said of it: notices, warnings and errors.
    package var messages: [String] = []

    /// The instances of a task in a run: those whose name, or name with instance, is `name`. Empty where it has none.
    ///
    /// Throws: an `OpsError` where the journal cannot be read.
    package static func find(_ name: String, in record: RunRecord) throws(OpsError) -> [TaskHistory] {
        let journal = try JournalFile(runDirectory: record.directory)
        var found: OrderedDictionary<String, TaskHistory> = [:]
        var started: [String: Value] = [:]
        journal.forEachLine { bytes in
            let line = JournalLine(bytes)
            guard let task = line.task, task.isMeant(by: name) else { return }
            let id = task.description
            guard let event = try? JSONReader.value(Array(bytes)) else { return }
            var history = found[id] ?? TaskHistory(task: id, outcome: "open")
            history.apply(event, &started)
            found[id] = history
        }
        guard !found.isEmpty else { return try planned(name, record) }
        let plan = plan(of: record)
        for id in found.keys {
            if found[id]?.outcome == "started" { found[id]?.outcome = record.isRunning ? "running" : "died" }
            found[id]?.apply(plan: plan)
        }
        return Array(found.values)
    }

    /// The tasks of a run that never began.
    private static func planned(_ name: String, _ record: RunRecord) throws(OpsError) -> [TaskHistory] {
        let plan = plan(of: record)
        return (plan["tasks"]?.listValue ?? []).compactMap { task in
            guard let id = task["id"]?.stringValue, id == name || task["name"]?.stringValue == name else { return nil }
            var history = TaskHistory(task: id, outcome: "open")
            history.apply(plan: plan)
            return history
        }
    }

    private static func plan(of record: RunRecord) -> Value {
        (try? readFile(record.directory + "/plan.json")).flatMap { try? JSONReader.value($0) } ?? .null
    }

    private mutating func apply(_ event: Value, _ started: inout [String: Value]) {
        let part = event["part"]?.stringValue ?? "steps"
        let number = event["step"]?.integerValue ?? 0
        let key = "\(task) \(part) \(number)"
        switch event["event"]?.stringValue {
        case "task-started":
            outcome = "started"
            (reason, duration, failures) = (nil, nil, [])
            starts += 1
        case "step-started": started[key] = event
        case "step-finished":
            guard let failure = event["failure"] else { return }
            let place = part == "steps" ? "step \(number)" : "\(part) step \(number)"
            let file = failure["file"]?.stringValue.map { file in
                ([file] + ["line", "column"].compactMap { failure[$0]?.integerValue.map(String.init) })
                    .joined(separator: ":")
            }
            failures.append(
                FailedStep(
                    name: started[key]?["name"]?.stringValue.map { "\(place), \($0)" } ?? place,
                    summary: started[key]?["summary"]?.stringValue ?? "",
                    message: failure["message"]?.stringValue ?? "", exitStatus: failure["exit-status"]?.integerValue,
                    hint: failure["hint"]?.stringValue, place: file,
                    lastLines: failure["last-lines"]?.listValue?.compactMap(\.stringValue) ?? []))
        case "task-finished":
            outcome = event["outcome"]?.stringValue ?? outcome
            reason = event["reason"]?.stringValue
            duration = event["duration"]?.doubleValue
        case "message":
            if let text = event["text"]?.stringValue, event["level"]?.stringValue != "debug" { messages.append(text) }
        default: break
        }
    }

    private mutating func apply(plan: Value) {
        for planned in plan["tasks"]?.listValue ?? [] {
            if planned["id"]?.stringValue == task {
                decision = planned["decision"]?.stringValue
                condition = planned["reason"]?.stringValue
                let name = planned["name"]?.stringValue
                isRequested = plan["requested"]?.listValue?.contains { $0.stringValue == name } ?? false
            }
            guard planned["needs"]?.listValue?.contains(where: { $0.stringValue == task }) ?? false else { continue }
            if let name = planned["id"]?.stringValue { neededBy.append(name) }
        }
    }
}
