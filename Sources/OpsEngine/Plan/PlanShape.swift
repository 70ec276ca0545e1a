import OpsCore

/// The tasks and steps of a plan with their decisions as one digest: two plans with the same start the same steps.
enum PlanShape {
    static func digest(of plan: Plan) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(plan.tasks.count * 64)
        for index in plan.tasks.indices {
            text += plan.tasks[index].id.description.utf8
            add(plan.tasks[index].decision, to: &text)
            add(plan.tasks[index].steps, to: &text)
            add(plan.tasks[index].onFailure, to: &text)
            add(plan.tasks[index].finally, to: &text)
        }
        add(plan.onFailure, to: &text)
        add(plan.finally, to: &text)
        return PlanDocument.digest(text)
    }

    private static func add(_ steps: [PlannedStep], to text: inout [UInt8]) {
        for index in steps.indices {
            text += steps[index].action.utf8
            text.append(0x20)
            if let name = steps[index].name { text += name.utf8 }
            add(steps[index].decision, to: &text)
        }
        text.append(0x0A)
    }

    /// Whether the work is done already is asked again in each run: it does not tell two plans apart.
    private static func add(_ decision: Decision, to text: inout [UInt8]) {
        text.append(0x20)
        text += decision.name == "up-to-date" ? "run".utf8 : decision.name.utf8
        text.append(0x0A)
    }
}
