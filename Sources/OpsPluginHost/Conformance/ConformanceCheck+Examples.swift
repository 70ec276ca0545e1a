import OpsCore
import OpsPlugin
import OrderedCollections

extension ConformanceCheck {
    /// What the manifest's examples show.
    static let exampleChecks = [
        ConformanceCheck("examples", ["M15"], "The examples of the manifest work") { session in
            let trials = try await trials(session)
            var excuses: [String] = []
            for trial in trials {
                for answer in [trial.plan, trial.apply].compactMap({ $0 }) {
                    guard let result = answer.results.last else {
                        return .failed(
                            "\(answer.call.label): no result, \(answer.ending)", hint: answer.permissions)
                    }
                    if result.status == .ok { continue }
                    if let excuse = trial.excuse {
                        excuses.append(excuse)
                        continue
                    }
                    return .failed(
                        "\(answer.call.label): \(result.error?.message ?? result.status.rawValue)",
                        hint: answer.permissions ?? result.error?.hint ?? "an example needs the 'files' that it names")
                }
            }
            if let excuse = excuses.first, excuses.count == trials.count {
                return .skipped("the examples need something that is not here: \(excuse)")
            }
            return .passed("\(trials.count) run: " + trials.map { "'\($0.example.title)'" }.joined(separator: ", "))
        },
        ConformanceCheck("plan-is-pure", ["M11"], "A plan changes nothing") { session in
            let planned = try await trials(session).filter { $0.plan != nil }
            guard !planned.isEmpty else { return .skipped("no action that has an example plans") }
            for trial in planned {
                if !trial.changes.isEmpty {
                    return .failed(
                        "the plan of '\(trial.example.title)' changed its folder: "
                            + trial.changes.joined(separator: ", "),
                        hint: "only 'apply' may write")
                }
                if trial.plan?.endedLeftOvers == true {
                    return .failed("the plan of '\(trial.example.title)' left a process running")
                }
            }
            return .passed("the folders are as they were, to the time of the last change")
        },
        ConformanceCheck("plan-unknown", ["M12"], "A plan takes values that only a run can know") { session in
            let actions = session.manifest.actions.filter { $0.planning != .none }
            for action in actions {
                let parameters = action.declaration.parameters
                if try await planProblem(session, action, unknown: parameters) == nil { continue }
                // Some inputs may not stand together: then one at a time.
                for parameter in parameters {
                    let unknown = parameters.filter { $0.isRequired || $0.name == parameter.name }
                    guard let problem = try await planProblem(session, action, unknown: unknown) else { continue }
                    return .failed(
                        problem,
                        hint: "an input may be {\"$unknown\": …}: leave out the effects and outputs that depend on it")
                }
            }
            return actions.isEmpty
                ? .skipped("no action plans") : .passed("\(actions.count) planned with every input unknown")
        },
        ConformanceCheck("planned-outputs", ["M13"], "What a plan gives as known is what the run gives") { session in
            var known = 0
            for trial in try await trials(session) where trial.apply.results.last?.status == .ok {
                for (name, value) in trial.plan?.outputs ?? [:] where !value.containsUnknown {
                    known += 1
                    let applied = trial.apply.outputs[name] ?? .null
                    if applied != value {
                        return .failed(
                            "'\(name)' of '\(trial.example.title)' was planned as \(JSONWriter.text(value)), and is "
                                + JSONWriter.text(applied),
                            hint: "leave out of a plan what it cannot know")
                    }
                }
            }
            return known == 0 ? .skipped("no plan gave a known output") : .passed("\(known) known, all as planned")
        },
        ConformanceCheck("outputs", ["M14"], "The outputs are those that the manifest declares") { session in
            var count = 0
            for trial in try await trials(session) where trial.apply.results.last?.status == .ok {
                let outputs = trial.apply.outputs
                let place = "of '\(trial.example.title)'"
                for output in trial.action.outputs {
                    let name = output.declaration.name
                    let value = outputs[name] ?? .null
                    count += 1
                    if !output.declaration.type.accepts(value) {
                        let found = value.isNull ? "missing" : "\(value.type)"
                        return .failed("'\(name)' \(place) must be \(output.declaration.type), and is \(found)")
                    }
                    if let problem = output.limits.problem(of: value) {
                        return .failed("'\(name)' \(place) \(problem)")
                    }
                }
                let declared = Set(trial.action.outputs.map(\.declaration.name))
                if let other = outputs.keys.first(where: { !declared.contains($0) }) {
                    return .failed("'\(other)' \(place) is not declared", hint: "add it to 'outputs'")
                }
            }
            return count == 0 ? .skipped("no example that ran declares an output") : .passed("\(count) looked at")
        },
        ConformanceCheck("secrets-unseen", ["M19"], "No secret is told") { session in
            let trials = try await trials(session).filter { trial in
                trial.action.declaration.parameters.contains {
                    $0.isSecret && trial.example.arguments[$0.name] != nil
                }
            }
            guard !trials.isEmpty else { return .skipped("no example gives a secret") }
            for trial in trials {
                let secretOutputs = trial.action.outputs.filter { $0.declaration.type == .secret }
                if let place = leak(session.secret, trial.apply, Set(secretOutputs.map(\.declaration.name))) {
                    return .failed("a secret of '\(trial.example.title)' stands \(place)")
                }
                if let file = trial.filesWithSecret.first {
                    return .failed(
                        "a secret of '\(trial.example.title)' stands in the file \(file)",
                        hint: "write secrets below the request's 'temporary' only")
                }
            }
            return .passed("not in lines, on standard error or in files")
        },
    ]

    private static func trials(_ session: ConformanceSession) async throws -> [ExampleTrial] {
        let trials = try await session.runExamples()
        guard trials.isEmpty else { return trials }
        throw ConformanceStop(
            outcome: .skipped("the manifest has no examples: add one to each action, with its 'files'"))
    }

    /// What is wrong with a plan in which some inputs are unknown and the others left out; nil where nothing is.
    private static func planProblem(
        _ session: ConformanceSession, _ action: PluginManifest.Action, unknown parameters: [Parameter]
    ) async throws -> String? {
        let example = PluginManifest.Example(title: "", arguments: .map([:]), files: [])
        var request = try await session.request(.plan, action, example, in: session.folder())
        for parameter in parameters {
            request.inputs[parameter.name] =
                parameter.isSecret
                ? .secret(Secret(planned: [parameter.name])) : .unknown(Unknown("steps.kit.outputs.value"))
        }
        let names = parameters.map(\.name).joined(separator: ", ")
        let answer = try await session.ask(request, "plan of \(action.declaration.name), \(names) unknown")
        if answer.results.last?.status == .ok { return nil }
        return "\(answer.call.label): \(answer.results.last?.error?.message ?? answer.ending)"
    }

    /// Where the secret stands; nil where it does not.
    private static func leak(_ secret: String, _ answer: ConformanceAnswer, _ secretOutputs: Set<String>) -> String? {
        if String(decoding: answer.errorOutput, as: UTF8.self).contains(secret) { return "on standard error" }
        for line in answer.lines {
            guard let value = try? JSONReader.value(line), case .map(var members) = value else { continue }
            let type = members["type"]?.stringValue ?? ""
            if type == "secret" { continue }
            if case .map(let outputs)? = members["outputs"] {
                members["outputs"] = .map(outputs.filter { !secretOutputs.contains($0.key) })
            }
            if JSONWriter.text(.map(members)).contains(secret) { return "in a line of type '\(type)'" }
        }
        return nil
    }
}
