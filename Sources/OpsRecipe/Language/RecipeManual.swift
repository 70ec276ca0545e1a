import OpsCore

/// The key reference of ops-recipe(5), made from the language's declarations.
package enum RecipeManual {
    /// One section a kind of map, with every key, its form and its sentence, as mdoc(7).
    package static func keys() -> String {
        var text = ""
        for object in RecipeLanguage.objects {
            text += ".Ss Keys of \(article(object.name)) \(object.name)\n"
            text += escaped(object.summary) + ".\n"
            if object.takesAction, object.name != "task" {
                text += "Beside these stands exactly one action:\n.Ic run\nor\n.Ar PLUGIN . Ns Ar ACTION .\n"
            }
            text += ".Bl -tag -width Ds\n"
            for key in object.keys {
                text += ".It Ic \(key.name) : Ar \(escaped(form(of: key.type)))\n"
                text += escaped(key.summary) + ".\n"
                if key.isRequired { text += "Required.\n" }
                if !key.isRun { text += "This version checks it and does not run it yet.\n" }
            }
            text += ".El\n"
        }
        return text
    }

    private static func article(_ name: String) -> String { "aeiou".contains(name.prefix(1)) ? "an" : "a" }

    /// Text at the start of a line must not read as a macro; a backslash starts an escape.
    private static func escaped(_ text: String) -> String {
        let text = text.replacing("\\", with: "\\e")
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
    }

    /// A short name of what stands behind a key.
    package static func form(of type: KeyType) -> String {
        switch type {
        case .text, .template: "text"
        case .value: "value"
        case .condition: "expression"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .duration: "duration"
        case .list(let element): "list of \(form(of: element))"
        case .oneOrMore(let element): "\(form(of: element)) or list"
        case .map(let element): "names to \(form(of: element))"
        case .object(let name): name
        case .choice(let words): words.joined(separator: "|")
        case .either(let types):
            types.filter { if case .null = $0 { false } else { true } }.map { form(of: $0) }.joined(separator: " or ")
        case .constant(let value): value.scalarText ?? "value"
        case .null: "nothing"
        }
    }
}
