import OpsCore
import OpsEngine
import OpsRecipe
import OpsSystem
import OrderedCollections

/// One schedule as something to install: its name on the machine, and the command that runs it.
struct ScheduledRun {
    let schedule: Schedule
    /// The name of its units: `ops-RECIPE`, with `-SCHEDULE` where the recipe has several.
    let unit: String
    /// For a person: `nightly of /srv/site/ops.yaml`.
    let title: String
    /// The recipe's folder, absolute.
    let directory: String
    /// How long the run itself may take.
    let timeout: Duration
    /// The longest that the run's clean-up can take once its time is over.
    let cleanUp: Duration
    /// True where it may wait for another run of the recipe.
    let mayWait: Bool
    private let program: String
    private let recipeFile: String
    private let inputs: [(name: String, value: String)]

    /// - Parameters:
    ///   - given: `key=value` of the command line: they win over those of the schedule.
    ///   - program: the absolute path of ops.
    /// Throws: an `OpsError` or `DiagnosticsError` where an input is missing or cannot be told on a command line.
    init(
        _ schedule: Schedule, of session: RecipeSession, given: [(key: String, value: String)], program: String
    ) throws {
        let recipe = session.recipe
        self.schedule = schedule
        self.program = program
        directory = recipe.directory
        let file = recipe.file.split(separator: "/").last.map(String.init) ?? recipe.file
        recipeFile = recipe.directory == "/" ? "/" + file : recipe.directory + "/" + file
        title = (schedule.name.map { "\($0) of " } ?? "") + recipeFile
        let base = recipe.name ?? Self.name(ofFile: file, in: recipe.directory)
        unit = "ops-" + Self.plain(base) + (schedule.name.map { "-" + Self.plain($0) } ?? "")
        timeout = schedule.timeout ?? recipe.timeout ?? Unattended.defaultTimeout
        let cleanUps = recipe.tasks.values.reduce(recipe.onFailure.count + recipe.finally.count) { count, task in
            count + task.onFailure.count + task.finally.count + task.steps.count { $0.undo != nil }
        }
        // Each clean-up step has five minutes and its processes the grace of ten seconds.
        cleanUp = .seconds(60 + 310 * cleanUps)
        mayWait = recipe.overlap == .wait || recipe.overlap == .replace
        inputs = try Self.inputs(schedule, recipe, given)
    }

    /// The words of the command. `hasJitter` is false where somebody else waits.
    func command(hasJitter: Bool) -> [String] {
        var words = [program, "run", "--unattended", "--file", recipeFile]
        if let timeout = schedule.timeout { words += ["--timeout", timeout.text] }
        if hasJitter, let jitter = schedule.jitter, jitter > .zero { words += ["--jitter", jitter.text] }
        return words + [schedule.task] + inputs.map { "\($0.name)=\($0.value)" }
    }

    private static func inputs(
        _ schedule: Schedule, _ recipe: Recipe, _ given: [(key: String, value: String)]
    ) throws -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for (name, value) in schedule.inputs where !given.contains(where: { $0.key == name }) && !value.isNull {
            let kind = recipe.inputs[name]?.kind ?? recipe.tasks[schedule.task]?.inputs[name]?.kind
            var text = value.scalarText ?? JSONWriter.text(value)
            // On a command line a path is relative to where ops is called, which is not for cron to say.
            if kind == .path, !text.hasPrefix("/") { text = recipe.directory + "/" + text }
            result.append((name, text))
        }
        for (name, value) in given {
            let isPath = recipe.inputs[name]?.kind == .path
            guard !isPath || value.hasPrefix("/") else {
                throw OpsError(
                    .invalid, "the input '\(name)' is the relative path '\(value)'",
                    hint: "a scheduled run starts elsewhere: give the absolute one")
            }
            result.append((name, value))
        }
        let used = recipe.usedInputs(by: try TaskSelection.reached(by: [schedule.task], in: recipe))
        // Not those that another schedule of the recipe has in mind.
        result.removeAll { pair in !schedule.inputs.keys.contains(pair.name) && !used.contains(pair.name) }
        let missing = recipe.inputs.filter { name, input in
            used.contains(name) && input.defaultValue == nil && !result.contains { $0.name == name }
        }
        guard missing.isEmpty else {
            let place = schedule.name.map { "schedule '\($0)'" } ?? "the schedule"
            throw DiagnosticsError(
                missing.keys.map { name in
                    Diagnostic(
                        code: "missing-input", "\(place) gives no value for the input '\(name)'",
                        hint: "write it under 'inputs' of the schedule, or give \(name)=VALUE here", at: schedule.range)
                })
        }
        return result
    }

    /// What a recipe without a name is called by: its file, or its folder where the file has the usual name.
    private static func name(ofFile file: String, in directory: String) -> String {
        guard RecipeLocator.names.contains(file) else {
            return file.split(separator: ".").first.map(String.init) ?? file
        }
        return directory.split(separator: "/").last.map(String.init) ?? "root"
    }

    /// A part of the name of a unit or of a file of cron.d: letters, digits, `_` and `-`.
    private static func plain(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar in
                let isPlain = scalar.isASCII && (Character(scalar).isLetter || Character(scalar).isNumber)
                return isPlain || scalar == "_" ? Character(scalar) : "-"
            })
    }
}
