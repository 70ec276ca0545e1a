import OpsCore
import OrderedCollections

/// The schedules of a recipe against its tasks and inputs.
enum ScheduleChecker {
    static func check(_ recipe: Recipe) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for schedule in recipe.schedules {
            let place = schedule.name.map { "schedule '\($0)'" } ?? "the schedule"
            guard let task = recipe.tasks[schedule.task] else {
                let near = nearestName(to: schedule.task, among: recipe.tasks.keys).map { "did you mean '\($0)'?" }
                diagnostics.append(
                    Diagnostic(
                        code: "unknown-task",
                        "\(place) runs the task '\(schedule.task)', which the recipe does not have",
                        hint: near ?? "name one as 'task'", at: schedule.taskRange))
                continue
            }
            let declared = recipe.inputs.merging(task.inputs) { $1 }
            for (name, value) in schedule.inputs {
                let range = schedule.inputRanges[name]
                guard let input = declared[name] else {
                    let near = nearestName(to: name, among: declared.keys).map { "did you mean '\($0)'?" }
                    let known = declared.isEmpty ? "it has none" : "known: \(declared.keys.joined(separator: ", "))"
                    diagnostics.append(
                        Diagnostic(
                            code: "unknown-input", "\(place) gives an input '\(name)', which the recipe does not have",
                            hint: near ?? known, at: range))
                    continue
                }
                let isText = input.type.wrapped == .string && value.scalarText != nil
                if !value.type.mayBe(input.type), !isText {
                    diagnostics.append(
                        Diagnostic(
                            code: "wrong-type",
                            "the input '\(name)' of \(place) needs \(input.kind.rawValue), got \(value.type)", at: range
                        ))
                } else if let problem = input.problem(of: value) {
                    diagnostics.append(
                        Diagnostic(code: "invalid-value", "the input '\(name)' of \(place) \(problem)", at: range))
                }
            }
        }
        return diagnostics
    }
}
