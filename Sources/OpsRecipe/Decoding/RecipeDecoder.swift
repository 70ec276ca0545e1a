package import OpsCore
package import OpsPlugin
package import OpsYAML
import OrderedCollections

/// Turns a recipe's nodes into the model and finds what is wrong in one file.
package enum RecipeDecoder {
    /// Decodes a whole recipe. All problems are reported at once; the recipe is nil only where the file is no
    /// recipe at all. `RecipeChecker` then checks what needs the whole model: names, types, cycles.
    ///
    /// - Parameters:
    ///   - file: as the user named it, for messages.
    ///   - directory: the folder the recipe stands in, absolute.
    ///   - source: the text that the nodes came from, for exact places inside scripts.
    ///   - isOutline: true reads of tasks only what a list of them shows.
    package static func decode(
        _ node: Node, file: String, directory: String, catalog: PluginCatalog, source: SourceText? = nil,
        isOutline: Bool = false
    ) -> (Recipe?, [Diagnostic]) {
        let decoded = decodeKnowingNeeds(
            node, file: file, directory: directory, catalog: catalog, source: source, isOutline: isOutline)
        return (decoded.recipe, decoded.diagnostics)
    }

    /// The same, with what the catalog lacked for it.
    static func decodeKnowingNeeds(
        _ node: Node, file: String, directory: String, catalog: PluginCatalog, source: SourceText?, isOutline: Bool
    ) -> DecodedRecipe {
        let reader = RecipeReader(catalog: catalog, file: file, source: source, isOutline: isOutline)
        let recipe = reader.recipe(node, directory: directory)
        // A key that a task and its one step share is read twice.
        var seen: Set<Diagnostic> = []
        let diagnostics = reader.diagnostics.filter { seen.insert($0).inserted }
        return DecodedRecipe(
            recipe: recipe, diagnostics: diagnostics.sorted(by: Diagnostic.inReadingOrder),
            unknownPlugins: reader.unknownPlugins, unknownSchemes: reader.unknownSchemes)
    }
}

extension RecipeReader {
    fileprivate func recipe(_ node: Node, directory: String) -> Recipe? {
        let start = SourcePosition(line: 1, column: 1)
        let beginning = SourceRange(file: file, start: start, end: SourcePosition(line: 1, column: 2))
        if node.isNull {
            report("missing-key", "the recipe is empty", hint: "start it with 'ops: 1'", at: beginning)
            return nil
        }
        let place = "the recipe"
        guard let fields = fields(node, of: RecipeLanguage.recipe, place) else { return nil }
        checkVersion(fields["ops"], beginning)
        var recipe = Recipe(file: file, directory: directory)
        recipe.name = text(fields["name"], place)
        recipe.description = text(fields["description"], place)
        recipe.inputs = inputs(fields["inputs"], place)
        recipe.secrets = secrets(fields["secrets"])
        recipe.secretHosts = secretHosts(fields["secret-hosts"])
        recipe.vars = templates(fields["vars"], place)
        for entry in entries(fields["vars"], place) ?? [] { recipe.varRanges[entry.key] = entry.keyRange }
        recipe.include = includes(fields["include"])
        recipe.env = environment(fields["env"], place)
        for item in items(fields["dotenv"], place, orOne: true) ?? [] {
            guard item.scalar?.value.scalarText != nil else {
                report("wrong-type", "'dotenv' of \(place) needs file names, got \(item.kindName)", at: item.range)
                continue
            }
            if let file = template(item) { recipe.dotenv.append(file) }
        }
        if let entry = fields["defaults"],
            let fields = self.fields(entry.value, of: RecipeLanguage.defaults, "'defaults'")
        {
            recipe.defaults.shell = shell(fields["shell"], "'defaults'")
            recipe.defaults.timeout = duration(fields["timeout"], "'defaults'")
        }
        let tasks = entries(fields["tasks"], place) ?? []
        recipe.tasks.reserveCapacity(tasks.count)
        for entry in tasks where isName(entry.key, "task name", entry.keyRange) {
            recipe.tasks[entry.key] = task(entry)
        }
        recipe.onFailure = steps(fields["on-failure"], place)
        recipe.finally = steps(fields["finally"], place)
        recipe.timeout = duration(fields["timeout"], place)
        recipe.schedules = schedules(fields["schedule"])
        if let word = text(fields["overlap"], place) {
            choice(word, fields["overlap"], RecipeLanguage.overlapWords)
            recipe.overlap = Overlap(rawValue: word)
        }
        recipe.heartbeat = textTemplate(fields["heartbeat"], place)
        recipe.permissions = permissions(fields["permissions"], place)
        recipe.plugins = plugins(fields["plugins"])
        return recipe
    }

    private func checkVersion(_ entry: Node.Entry?, _ beginning: SourceRange) {
        let version = RecipeLanguage.version
        guard let entry else {
            return report(
                "language-version", "the recipe does not say its language version",
                hint: "start the file with 'ops: \(version)'", at: beginning)
        }
        guard let number = entry.value.scalar?.value.integerValue else {
            return report(
                "language-version", "'ops' is the language version, a whole number, got \(entry.value.kindName)",
                hint: "write 'ops: \(version)'", at: entry.value.range)
        }
        guard number != version else { return }
        let hint = number > version ? "use a newer ops, or write 'ops: \(version)'" : "write 'ops: \(version)'"
        report(
            "language-version", "this ops knows language version \(version), not \(number)", hint: hint,
            at: entry.value.range)
    }

    private func includes(_ entry: Node.Entry?) -> OrderedDictionary<String, IncludeDeclaration> {
        var result: OrderedDictionary<String, IncludeDeclaration> = [:]
        for item in entries(entry, "the recipe") ?? [] where isName(item.key, "include", item.keyRange) {
            let place = "include '\(item.key)'"
            if item.value.scalar != nil {
                guard let from = text(item, place) else { continue }
                result[item.key] = IncludeDeclaration(from: from, fromRange: item.value.range, range: item.keyRange)
            } else if let fields = fields(item.value, of: RecipeLanguage.include, place), let entry = fields["from"],
                let from = text(entry, place)
            {
                result[item.key] = IncludeDeclaration(
                    from: from, fromRange: entry.value.range, with: templates(fields["with"], place),
                    secrets: templates(fields["secrets"], place),
                    permissions: permissions(fields["permissions"], place),
                    range: item.keyRange)
            }
        }
        return result
    }

    private func plugins(_ entry: Node.Entry?) -> OrderedDictionary<String, PluginReference> {
        var result: OrderedDictionary<String, PluginReference> = [:]
        for item in entries(entry, "the recipe") ?? [] where isName(item.key, "plugin", item.keyRange) {
            guard let from = text(item, "plugin '\(item.key)'") else { continue }
            result[item.key] = PluginReference(from: from, range: item.value.range)
        }
        return result
    }

    /// The known word nearest to another, also where it is another language's word for it.
    static func word(meantBy word: String, among words: [String]) -> String? {
        let others = [
            "int": "integer", "bool": "boolean", "str": "string", "text": "string", "float": "number",
            "double": "number",
            "array": "list", "object": "map", "dict": "map", "file": "path",
        ]
        if let other = others[word.lowercased()], words.contains(other) { return other }
        return nearestName(to: word, among: words)
    }

    /// Reports a word that is none of those known.
    func choice(_ word: String, _ entry: Node.Entry?, _ words: [String]) {
        guard let entry, !words.contains(word) else { return }
        let near = Self.word(meantBy: word, among: words)
        report(
            "invalid-value", "'\(entry.key)' is one of \(words.joined(separator: ", ")), not '\(word)'",
            hint: near.map { "did you mean '\($0)'?" }, at: entry.value.range)
    }
}
