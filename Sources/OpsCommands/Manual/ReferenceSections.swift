import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections

/// The parts of ops-recipe(5), ops-plugin(7) and ops-secrets(7) that are made from declarations.
struct ReferenceSections {
    let catalog: PluginCatalog

    /// The prose with each marker line replaced by its section.
    func fill(_ prose: String) -> String {
        var text = ""
        // Empty lines stand in examples; the last one is the end of the file.
        let prose = prose.hasSuffix("\n") ? String(prose.dropLast()) : prose
        for line in prose.split(separator: "\n", omittingEmptySubsequences: false) {
            switch line {
            case ".\\\" @KEYS@": text += keys
            case ".\\\" @FUNCTIONS@": text += functions
            case ".\\\" @ACTIONS@": text += actions
            case ".\\\" @PROVIDERS@": text += providers
            case ".\\\" @SOURCES@": text += sources
            case ".\\\" @RULES@": text += ConformanceSections.rules
            case ".\\\" @CHECKS@": text += ConformanceSections.checks
            default: text += line + "\n"
            }
        }
        return text
    }

    private var keys: String {
        var text = ""
        let ofStep = RecipeLanguage.step.byName
        for object in RecipeLanguage.objects {
            // A task and an undo are steps too: what they share is told once.
            let isStepToo = object.takesAction && object.name != "step"
            text += ".Ss Keys of \(Mdoc.text(object.name))\n\(Mdoc.prose(object.summary + "."))\n.Bl -tag -width Ds\n"
            for key in object.keys where !isStepToo || ofStep[key.name] == nil {
                text += ".It Ic \(Mdoc.argument(key.name)) : \(Mdoc.argument(key.type.text))"
                text += key.isRequired ? " Pq required\n" : "\n"
                text += Mdoc.prose(key.summary + ".") + "\n"
            }
            text += ".El\n"
            guard isStepToo else { continue }
            let missing = ofStep.keys.filter { object.byName[$0] == nil }.sorted().map { Mdoc.text($0) }
            text += ".Pp\nAlso the keys of a step"
            text += missing.isEmpty ? ".\n" : ", but\n.Ic \(missing.joined(separator: " , ")) .\n"
        }
        return text
    }

    private var functions: String {
        var text = ".Bl -tag -width Ds\n"
        for function in ExpressionFunction.all {
            text += ".It Li \(Mdoc.argument(function.signature))\n\(Mdoc.prose(function.summary + "."))\n"
            guard let result = function.exampleResult else { continue }
            text += ".Li \(Mdoc.argument(function.example))\ngives\n.Li \(Mdoc.argument(result)) .\n"
        }
        return text + ".El\n"
    }

    private var actions: String {
        catalog.plugins.flatMap(\.actions).map { section($0.declaration) }.joined()
    }

    private func section(_ action: ActionDeclaration) -> String {
        var text = ".Ss \(Mdoc.text(action.name))\n\(Mdoc.prose(action.summary + "."))\n"
        if !action.description.isEmpty { text += Mdoc.prose(action.description) + "\n" }
        let rows = ActionDescription.rows(action.parameters)
        if !rows.isEmpty {
            text += ".Bl -tag -width Ds\n"
            for row in rows {
                let depth = row.name.prefix { $0 == " " }.count / 2
                let name = String(repeating: ".", count: depth) + row.name.drop { $0 == " " }
                text += ".It Ic \(Mdoc.argument(name)) : \(Mdoc.argument(row.type))\n\(Mdoc.prose(row.summary + "."))\n"
            }
            text += ".El\n"
        }
        if !action.outputs.isEmpty {
            text += ".Pp\nOutputs:\n.Bl -tag -width Ds\n"
            for output in action.outputs {
                text += ".It Va \(Mdoc.argument(output.name)) : \(Mdoc.argument("\(output.type)"))\n"
                text += Mdoc.prose(output.summary + ".") + "\n"
            }
            text += ".El\n"
        }
        for example in action.examples {
            text += ".Pp\n\(Mdoc.text(example.title)):\n" + Mdoc.literal(example.yaml)
        }
        return text
    }

    /// Every source of secrets with all that it says of itself.
    private var sources: String {
        catalog.plugins.flatMap(\.secretProviders).map { provider in
            var text = ".Ss \(Mdoc.text(provider.form))\n\(Mdoc.prose(provider.summary + "."))\n"
            text += ".Pp\nExample:\n.Li \(Mdoc.argument(provider.example))\n"
            let prose = Mdoc.prose(provider.manual)
            return prose.isEmpty ? text : text + ".Pp\n" + prose + "\n"
        }.joined()
    }

    private var providers: String {
        var text = ".Bl -tag -width Ds\n"
        for provider in catalog.plugins.flatMap(\.secretProviders) {
            text += ".It Ic \(Mdoc.argument(provider.form))\n\(Mdoc.prose(provider.summary + "."))\n"
            text += "Example:\n.Li \(Mdoc.argument(provider.example))\n"
        }
        return text + ".El\n"
    }
}

extension KeyType {
    /// As the manual names it.
    var text: String {
        switch self {
        case .text: "text"
        case .template: "text with expressions"
        case .value: "any value"
        case .condition: "condition"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .duration: "duration"
        case .list(let element): "list of \(element.grouped)"
        case .oneOrMore(let element): "\(element.text), or a list"
        case .map(let element): "map of \(element.grouped)"
        case .object(let name): name
        case .choice(let words): words.joined(separator: " | ")
        case .either(let types): types.map(\.text).joined(separator: ", or ")
        case .constant(let value): value.scalarText ?? "null"
        case .null: "null"
        }
    }

    /// As a part of another type: in parentheses where it is a choice of types.
    private var grouped: String {
        switch self {
        case .oneOrMore, .either, .choice: "(\(text))"
        default: text
        }
    }
}
