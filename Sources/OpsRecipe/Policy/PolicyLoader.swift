import Glibc
package import OpsCore
import OpsPlugin
import OpsSystem
import OpsYAML

/// Reads the policy files of a machine and of a project.
package enum PolicyLoader {
    /// The machine's own.
    package static let machineFile = "/etc/ops/policy.yaml"
    /// The project's, in its folder or the nearest one above.
    package static let projectFile = ".ops/policy.yaml"
    /// A variable that names one more file.
    package static let variable = "OPS_POLICY"

    /// The policy for a recipe.
    ///
    /// - Parameters:
    ///   - folder: the recipe's, absolute.
    ///   - directory: that messages name files relative to, absolute.
    /// Throws: a `DiagnosticsError` with all that is wrong in a file: none is left out.
    package static func load(
        for folder: String, directory: String, environment: [String: String]
    ) throws(DiagnosticsError) -> Policy {
        var files: [PolicyFile] = []
        if let file = try read(machineFile, as: machineFile, project: folder) { files.append(file) }
        if let root = ProjectFile.folder(holding: projectFile, for: folder) {
            let path = root == "/" ? "/" + projectFile : root + "/" + projectFile
            let name = path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count + 1)) : path
            if let file = try read(path, as: name, project: root) { files.append(file) }
        }
        if let name = environment[variable], !name.isEmpty {
            let path = name.hasPrefix("/") ? name : directory + "/" + name
            guard let file = try read(path, as: name, project: folder) else {
                throw DiagnosticsError([
                    Diagnostic(
                        code: "not-found", "there is no policy '\(name)'", hint: "\(variable) names an existing file")
                ])
            }
            files.append(file)
        }
        return Policy(files)
    }

    /// Nil where there is no such file.
    private static func read(
        _ path: String, as name: String, project: String
    ) throws(DiagnosticsError) -> PolicyFile? {
        guard access(path, F_OK) == 0 || errno != ENOENT && errno != ENOTDIR else { return nil }
        let bytes: [UInt8]
        do throws(OpsError) {
            bytes = try readFile(path, limit: 1 << 20)
        } catch {
            throw DiagnosticsError([
                Diagnostic(code: "unreadable", "the policy \(name) cannot be read: \(error.message)", hint: error.hint)
            ])
        }
        return try read(bytes, as: name, project: project)
    }

    /// The policy in a text.
    ///
    /// - Parameter project: the folder that its paths are relative to, absolute.
    package static func read(
        _ bytes: [UInt8], as name: String, project: String
    ) throws(DiagnosticsError) -> PolicyFile {
        let source = SourceText(file: name, bytes: bytes)
        let node = try YAML.parse(bytes, file: name)
        guard let catalog = try? PluginCatalog([]) else { return PolicyFile(name: name) }
        let reader = RecipeReader(catalog: catalog, file: name, source: source)
        let file = reader.policy(node, name: name, project: project)
        guard reader.diagnostics.isEmpty else {
            throw DiagnosticsError(reader.diagnostics.sorted(by: Diagnostic.inReadingOrder))
        }
        return file
    }
}

extension RecipeReader {
    fileprivate func policy(_ node: Node, name: String, project: String) -> PolicyFile {
        var file = PolicyFile(name: name)
        let place = "the policy"
        guard let fields = fields(node, of: PolicyLanguage.policy, place) else { return file }
        if let entry = fields["policy"], entry.value.scalar?.value.integerValue != PolicyLanguage.version {
            report(
                "policy-version", "this ops knows version \(PolicyLanguage.version) of policies, not this one",
                hint: "write 'policy: \(PolicyLanguage.version)'", at: entry.value.range)
        }
        file.hosts = fields["hosts"].map { entry in
            constants(entry, place).compactMap { item in
                if let host = PolicyHost(item.text) { return host }
                report(
                    "invalid-value", "'\(item.text)' in 'hosts' is not a host",
                    hint: HostPattern.rewrite(of: item.text).map { "write '\($0)'" }
                        ?? "write 'host', 'host:port', or '*.domain'", at: item.range)
                return nil
            }
        }
        file.registries = fields["registries"].map { entry in
            constants(entry, place).compactMap { item in
                if !item.text.contains("://"), !item.text.hasSuffix("/"), !item.text.contains(" ") {
                    return Permissions.Item(item.text.lowercased(), item.range)
                }
                report(
                    "invalid-value", "'\(item.text)' in 'registries' is not a registry",
                    hint: "write 'host' or 'host/repository'", at: item.range)
                return nil
            }
        }
        file.signers = fields["signers"].map { constants($0, place) }
        file.trust = fields["trust"].map { entry in
            constants(entry, place).filter { item in
                guard item.text.hasPrefix("sha256:"), item.text.wholeMatch(of: /sha256:[0-9a-f]{64}/) == nil else {
                    return true
                }
                report(
                    "invalid-value", "'\(item.text)' in 'trust' is no whole digest",
                    hint: "'ops lock' shows it: sha256: and 64 digits", at: item.range)
                return false
            }
        }
        if let word = text(fields["signatures"], place) {
            choice(word, fields["signatures"], SignatureMode.allCases.map(\.rawValue))
            file.signatures = SignatureMode(rawValue: word)
        }
        if let permissions = permissions(fields["permissions"], place) {
            file.ceiling = Grants(permissions, folder: project)
        }
        for item in items(fields["rules"], place, orOne: false) ?? [] {
            if let rule = rule(item) { file.rules.append(rule) }
        }
        return file
    }

    private func rule(_ node: Node) -> PolicyRule? {
        guard let fields = fields(node, of: PolicyLanguage.rule, "a rule") else { return nil }
        var rule = PolicyRule(require: [], range: node.range)
        rule.name = text(fields["name"], fields.place)
        if let entry = fields["when"], let when = self.fields(entry.value, of: PolicyLanguage.when, "'when' of a rule")
        {
            rule.task = text(when["task"], when.place).map { NamePattern($0) }
            rule.action = text(when["action"], when.place).map { NamePattern($0) }
            rule.exclusive = text(when["exclusive"], when.place).map { NamePattern($0) }
        }
        for item in constants(fields["require"], fields.place) {
            if let requirement = PolicyRequirement(rawValue: item.text) {
                rule.require.append(requirement)
                continue
            }
            let words = PolicyLanguage.requirements
            report(
                "invalid-value", "'require' of a rule takes \(words.joined(separator: ", ")), not '\(item.text)'",
                hint: nearestName(to: item.text, among: words).map { "did you mean '\($0)'?" }, at: item.range)
        }
        return rule
    }
}
