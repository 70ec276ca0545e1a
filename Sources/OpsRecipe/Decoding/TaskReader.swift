import OpsCore
import OpsYAML
import OrderedCollections

extension RecipeReader {
    func task(_ entry: Node.Entry) -> Task {
        var task = Task(name: entry.key, nameRange: entry.keyRange)
        if entry.value.isNull { return task }
        let place = "task '\(entry.key)'"
        guard let fields = fields(entry.value, of: RecipeLanguage.task, place) else { return task }
        task.description = text(fields["description"], place)
        task.needs = needs(fields["needs"], place)
        if isOutline {
            task.hasOwnAction = !fields.actions.isEmpty
            if let steps = fields["steps"] { task.steps = self.steps(steps, place) }
            return task
        }
        task.inputs = inputs(fields["inputs"], place)
        task.matrix = matrix(fields["matrix"], place)
        task.maxParallel = integer(fields["max-parallel"], place, minimum: 1)
        if let entry = fields["max-parallel"], task.matrix == nil {
            report("forbidden-key", "'max-parallel' of \(place) needs a 'matrix'", at: entry.keyRange)
        }
        task.condition = condition(fields["if"], place)
        task.env = environment(fields["env"], place)
        task.dir = textTemplate(fields["dir"], place)
        task.shell = shell(fields["shell"], place)
        task.continueOnError = boolean(fields["continue-on-error"], place) ?? false
        task.sources = fields["sources"].map { globs($0, place, orOne: true) }
        task.produces = fields["produces"].map { globs($0, place, orOne: true) }
        task.exclusive = textTemplate(fields["exclusive"], place)
        task.confirm = textTemplate(fields["confirm"], place)
        task.permissions = permissions(fields["permissions"], place)
        task.outputs = templates(fields["outputs"], place)
        task.onFailure = steps(fields["on-failure"], place)
        task.finally = steps(fields["finally"], place)
        actions(of: &task, fields)
        return task
    }

    /// One action key, or `steps`, or neither.
    private func actions(of task: inout Task, _ fields: Fields) {
        if let steps = fields["steps"] {
            if let action = fields.actions.first {
                report(
                    "action-count", "\(fields.place) has '\(action.key)' and 'steps'", hint: "make it one of the steps",
                    at: action.keyRange)
            }
            for key in RecipeLanguage.keysOfOneAction.sorted() {
                guard let entry = fields[key] else { continue }
                report(
                    "forbidden-key", "'\(key)' cannot stand in \(fields.place), which has 'steps'",
                    hint: "it belongs to one of the steps", at: entry.keyRange)
            }
            task.steps = self.steps(steps, fields.place)
            if case .sequence(let items) = steps.value.content, items.isEmpty {
                report("invalid-value", "'steps' of \(fields.place) is empty", at: steps.value.range)
            }
            task.timeout = duration(fields["timeout"], fields.place)
            task.retry = retry(fields["retry"], fields.place)
            task.files = templates(fields["files"], fields.place)
            _ = textTemplate(fields["name"], fields.place)
            return
        }
        if let entry = fields["outputs"] {
            report(
                "forbidden-key", "'outputs' cannot stand in \(fields.place): only a task with 'steps' has it",
                hint: fields.actions.isEmpty ? nil : "a task with one action has that action's outputs",
                at: entry.keyRange)
        }
        guard !fields.actions.isEmpty else {
            for key in ["returns", "stdin", "stdout", "shell", "undo", "interactive", "detach", "retry"] {
                guard let entry = fields[key] else { continue }
                report("forbidden-key", "'\(key)' in \(fields.place), which has no action", at: entry.keyRange)
            }
            return
        }
        task.hasOwnAction = true
        // What the task has for all its steps is not the step's as well.
        var own = fields
        own.remove(["if", "env", "dir", "continue-on-error"])
        if let step = step(own, range: task.nameRange) { task.steps = [step] }
    }

    private func needs(_ entry: Node.Entry?, _ place: String) -> [Need] {
        var needs: [Need] = []
        var places: [String: Int] = [:]
        for item in items(entry, place, orOne: true) ?? [] {
            guard let need = need(item, place) else { continue }
            if let other = places[need.alias] {
                let hint = needs[other].task == need.task ? "once is enough" : "give one of them another name with 'as'"
                report("duplicate-name", "two needs of \(place) are named '\(need.alias)'", hint: hint, at: item.range)
                continue
            }
            places[need.alias] = needs.count
            needs.append(need)
        }
        return needs
    }

    private func need(_ node: Node, _ place: String) -> Need? {
        guard !node.hasExpression || node.scalar == nil else {
            report("constant", "a need of \(place) is constant: no expression may stand here", at: node.range)
            return nil
        }
        if let name = node.scalar?.value.scalarText { return Need(task: name, alias: name, range: node.range) }
        guard node.scalar == nil else {
            report("wrong-type", "a need of \(place) needs a task's name, got \(node.kindName)", at: node.range)
            return nil
        }
        guard let fields = fields(node, of: RecipeLanguage.need, "a need of \(place)"),
            let task = text(fields["task"], fields.place)
        else { return nil }
        let alias = text(fields["as"], fields.place)
        if let alias, let entry = fields["as"], !isName(alias, "name of a need", entry.value.range) { return nil }
        return Need(
            task: task, with: templates(fields["with"], fields.place), alias: alias ?? task,
            range: fields["task"]?.value.range ?? node.range)
    }

    private func matrix(_ entry: Node.Entry?, _ place: String) -> Matrix? {
        guard let entry else { return nil }
        let range = entry.keyRange
        switch entry.value.content {
        case .scalar:
            guard entry.value.hasExpression else {
                report(
                    "wrong-type", "'matrix' of \(place) needs axes or a list of rows, got \(entry.value.kindName)",
                    at: entry.value.range)
                return nil
            }
            return template(entry.value).map { Matrix(form: .rows($0), range: range) }
        case .sequence(let rows):
            for row in rows where !row.hasExpression || row.scalar == nil {
                guard case .mapping(let keys) = row.content else {
                    report(
                        "wrong-type", "a row of the matrix of \(place) needs a map, got \(row.kindName)", at: row.range)
                    return nil
                }
                for key in keys { _ = isName(key.key, "matrix name", key.keyRange) }
            }
            if rows.isEmpty { report("invalid-value", "'matrix' of \(place) is empty", at: entry.value.range) }
            return template(entry.value).map { Matrix(form: .rows($0), range: range) }
        case .mapping(let axes):
            if axes.isEmpty { report("invalid-value", "'matrix' of \(place) is empty", at: entry.value.range) }
            var values: OrderedDictionary<String, Template> = [:]
            for axis in axes where isName(axis.key, "matrix axis", axis.keyRange) {
                switch axis.value.content {
                case .sequence(let items) where items.isEmpty:
                    report("invalid-value", "the axis '\(axis.key)' of \(place) is empty", at: axis.value.range)
                case .mapping:
                    report(
                        "wrong-type", "the axis '\(axis.key)' of \(place) needs a list, got a map", at: axis.value.range
                    )
                case .scalar(let scalar) where !axis.value.hasExpression:
                    report(
                        "wrong-type", "the axis '\(axis.key)' of \(place) needs a list, got \(axis.value.kindName)",
                        hint: "write [ \(scalar.text) ]", at: axis.value.range)
                default: values[axis.key] = template(axis.value)
                }
            }
            return Matrix(form: .axes(values), range: range)
        }
    }

    private func globs(_ entry: Node.Entry, _ place: String, orOne: Bool) -> [Template] {
        var globs: [Template] = []
        for item in items(entry, place, orOne: orOne) ?? [] {
            guard item.scalar?.value.scalarText != nil else {
                report("wrong-type", "'\(entry.key)' of \(place) needs globs, got \(item.kindName)", at: item.range)
                continue
            }
            if let glob = template(item) { globs.append(glob) }
        }
        return globs
    }
}
