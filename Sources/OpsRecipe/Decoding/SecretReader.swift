import OpsCore
import OpsPlugin
import OpsSystem
import OpsYAML
import OrderedCollections

/// Reading `secrets` and `secret-hosts`.
extension RecipeReader {
    func secrets(_ entry: Node.Entry?) -> OrderedDictionary<String, SecretDeclaration> {
        var result: OrderedDictionary<String, SecretDeclaration> = [:]
        for item in entries(entry, "the recipe") ?? [] where isName(item.key, "secret", item.keyRange) {
            result[item.key] = secret(item)
        }
        return result
    }

    private func secret(_ item: Node.Entry) -> SecretDeclaration? {
        let place = "secret '\(item.key)'"
        guard case .mapping = item.value.content else {
            return SecretDeclaration(from: references(item, place), isOptional: false, range: item.keyRange)
        }
        guard let fields = secretFields(item.value, of: RecipeLanguage.secret, place) else { return nil }
        let isOptional = boolean(fields["optional"], place) ?? false
        var from: [(reference: SecretReference, range: SourceRange)] = []
        switch (fields["from"], fields["exec"]) {
        case (let entry?, nil): from = references(entry, place)
        case (nil, let entry?): from = [command(entry, place)].compactMap(\.self)
        case (_?, let entry?):
            report(
                "invalid-value", "\(place) has both 'from' and 'exec'",
                hint: "a command may stand in the list: from: [ …, { exec: [ … ] } ]", at: entry.keyRange)
        case (nil, nil):
            report(
                "missing-key", "\(place) has neither 'from' nor 'exec'", hint: "add 'from': references, tried in order",
                at: item.value.range)
            hideSource(of: diagnostics.count - 1, item.value.range)
        }
        return SecretDeclaration(from: from, isOptional: isOptional, range: item.keyRange)
    }

    /// The keys of a map where a secret itself may stand by mistake: what is behind an unknown one is not shown.
    private func secretFields(_ node: Node, of object: LanguageObject, _ place: String) -> Fields? {
        let known = diagnostics.count
        let fields = fields(node, of: object, place)
        for index in known..<diagnostics.count { hideSource(of: index, node.range) }
        return fields
    }

    private func references(
        _ entry: Node.Entry, _ place: String
    ) -> [(reference: SecretReference, range: SourceRange)] {
        if case .sequence(let all) = entry.value.content, all.isEmpty {
            report("invalid-value", "\(place) has no reference", at: entry.value.range)
        }
        return (items(entry, place, orOne: true) ?? []).compactMap { node in
            guard case .mapping = node.content else { return reference(node, place) }
            let fields = secretFields(node, of: RecipeLanguage.secretCommand, "a reference of \(place)")
            return fields?["exec"].flatMap { command($0, place) }
        }
    }

    /// Reads `exec`: words of constant text.
    private func command(_ entry: Node.Entry, _ place: String) -> (reference: SecretReference, range: SourceRange)? {
        guard isConstant(entry, place) else { return nil }
        guard case .sequence(let items) = entry.value.content else {
            report(
                "wrong-type", "'exec' of \(place) needs a list of words, got \(entry.value.kindName)",
                hint: "write [ program, argument ]: no shell reads it", at: entry.value.range)
            hideSource(of: diagnostics.count - 1, entry.value.range)
            return nil
        }
        var words: [String] = []
        for item in items {
            guard let text = item.scalar, text.value.scalarText != nil, !text.text.utf8.contains(0) else {
                report("wrong-type", "'exec' of \(place) needs words, got \(item.kindName)", at: item.range)
                return nil
            }
            words.append(text.text)
        }
        guard let program = words.first, !program.isEmpty else {
            report(
                "invalid-value", "'exec' of \(place) names no program", hint: "write [ program, argument ]",
                at: entry.value.range)
            return nil
        }
        let reference = SecretReference(command: words)
        guard let provider = catalog.providers[reference.scheme] else {
            report("unknown-provider", "no plugin runs the command of \(place)", at: entry.keyRange)
            return nil
        }
        do {
            try provider.check(reference)
        } catch {
            report("secret-reference", "\(place): \(error.message)", hint: error.hint, at: entry.value.range)
            return nil
        }
        return (reference, entry.value.range)
    }

    /// Marks the diagnostic as one of a text that may be a secret.
    private func hideSource(of index: Int, _ range: SourceRange) {
        diagnostics[index].range = range
        diagnostics[index].hidesSource = true
    }

    /// Reads a reference. A text that is none may be the secret itself: it is shown nowhere.
    private func reference(_ node: Node, _ place: String) -> (reference: SecretReference, range: SourceRange)? {
        guard let text = node.scalar?.value.stringValue else {
            let isNumber = node.scalar.map { !$0.value.isNull } ?? false
            report(
                "wrong-type", "\(place) needs a reference, got \(isNumber ? "a value" : node.kindName)",
                hint: "write scheme://path#field", at: node.range)
            if isNumber { diagnostics[diagnostics.count - 1].hidesSource = true }
            return nil
        }
        if node.hasExpression {
            report("constant", "a reference of \(place) is constant: no expression may stand here", at: node.range)
            return nil
        }
        do {
            let reference = try SecretReference(text)
            guard reference.scheme != SecretReference.commandScheme else {
                report(
                    "secret-reference", "\(place): a command is no reference",
                    hint: "write { exec: [ program, argument ] }", at: node.range)
                return nil
            }
            guard let provider = catalog.providers[reference.scheme] else {
                unknownSchemes.insert(reference.scheme)
                let schemes = catalog.providers.keys.filter { $0 != SecretReference.commandScheme }.sorted()
                let near = nearestName(to: reference.scheme, among: schemes)
                let known = schemes.map { "\($0)://" }.joined(separator: ", ")
                report(
                    "unknown-provider",
                    near == nil
                        ? "\(place) has a reference whose scheme no secret provider has"
                        : "no secret provider has the scheme '\(reference.scheme)'",
                    hint: near.map { "did you mean '\($0)://'?" } ?? "known: \(known)", at: node.range)
                if near == nil { diagnostics[diagnostics.count - 1].hidesSource = true }
                return nil
            }
            try provider.check(reference)
            return (reference, node.range)
        } catch {
            report("secret-reference", "\(place): \(error.message)", hint: error.hint, at: node.range)
            let scheme = text.firstRange(of: "://").map { String(text[..<$0.lowerBound]) }
            let isKnown = scheme.map { catalog.providers[$0] != nil } ?? false
            if !isKnown { diagnostics[diagnostics.count - 1].hidesSource = true }
            return nil
        }
    }

    // MARK: secret-hosts

    /// The servers that the recipe's secrets may be asked of; nil where the key is not there.
    func secretHosts(_ entry: Node.Entry?) -> SecretHosts? {
        guard let entry, isConstant(entry, "the recipe") else { return nil }
        var patterns: [String] = []
        for item in items(entry, "the recipe", orOne: true) ?? [] {
            guard let text = item.scalar?.value.stringValue else {
                report("wrong-type", "'secret-hosts' needs names of hosts, got \(item.kindName)", at: item.range)
                continue
            }
            if let problem = HostPattern.problem(of: text) {
                report(
                    "invalid-value", "'\(text)' in 'secret-hosts' is not a host: \(problem)",
                    hint: HostPattern.rewrite(of: text).map { "write '\($0)'" }
                        ?? "write 'host', 'host:port', or '*.domain' for all names below it", at: item.range)
                continue
            }
            patterns.append(text)
        }
        return SecretHosts(patterns)
    }
}
