package import OpsCore
package import OrderedCollections

/// Gives inputs their values (ops-recipe(5), "Inputs").
package enum InputBinder {
    /// The inputs' values: from the command line, else a file of inputs, else `OPS_INPUT_NAME`, else the default.
    ///
    /// An input that is not used needs no value; where it has none it is left out. All missing and wrong ones are
    /// reported at once, as are keys that name no input.
    ///
    /// - Parameters:
    ///   - declarations: the recipe's inputs, or those of a named task.
    ///   - used: the names that the tasks to run use (`Recipe.usedInputs`).
    package static func bind(
        _ declarations: OrderedDictionary<String, InputDeclaration>, used: Set<String>, _ sources: GivenInputs
    ) throws(DiagnosticsError) -> ValueMap {
        var binding = Binding(callerDirectory: sources.callerDirectory)
        let known = declarations.keys.union(sources.otherNames)
        let file = sources.file
        var given: OrderedDictionary<String, [String]> = [:]
        for (key, value) in sources.commandLine {
            if !known.contains(key) { binding.unknown(key, "on the command line", known) }
            given[key, default: []].append(value)
        }
        for key in (file ?? [:]).keys where !known.contains(key) {
            binding.unknown(key, "in the file of inputs", known)
        }
        var values: ValueMap = [:]
        for (name, declaration) in declarations {
            if let texts = given[name] {
                values[name] = binding.value(texts, name, declaration, "on the command line")
            } else if let value = file?[name] {
                values[name] = binding.value(value, name, declaration)
            } else if let text = variable(for: name, in: sources.environment) {
                values[name] = binding.value([text.value], name, declaration, "in \(text.name)")
            } else if let value = declaration.defaultValue {
                values[name] = value
            } else if used.contains(name) {
                binding.missing(name, declaration)
            }
        }
        guard binding.diagnostics.isEmpty else { throw DiagnosticsError(binding.diagnostics) }
        return values
    }

    /// The values of inputs that another recipe or task gives, and the defaults of the others; one that has neither
    /// is left out.
    ///
    /// - Parameters:
    ///   - declarations: the inputs of what is given something.
    ///   - owner: how messages name it.
    ///   - directory: the folder that paths among the values are relative to, where that is another one than the
    ///     receiver's.
    ///
    /// Throws: a `DiagnosticsError` with every wrong value, at its place.
    package static func bind(
        _ declarations: OrderedDictionary<String, InputDeclaration>, given: OrderedDictionary<String, GivenValue>,
        to owner: String, directory: String?
    ) throws(DiagnosticsError) -> ValueMap {
        var binding = Binding(callerDirectory: directory ?? "")
        var values: ValueMap = [:]
        for (name, declaration) in declarations {
            guard let item = given[name] else {
                if let value = declaration.defaultValue { values[name] = value }
                continue
            }
            let before = binding.diagnostics.count
            var value = binding.value(item.value, name, declaration, "in 'with' of \(owner)")
            for index in before..<binding.diagnostics.count { binding.diagnostics[index].range = item.range }
            if directory != nil, declaration.kind == .path, let path = value?.stringValue {
                value = .string(binding.absolute(path))
            }
            values[name] = value
        }
        guard binding.diagnostics.isEmpty else { throw DiagnosticsError(binding.diagnostics) }
        return values
    }

    private static func variable(
        for name: String, in environment: [String: String]
    ) -> (name: String, value: String)? {
        let variable = "OPS_" + InputDeclaration.variable(of: name)
        return environment[variable].map { (variable, $0) }
    }
}

/// One binding under way.
private struct Binding {
    var diagnostics: [Diagnostic] = []
    let callerDirectory: String

    init(callerDirectory: String) { self.callerDirectory = callerDirectory }

    mutating func report(_ code: String, _ message: String, hint: String? = nil, at range: SourceRange? = nil) {
        diagnostics.append(Diagnostic(code: code, message, hint: hint, at: range))
    }

    mutating func unknown(_ key: String, _ place: String, _ known: some Collection<String>) {
        let near = nearestName(to: key, among: known).map { "did you mean '\($0)'?" }
        let list = known.isEmpty ? "the recipe declares no inputs" : "known: \(known.joined(separator: ", "))"
        report("unknown-input", "\(place), '\(key)' is no input of the recipe", hint: near ?? list)
    }

    mutating func missing(_ name: String, _ declaration: InputDeclaration) {
        let about = declaration.description.map { " (\($0))" } ?? ""
        report("missing-input", "the input '\(name)'\(about) has no value", hint: "give it as \(name)=VALUE")
    }

    /// A value from text.
    mutating func value(_ texts: [String], _ name: String, _ declaration: InputDeclaration, _ place: String) -> Value? {
        guard declaration.kind != .list else { return list(texts, name, declaration, place) }
        guard texts.count == 1 else {
            report("wrong-input", "\(place), the input '\(name)' is given \(texts.count) times")
            return nil
        }
        let text = texts[0]
        let value: Value
        switch declaration.kind {
        case .string, .list: value = .string(text)
        case .path: value = .string(absolute(text))
        case .boolean:
            guard text == "true" || text == "false" else {
                return wrong(name, place, "true or false", text)
            }
            value = .boolean(text == "true")
        case .integer:
            guard let number = Int(text) else { return wrong(name, place, "a whole number", text) }
            value = .integer(number, spelling: text)
        case .number:
            guard JSONReader.isNumber(text), let number = Double(text), number.isFinite else {
                return wrong(name, place, "a number", text)
            }
            value = Int(text).map { .integer($0, spelling: text) } ?? .number(number, spelling: text)
        }
        return checked(value, name, declaration, place)
    }

    private mutating func list(
        _ texts: [String], _ name: String, _ declaration: InputDeclaration, _ place: String
    ) -> Value? {
        if texts.count == 1, texts[0].first == "[" {
            do {
                let value = try JSONReader.value(texts[0])
                return self.value(value, name, declaration, place)
            } catch {
                report("wrong-input", "\(place), the input '\(name)' starts like a JSON list: \(error.message)")
                return nil
            }
        }
        return checked(.list(texts.map { .string($0) }), name, declaration, place)
    }

    /// A value from a file of inputs, or from JSON.
    mutating func value(
        _ value: Value, _ name: String, _ declaration: InputDeclaration, _ place: String = "in the file of inputs"
    ) -> Value? {
        let wanted: String
        switch (declaration.kind, value) {
        case (_, .null):
            guard case .some(.null) = declaration.defaultValue else { return wrong(name, place, "a value", "null") }
            return .null
        case (.boolean, .boolean), (.integer, .integer), (.number, .integer), (.number, .number):
            return checked(value, name, declaration, place)
        case (.list, .list(let items)):
            if items.allSatisfy({ $0.scalarText != nil }) { return checked(value, name, declaration, place) }
            wanted = "a list of texts"
        case (.list, _): wanted = "a list"
        case (.string, _), (.path, _):
            if let text = value.scalarText { return checked(.string(text), name, declaration, place) }
            wanted = "text"
        case (.boolean, _): wanted = "true or false"
        case (.integer, _): wanted = "a whole number"
        case (.number, _): wanted = "a number"
        }
        return wrong(name, place, wanted, value.scalarText ?? "a \(value.type)")
    }

    private mutating func checked(
        _ value: Value, _ name: String, _ declaration: InputDeclaration, _ place: String
    ) -> Value? {
        guard let problem = declaration.problem(of: value) else { return value }
        report("wrong-input", "\(place), the input '\(name)' \(problem)", hint: declaration.description)
        return nil
    }

    private mutating func wrong(_ name: String, _ place: String, _ wanted: String, _ text: String) -> Value? {
        report("wrong-input", "\(place), the input '\(name)' needs \(wanted), got '\(text)'")
        return nil
    }

    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        let base = callerDirectory.hasSuffix("/") ? callerDirectory : callerDirectory + "/"
        return rest.isEmpty || rest == "." ? callerDirectory : base + rest
    }
}
