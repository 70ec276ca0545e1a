package import OpsCore
import OpsPlugin
import OpsSystem
import OpsYAML
import OrderedCollections

/// Reads `plugin.yaml`.
package enum ManifestReader {
    /// The value of `apiVersion`.
    package static let apiVersion = "ops/plugin/v1"

    /// The manifest in a text.
    ///
    /// - Parameters:
    ///   - file: how messages name the file.
    ///   - folder: the name of the folder it stands in, which the plugin's name must be; nil where it was found
    ///     otherwise than by that name.
    /// Throws: a `DiagnosticsError` with all that is wrong, each at its place.
    package static func read(
        _ bytes: [UInt8], file: String, folder: String?
    ) throws(DiagnosticsError) -> PluginManifest {
        let node = try YAML.parse(bytes, file: file)
        var reader = Reader()
        let manifest = reader.manifest(node, folder: folder)
        guard let manifest, reader.fields.diagnostics.isEmpty else {
            throw DiagnosticsError(reader.fields.diagnostics.sorted(by: Diagnostic.inReadingOrder))
        }
        return manifest
    }
}

private struct Reader {
    private var schemas = SchemaReader()

    var fields: ManifestFields {
        get { schemas.fields }
        set { schemas.fields = newValue }
    }

    private static let keys = [
        "apiVersion", "name", "version", "summary", "protocol", "run", "actions", "secrets", "permissions",
    ]

    mutating func manifest(_ node: Node, folder: String?) -> PluginManifest? {
        let place = "the manifest"
        guard let found = fields.entries(node, keys: Self.keys, place) else { return nil }
        for key in ["apiVersion", "name", "version", "summary", "protocol", "run"] where found[key] == nil {
            fields.report("missing-key", "\(place) has no '\(key)'", hint: "add '\(key)'", at: node.range)
        }
        if let entry = found["apiVersion"], let version = fields.text(entry.value, "'apiVersion'"),
            version != ManifestReader.apiVersion
        {
            fields.report(
                "invalid-value", "this ops reads manifests of '\(ManifestReader.apiVersion)', not '\(version)'",
                at: entry.value.range)
        }
        let name = name(found["name"], folder) ?? folder ?? ""
        if found["actions"] == nil, found["secrets"] == nil {
            fields.report(
                "missing-key", "\(place) declares neither 'actions' nor 'secrets'", hint: "a plugin brings one of them",
                at: node.range)
        }
        return PluginManifest(
            name: name, version: found["version"].flatMap { fields.text($0.value, "'version'", orNumber: true) } ?? "",
            summary: SchemaReader.sentence(found["summary"].flatMap { fields.text($0.value, "'summary'") } ?? ""),
            protocols: protocols(found["protocol"]), programs: programs(found["run"]),
            actions: actions(found["actions"], of: name), schemes: schemes(found["secrets"]),
            permissions: permissions(found["permissions"]), json: node.value)
    }

    private mutating func name(_ entry: Node.Entry?, _ folder: String?) -> String? {
        guard let entry, let name = fields.text(entry.value, "'name'") else { return nil }
        guard ManifestFields.isName(name) else {
            fields.report(
                "invalid-name", "'\(name)' cannot be the name of a plugin",
                hint: "lower-case letters, digits and '-', at most 64; it starts with a letter", at: entry.value.range)
            return nil
        }
        if let folder, name != folder {
            fields.report(
                "invalid-name", "the plugin '\(name)' stands in a folder named '\(folder)'",
                hint: "both must have one name", at: entry.value.range)
        }
        return name
    }

    private mutating func protocols(_ entry: Node.Entry?) -> [Int] {
        guard let entry else { return [] }
        let majors = (fields.list(entry.value, "'protocol'") ?? []).compactMap {
            fields.integer($0, "an item of 'protocol'", atLeast: 1)
        }
        if majors.isEmpty {
            fields.report(
                "invalid-value", "'protocol' names no version", hint: "write 'protocol: [\(PluginProtocol.major)]'",
                at: entry.value.range)
        }
        return majors
    }

    private mutating func programs(_ entry: Node.Entry?) -> [(platform: String, path: String)] {
        guard let entry else { return [] }
        guard case .mapping(let platforms) = entry.value.content else {
            return program(entry.value, "'run'").map { [("", $0)] } ?? []
        }
        var programs: [(platform: String, path: String)] = []
        for platform in platforms {
            if !PluginManifest.platforms.contains(platform.key) {
                let near = nearestName(to: platform.key, among: PluginManifest.platforms)
                let known = PluginManifest.platforms.joined(separator: ", ")
                fields.report(
                    "invalid-value", "'run' names the platform '\(platform.key)', which is unknown",
                    hint: near.map { "did you mean '\($0)'?" } ?? "known: \(known)", at: platform.keyRange)
            }
            if let path = program(platform.value, "'run' for \(platform.key)") {
                programs.append((platform.key, path))
            }
        }
        return programs
    }

    /// A path in the plugin's folder.
    private mutating func program(_ node: Node, _ place: String) -> String? {
        guard let path = fields.text(node, place) else { return nil }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, !path.utf8.contains(0), !parts.contains(where: { $0.isEmpty || $0 == ".." }) else {
            fields.report(
                "invalid-value", "\(place) must name a file within the plugin's folder, not '\(path)'",
                hint: "such as bin/NAME", at: node.range)
            return nil
        }
        return path
    }

    // MARK: Actions

    private mutating func actions(_ entry: Node.Entry?, of plugin: String) -> [PluginManifest.Action] {
        guard let entry else { return [] }
        return (fields.map(entry.value, "'actions'") ?? []).compactMap { action($0, of: plugin) }
    }

    private mutating func action(_ entry: Node.Entry, of plugin: String) -> PluginManifest.Action? {
        let place = "action '\(entry.key)'"
        if !ManifestFields.isName(entry.key) {
            fields.report(
                "invalid-name", "'\(entry.key)' cannot be the name of an action",
                hint: "lower-case letters, digits and '-'; it starts with a letter", at: entry.keyRange)
        }
        let keys = ["summary", "description", "plan", "cancel", "inputs", "outputs", "examples"]
        guard let found = fields.entries(entry.value, keys: keys, place) else { return nil }
        if found["summary"] == nil {
            fields.report("missing-key", "\(place) has no 'summary'", hint: "add one line", at: entry.keyRange)
        }
        let name = "\(plugin).\(entry.key)"
        let outputs = found["outputs"].map { schemas.outputs($0.value, "'outputs' of \(place)") } ?? []
        let examples = found["examples"].map { self.examples($0, place) } ?? []
        let declaration = ActionDeclaration(
            name: name,
            summary: SchemaReader.sentence(found["summary"].flatMap { fields.text($0.value, "'summary'") } ?? ""),
            description: found["description"].flatMap { fields.text($0.value, "'description' of \(place)") } ?? "",
            parameters: found["inputs"].map { schemas.parameters($0.value, "'inputs' of \(place)") } ?? [],
            outputs: outputs.map(\.declaration),
            examples: examples.map { ActionExample($0.title, ExampleText.yaml(name, $0.arguments)) })
        return PluginManifest.Action(
            declaration: declaration, outputs: outputs,
            planning: found["plan"].flatMap {
                fields.word($0.value, "'plan' of \(place)", as: PluginManifest.Planning.self)
            } ?? .none,
            cancellation: found["cancel"].flatMap {
                fields.word($0.value, "'cancel' of \(place)", as: PluginManifest.Cancellation.self)
            } ?? .graceful,
            examples: examples)
    }

    private mutating func examples(_ entry: Node.Entry, _ place: String) -> [PluginManifest.Example] {
        (fields.list(entry.value, "'examples' of \(place)") ?? []).compactMap { node in
            let place = "an example of \(place)"
            guard let found = fields.entries(node, keys: ["title", "with", "files"], place) else { return nil }
            var files: [(path: String, text: String)] = []
            for file in found["files"].flatMap({ fields.map($0.value, "'files' of \(place)") }) ?? [] {
                let parts = file.key.split(separator: "/", omittingEmptySubsequences: false)
                if parts.contains(where: { $0.isEmpty || $0 == ".." }) {
                    fields.report(
                        "invalid-value", "'files' of \(place) names '\(file.key)', which is outside of its folder",
                        at: file.keyRange)
                }
                if let text = fields.text(file.value, "'\(file.key)'", orNumber: true) {
                    files.append((file.key, text))
                }
            }
            if found["title"] == nil { fields.report("missing-key", "\(place) has no 'title'", at: node.range) }
            let arguments = found["with"].map(\.value)
            if let arguments { _ = fields.map(arguments, "'with' of \(place)") }
            return PluginManifest.Example(
                title: found["title"].flatMap { fields.text($0.value, "'title' of \(place)") } ?? "",
                arguments: arguments?.value ?? .map([:]), files: files)
        }
    }

    // MARK: The rest

    private mutating func schemes(_ entry: Node.Entry?) -> [String] {
        guard let entry else { return [] }
        return (fields.list(entry.value, "'secrets'") ?? []).compactMap { node in
            guard let scheme = fields.text(node, "an item of 'secrets'") else { return nil }
            guard ManifestFields.isName(scheme) else {
                fields.report(
                    "invalid-name", "'\(scheme)' cannot be a scheme of secrets",
                    hint: "lower-case letters, digits and '-'; it starts with a letter", at: node.range)
                return nil
            }
            return scheme
        }
    }

    private mutating func permissions(_ entry: Node.Entry?) -> PluginPermissions {
        var permissions = PluginPermissions()
        let keys = ["read", "write", "net", "exec", "secrets", "env"]
        guard let entry, let found = fields.entries(entry.value, keys: keys, "'permissions'") else {
            return permissions
        }
        permissions.range = entry.keyRange
        func texts(_ key: String) -> [String] { items(key).map(\.text) }
        func items(_ key: String) -> [(text: String, node: Node)] {
            guard let entry = found[key] else { return [] }
            let place = "'\(key)' of 'permissions'"
            if key == "net", case .scalar(let scalar) = entry.value.content, scalar.text == "none" { return [] }
            return (fields.list(entry.value, place) ?? []).compactMap { node in
                fields.text(node, "an item of \(place)").map { ($0, node) }
            }
        }
        func paths(_ key: String) -> [String] {
            items(key).map { item in
                if let problem = PermissionPath.problem(of: item.text) {
                    fields.report(
                        "invalid-value", "'\(item.text)' of 'permissions' \(problem.text)", hint: problem.hint,
                        at: item.node.range)
                }
                return item.text
            }
        }
        permissions.read = paths("read")
        permissions.write = paths("write")
        permissions.exec = paths("exec")
        permissions.net = items("net").map { item in
            if NetworkGrant(item.text) == nil {
                fields.report(
                    "invalid-value", "'\(item.text)' of 'permissions' is no 'host:port'",
                    hint: NetworkGrant.rewrite(of: item.text), at: item.node.range)
            }
            return item.text
        }
        permissions.secrets = texts("secrets")
        permissions.env = texts("env")
        return permissions
    }
}
