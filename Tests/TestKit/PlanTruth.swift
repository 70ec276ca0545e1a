import OpsCore
import OrderedCollections

extension OpsProgram {
    /// Promise 1 over every run that this program has done: what a run started that its plan did not list, and what the
    /// plan decided to run and a good run did not start. Empty where all is well; told in words.
    package func strayFromPlans() throws -> [String] {
        let runs = try TestKit.run(["ls", state + "/runs"]).text.split(separator: "\n")
        return try runs.flatMap { try Self.stray("\(state)/runs/\($0)") }
    }

    private static func stray(_ folder: String) throws -> [String] {
        let plan = try JSONReader.value(try readAll(folder + "/plan.json"))
        let events = try readAll(folder + "/journal.jsonl").split(separator: 0x0A).map {
            try JSONReader.value(Array($0))
        }
        var listed: [String: String] = [:]
        func list(_ steps: Value?, _ task: String, _ part: String, _ decision: String) {
            for (index, step) in (steps?.listValue ?? []).enumerated() {
                let own = step["decision"]?.stringValue ?? ""
                listed["\(task) \(part) \(index + 1)"] = decision == "run" ? own : decision
                if step["undo"] != nil { listed["\(task) undo \(index + 1)"] = "on-failure" }
            }
        }
        for task in plan["tasks"]?.listValue ?? [] {
            let (id, decision) = (task["id"]?.stringValue ?? "", task["decision"]?.stringValue ?? "")
            list(task["steps"], id, "steps", decision)
            list(task["on-failure"], id, "on-failure", decision)
            list(task["finally"], id, "finally", decision)
        }
        list(plan["on-failure"], "", "on-failure", "run")
        list(plan["finally"], "", "finally", "run")
        var started: Set<String> = []
        for event in events where event["event"]?.stringValue == "step-started" {
            var task = event["task"]?.stringValue ?? ""
            if let inputs = event["inputs"]?.stringValue { task += "(\(inputs))" }
            let id = event["instance"]?.stringValue.map { "\(task)[\($0)]" } ?? task
            started.insert("\(id) \(event["part"]?.stringValue ?? "steps") \(event["step"]?.integerValue ?? 0)")
        }
        let stray = started.filter { listed[$0] == nil || listed[$0] == "skipped" }.map { "\($0) was not planned" }
        guard events.last?["exit-status"]?.integerValue == 0, !events.contains(where: { $0["failure"] != nil }) else {
            return stray
        }
        let upToDate = Set(
            events.filter { $0["outcome"]?.stringValue == "up-to-date" }.compactMap { $0["task"]?.stringValue })
        let missed = listed.filter { step, decision in
            decision == "run" && !step.contains(" on-failure ") && !started.contains(step)
                && !upToDate.contains { step.hasPrefix($0 + " ") || step.hasPrefix($0 + "[") }
        }
        return stray + missed.keys.map { "\($0) was planned, and not started" }
    }
}
