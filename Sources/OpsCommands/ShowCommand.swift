import ArgumentParser
import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import OpsReport
import OpsSystem
import OrderedCollections

/// `ops show`: all of one task, or of one action.
struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show all of a task, of an action, or of a source of secrets.",
        discussion: """
            A task's text stands as in the recipe; an action's parameters, outputs and examples as declared; of a \
            source of secrets, such as vault://, how a reference is written and how ops logs in.
            """)

    @Argument(
        help: ArgumentHelp(
            "A task of the recipe, an action such as archive.create, or a source such as vault://.",
            valueName: "task|action|source"),
        completion: .custom(TaskCompletion.tasks))
    var name: String
    @OptionGroup var global: GlobalOptions

    mutating func run() async throws {
        try await CommandLineTool.finish {
            var catalog = try RecipeSession.builtIn()
            let style = try global.style()
            if catalog.action(named: name) == nil, name.contains(".") || name.contains("://") {
                catalog = try InstalledPlugins.described(file: global.file, directory: global.directory)
            }
            if let action = catalog.action(named: name) {
                try Console.output(ActionDescription.text(action.declaration, style: style))
                return
            }
            if let scheme = Self.scheme(name) {
                guard let provider = catalog.provider(scheme: scheme) else {
                    let near = nearestName(to: scheme, among: catalog.providers.keys).map { "did you mean '\($0)://'?" }
                    throw OpsError(
                        .invalid, "there is no source of secrets '\(scheme)://'",
                        hint: near ?? "'ops actions' lists them")
                }
                try Console.output(ActionDescription.text(provider, style: style))
                return
            }
            if name.contains(".") {
                let hint = nearestName(to: name, among: catalog.actions.keys).map { "did you mean '\($0)'?" }
                throw OpsError(.invalid, "there is no action '\(name)'", hint: hint ?? "'ops actions' lists them")
            }
            let session = try global.session()
            guard let place = session.recipe.place(of: name) else {
                throw UnknownName.task(name, in: session.recipe, catalog: catalog)
            }
            try Console.output(Self.text(name, place, session, style))
        }
    }

    /// `vault` of `vault://` or a whole reference, `exec` of `exec:`; nil for any other name.
    private static func scheme(_ name: String) -> String? {
        if name == "exec:" { return SecretReference.commandScheme }
        return name.firstRange(of: "://").map { String(name[..<$0.lowerBound]) }
    }

    private static func text(
        _ name: String, _ place: TaskPlace, _ session: RecipeSession, _ style: Style
    ) throws -> String {
        let (task, recipe) = (place.task, place.recipe)
        var text = style.paint(name, .bold)
        text += style.paint("  \(task.nameRange)", .dim) + "\n"
        if let description = task.description { text += description + "\n" }
        var table = TableText(width: style.width)
        if !task.needs.isEmpty { table.row(["needs", task.needs.map(place.name).joined(separator: ", ")]) }
        let dependents = dependents(of: name, place, session.recipe)
        if !dependents.isEmpty { table.row(["needed by", dependents.joined(separator: ", ")]) }
        for (name, input) in task.inputs { table.row(["own input", describe(name, input)]) }
        let order = try TaskSelection.reached(by: [task.name], in: recipe)
        let used = recipe.usedInputs(by: order, isIncluded: !place.prefix.isEmpty)
        for (name, input) in recipe.inputs where used.contains(name) {
            table.row([place.prefix.isEmpty ? "input" : "input of \(recipe.file)", describe(name, input)])
        }
        if !table.lines.isEmpty { text += "\n" + table.text }
        text += "\n" + source(of: task, session)
        return text
    }

    /// The tasks of its own recipe, and of the one that was asked for, that need it.
    private static func dependents(of name: String, _ place: TaskPlace, _ recipe: Recipe) -> [String] {
        let beside = place.recipe.tasks.values.filter { $0.needs.contains { $0.task == place.task.name } }
        var names = beside.map { place.prefix + $0.name }
        guard !place.prefix.isEmpty else { return names }
        names += recipe.tasks.values.filter { $0.needs.contains { $0.task == name } }.map(\.name)
        return names
    }

    private static func describe(_ name: String, _ input: InputDeclaration) -> String {
        var text = "\(name): \(input.kind.rawValue)"
        if !input.options.isEmpty {
            text += ", one of \(input.options.compactMap(\.scalarText).joined(separator: " "))"
        }
        if let pattern = input.pattern { text += ", matches \(pattern)" }
        switch input.defaultValue {
        case nil: text += ", required"
        case .null?: text += ", optional"
        case let value?: text += ", default \(value.scalarText ?? JSONWriter.text(value))"
        }
        return text + (input.description.map { ". \($0)" } ?? "")
    }

    /// The lines of the recipe from the task's name to the next key at its level.
    private static func source(of task: Task, _ session: RecipeSession) -> String {
        let first = task.nameRange.start
        let file = task.nameRange.file
        let source =
            file == session.recipe.file
            ? session.loaded.source : RecipeLoader.source(file, directory: session.directory)
        var lines: [String] = []
        var number = first.line
        while let line = source?.line(number) {
            let indent = line.prefix { $0 == " " }.count
            let isBlank = line.allSatisfy { $0 == " " || $0 == "\t" }
            if number > first.line, !isBlank, indent < first.column { break }
            lines.append(isBlank ? "" : String(line.dropFirst(min(indent, first.column - 1))))
            number += 1
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n"
    }
}
