import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

/// Gathers what a task's definition says, and the names it uses.
struct DefinitionReader {
    private let recipe: Recipe
    private let catalog: PluginCatalog
    private let programs: ProgramPaths
    private(set) var facts: [FreshnessFact] = []
    private(set) var uses: [TaskDefinition.Use] = []
    private(set) var obstacle: String?
    private(set) var usesSteps = false
    private var known: Set<[String]> = []

    init(recipe: Recipe, catalog: PluginCatalog, programs: ProgramPaths) {
        self.recipe = recipe
        self.catalog = catalog
        self.programs = programs
    }

    mutating func add(_ task: Task) {
        note("the language version", String(RecipeLanguage.version))
        add(recipe.env, of: "")
        add(task.env, of: "")
        add(task.files, "the file", of: "")
        add("its folder", task.dir)
        add("its sources", task.sources)
        add("what it produces", task.produces)
        for (name, template) in task.outputs { add("the output \(name)", template) }
        note("the number of its steps", "\(task.steps.count) and \(task.finally.count) in finally")
        for (index, step) in task.steps.enumerated() {
            add(step, of: task, place: task.hasOwnAction ? "" : " of step \(step.id ?? String(index + 1))")
        }
        for (index, step) in task.finally.enumerated() {
            add(step, of: task, place: " of step \(index + 1) of 'finally'")
        }
        // A script gets them as "$@" without naming them.
        use(["args"], "its arguments", at: task.nameRange)
    }

    private mutating func add(_ step: Step, of task: Task, place: String) {
        let call = step.action
        if call.name == "run" {
            addRun(step, of: task, place: place)
        } else {
            note("the action\(place)", call.name)
            if let action = catalog.actions[call.name] {
                note("the declaration of \(call.name)", Self.text(of: action.declaration))
            }
            add("the parameters\(place)", call.arguments)
        }
        if let condition = step.condition {
            note("the condition\(place)", condition.text)
            add(condition.expression)
        }
        add(step.env, of: place)
        add(step.files, "the file", of: place)
        add("the folder\(place)", step.dir)
        add("standard input\(place)", step.standardInput)
        add("standard output\(place)", step.standardOutput)
        if let returns = step.returns { note("what is returned\(place)", "\(returns)") }
        if step.continueOnError { note("continue-on-error\(place)", "true") }
    }

    private mutating func addRun(_ step: Step, of task: Task, place: String) {
        let arguments = step.action.arguments
        var program: String?
        if case .literal(.string) = arguments.content {
            add("the script\(place)", arguments)
            let shell = (step.shell ?? task.shell ?? recipe.defaults.shell)?.command ?? ["bash"]
            note("the shell\(place)", shell.joined(separator: " "))
            program = shell.first
        } else {
            add("the command\(place)", arguments)
            switch arguments.content {
            case .literal(.list(let words)): program = words.first?.stringValue
            case .list(let words): if case .literal(.string(let word))? = words.first?.content { program = word }
            default: break
            }
        }
        for variable in Recipe.inputVariables(in: arguments) {
            let names = Array(recipe.inputs.keys) + Array(task.inputs.keys)
            guard let name = names.first(where: { InputDeclaration.variable(of: $0) == variable }) else { continue }
            use(["inputs", name], "the input \(name)", at: arguments.range)
        }
        guard let program, !program.contains("/") else { return }
        var search = programs.searchPath
        for layer in [recipe.env, task.env, step.env] {
            if case .literal(.string(let text))? = layer["PATH"]?.content { search = text }
        }
        note("the program \(program)", programs.path(of: program, in: search))
    }

    // MARK: Facts

    private mutating func note(_ label: String, _ text: String) { facts.append(FreshnessFact(label, text)) }

    private mutating func add(
        _ env: OrderedDictionary<String, Template>, _ noun: String = "the variable", of place: String
    ) {
        for (name, template) in env { add("\(noun) \(name)\(place)", template) }
    }

    private mutating func add(_ label: String, _ template: Template?) {
        guard let template else { return }
        note(label, FreshnessFact.text(of: template))
        guard template.hasExpressions else { return }
        for expression in template.expressions { add(expression) }
    }

    private mutating func add(_ label: String, _ templates: [Template]?) {
        guard let templates else { return }
        note(label, "[" + templates.map { FreshnessFact.text(of: $0) }.joined(separator: ",") + "]")
        for template in templates { for expression in template.expressions { add(expression) } }
    }

    // MARK: Names

    private mutating func add(_ expression: Expression) {
        for path in expression.references { add(path, at: expression.range) }
    }

    private mutating func add(_ path: [String], at range: SourceRange) {
        let key = path.count > 1 ? path[1] : ""
        switch path[0] {
        case "steps": usesSteps = true
        case "run":
            obstacle = obstacle ?? "it uses \(path.joined(separator: ".")), which is another in each run"
        case "recipe": break
        case "secrets":
            guard known.insert(Array(path.prefix(2))).inserted else { return }
            let references = recipe.secrets[key]?.from.map(\.reference.description) ?? []
            note("the secret \(key)", references.joined(separator: ", "))
        case "vars" where path.count > 1:
            guard known.insert(["vars", key]).inserted else { return }
            add("the var \(key)", recipe.vars[key])
        case "vars": for name in recipe.vars.keys { add(["vars", name], at: range) }
        case "needs" where path.count > 3: use(Array(path.prefix(4)), "the output \(path[3]) of \(key)", at: range)
        case "needs": use(path, "what \(key) gives", at: range)
        case "inputs": use(Array(path.prefix(2)), path.count > 1 ? "the input \(key)" : "an input", at: range)
        case "matrix": use(Array(path.prefix(2)), path.count > 1 ? "the matrix value \(key)" : "its row", at: range)
        case "env": use(Array(path.prefix(2)), "the caller's variable \(key)", at: range)
        case "args": use(["args"], "its arguments", at: range)
        default: use(Array(path.prefix(2)), path.prefix(2).joined(separator: "."), at: range)
        }
    }

    private mutating func use(_ path: [String], _ label: String, at range: SourceRange) {
        guard known.insert(path).inserted else { return }
        let expression = Expression(
            text: path.joined(separator: "."), range: range, root: Expression.Term(.reference(path), range))
        uses.append(TaskDefinition.Use(label: label, path: path, expression: expression))
    }

    /// What of a declaration decides what arguments mean.
    private static func text(of declaration: ActionDeclaration) -> String {
        let parameters = declaration.parameters.map { parameter in
            "\(parameter.name)=\(parameter.defaultValue.map { JSONWriter.text($0) } ?? "")"
        }
        let revision = declaration.revision.map { ["revision \($0)"] } ?? []
        return (parameters + declaration.outputs.map(\.name) + revision).joined(separator: ",")
    }
}
