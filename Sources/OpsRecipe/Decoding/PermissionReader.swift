import OpsCore
import OpsSystem
import OpsYAML

extension RecipeReader {
    /// `permissions` of the recipe, a task or an include; nil where the key is not there.
    func permissions(_ entry: Node.Entry?, _ place: String) -> Permissions? {
        guard let entry else { return nil }
        let place = "'permissions' of \(place)"
        guard let fields = fields(entry.value, of: RecipeLanguage.permissions, place) else { return nil }
        var permissions = Permissions(range: entry.keyRange)
        permissions.read = paths(fields["read"], place)
        permissions.write = paths(fields["write"], place)
        permissions.exec = paths(fields["exec"], place)
        permissions.net = servers(fields["net"], place)
        permissions.secrets = constants(fields["secrets"], place)
        permissions.env = constants(fields["env"], place).filter(isVariableOrFamily)
        return permissions
    }

    /// Constant texts: an expression would make what is granted depend on who is asked.
    func constants(_ entry: Node.Entry?, _ place: String) -> [Permissions.Item] {
        guard let entry, isConstant(entry, place) else { return [] }
        var result: [Permissions.Item] = []
        for item in items(entry, place, orOne: true) ?? [] {
            guard let text = item.scalar?.value.scalarText, !text.isEmpty else {
                report("wrong-type", "'\(entry.key)' of \(place) needs text, got \(item.kindName)", at: item.range)
                continue
            }
            result.append(Permissions.Item(text, item.range))
        }
        return result
    }

    private func paths(_ entry: Node.Entry?, _ place: String) -> [Permissions.Item] {
        constants(entry, place).filter { item in
            guard let problem = PermissionPath.problem(of: item.text) else { return true }
            report(
                "invalid-value", "'\(item.text)' of \(place) \(problem.text)", hint: problem.hint, at: item.range)
            return false
        }
    }

    private func servers(_ entry: Node.Entry?, _ place: String) -> [Permissions.Item] {
        let items = constants(entry, place)
        if items.count == 1, items[0].text == "none" { return [] }
        return items.filter { item in
            if NetworkGrant(item.text) != nil { return true }
            report(
                "invalid-value", "'\(item.text)' of \(place) is no 'host:port'",
                hint: NetworkGrant.rewrite(of: item.text), at: item.range)
            return false
        }
    }

    private func isVariableOrFamily(_ item: Permissions.Item) -> Bool {
        let name = item.text.hasSuffix("*") ? item.text.dropLast() : item.text[...]
        let isName = name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
        if isName, !name.isEmpty, name.utf8.first.map({ !(0x30...0x39).contains($0) }) ?? false { return true }
        report(
            "invalid-name", "'\(item.text)' is not the name of an environment variable",
            hint: "letters, digits and '_', no digit first; '*' stands only at the end", at: item.range)
        return false
    }
}
