import OpsCore
import OpsYAML
import OrderedCollections

extension RecipeReader {
    func steps(_ entry: Node.Entry?, _ place: String) -> [Step] {
        var steps: [Step] = []
        var ids: Set<String> = []
        for (index, item) in (items(entry, place, orOne: false) ?? []).enumerated() {
            let place = "step \(index + 1) of \(place)"
            guard let fields = fields(item, of: RecipeLanguage.step, place) else { continue }
            let start = firstKeyRange(item)
            guard let step = step(fields, range: start) else { continue }
            if let id = step.id, !ids.insert(id).inserted, let entry = fields["id"] {
                report("duplicate-name", "two steps have the id '\(id)'", at: entry.value.range)
            }
            steps.append(step)
        }
        return steps
    }

    private func firstKeyRange(_ node: Node) -> SourceRange {
        if case .mapping(let entries) = node.content, let first = entries.first { return first.keyRange }
        return node.range
    }

    /// A step from the keys of a step, an `undo`, or a task with one action.
    func step(_ fields: Fields, range: SourceRange) -> Step? {
        let place = fields.place
        guard let call = action(fields, range) else { return nil }
        var step = Step(action: call, range: range)
        step.id = text(fields["id"], place)
        if let id = step.id, let entry = fields["id"] { _ = isName(id, "id", entry.value.range) }
        step.name = textTemplate(fields["name"], place)
        step.condition = condition(fields["if"], place)
        step.env = environment(fields["env"], place)
        step.dir = textTemplate(fields["dir"], place)
        step.shell = shell(fields["shell"], place)
        if let entry = fields["stdin"] {
            if entry.value.scalar == nil {
                report(
                    "wrong-type", "'stdin' of \(place) needs text, got \(entry.value.kindName)",
                    hint: "make it text with join or toJSON", at: entry.value.range)
            } else {
                step.standardInput = template(entry.value)
            }
        }
        step.standardOutput = textTemplate(fields["stdout"], place)
        step.files = templates(fields["files"], place)
        step.timeout = duration(fields["timeout"], place)
        step.retry = retry(fields["retry"], place)
        step.returns = returns(fields["returns"], place)
        step.continueOnError = boolean(fields["continue-on-error"], place) ?? false
        step.isDetached = boolean(fields["detach"], place) ?? false
        step.isInteractive = boolean(fields["interactive"], place) ?? false
        if let word = text(fields["resume"], place) {
            choice(word, fields["resume"], RecipeLanguage.resumeWords)
            step.resume = ResumeMode(rawValue: word)
        }
        step.undo = undo(fields["undo"], place)
        checkRunKeys(step, fields)
        return step
    }

    /// Keys that only a command or script can have.
    private func checkRunKeys(_ step: Step, _ fields: Fields) {
        guard step.action.name == "run" else {
            for key in ["shell", "stdin", "stdout", "returns", "interactive", "detach"] {
                guard let entry = fields[key] else { continue }
                report(
                    "forbidden-key", "'\(key)' cannot stand beside '\(step.action.name)': only 'run' has it",
                    at: entry.keyRange)
            }
            return
        }
        if case .standardOutput = step.returns, step.standardOutput != nil, let entry = fields["returns"] {
            report(
                "forbidden-key", "'returns' takes the standard output that 'stdout' sends to a file",
                hint: "leave one of them out", at: entry.keyRange)
        }
        if step.isInteractive {
            for key in ["stdin", "stdout"] {
                guard let entry = fields[key] else { continue }
                report(
                    "forbidden-key", "'\(key)' of an interactive step: it has the terminal itself", at: entry.keyRange)
            }
        }
    }

    private func returns(_ entry: Node.Entry?, _ place: String) -> Returns? {
        guard let entry, isConstant(entry, place) else { return nil }
        if entry.value.scalar != nil {
            guard let name = text(entry, place), isName(name, "output", entry.value.range) else { return nil }
            return .standardOutput(name)
        }
        var types: OrderedDictionary<String, ValueType> = [:]
        for item in entries(entry, place) ?? [] where isName(item.key, "output", item.keyRange) {
            let word = item.value.scalar?.text ?? ""
            guard let type = Self.returnTypes[word] else {
                let near = Self.word(meantBy: word, among: RecipeLanguage.returnTypes)
                report(
                    "invalid-value", "the output '\(item.key)' has no type '\(word)'",
                    hint: near.map { "did you mean '\($0)'?" }
                        ?? "the types are \(RecipeLanguage.returnTypes.joined(separator: ", "))",
                    at: item.value.range)
                continue
            }
            types[item.key] = type
        }
        return .declared(types)
    }

    private static let returnTypes: [String: ValueType] = [
        "string": .string, "boolean": .boolean, "integer": .integer, "number": .number, "list": .list(.any),
        "map": .map, "secret": .secret,
    ]

    func retry(_ entry: Node.Entry?, _ place: String) -> Retry? {
        guard let entry else { return nil }
        let inner = "'retry' of \(place)"
        guard let fields = fields(entry.value, of: RecipeLanguage.retry, inner) else { return nil }
        var retry = Retry(range: entry.keyRange)
        retry.attempts = integer(fields["attempts"], inner, minimum: 1) ?? 1
        retry.delay = duration(fields["delay"], inner) ?? .zero
        retry.backoff = number(fields["backoff"], inner, in: 1...Double.greatestFiniteMagnitude) ?? 1
        retry.maxDelay = duration(fields["max-delay"], inner)
        retry.jitter = number(fields["jitter"], inner, in: 0...1) ?? 0
        for item in items(fields["exit-codes"], inner, orOne: true) ?? [] {
            guard let code = item.scalar?.value.integerValue, (0...255).contains(code) else {
                report("invalid-value", "an exit status is a number from 0 to 255", at: item.range)
                continue
            }
            retry.exitCodes.append(code)
        }
        return retry
    }

    private func undo(_ entry: Node.Entry?, _ place: String) -> Undo? {
        guard let entry, let fields = fields(entry.value, of: RecipeLanguage.undo, "'undo' of \(place)"),
            let step = step(fields, range: entry.keyRange)
        else { return nil }
        return Undo(
            through: text(fields["through"], fields.place), throughRange: fields["through"]?.value.range, step: step)
    }
}
