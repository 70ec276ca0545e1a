import OpsCore
import OpsPlugin
import OpsYAML
import OrderedCollections

/// How a sops file is written; by its name, as sops does.
enum SopsFormat: String, Sendable, CaseIterable {
    case yaml, json, dotenv, ini
    /// One value, in a JSON file of any other name.
    case binary

    init(path: String) {
        self =
            if path.hasSuffix(".yaml") || path.hasSuffix(".yml") {
                .yaml
            } else if path.hasSuffix(".json") {
                .json
            } else if path.hasSuffix(".env") {
                .dotenv
            } else if path.hasSuffix(".ini") {
                .ini
            } else {
                .binary
            }
    }

    /// What `?format=` says, else the name.
    init(_ reference: SecretReference) {
        self = reference.options["format"].flatMap { Self(rawValue: $0) } ?? Self(path: reference.path)
    }
}

/// A sops file as it is written: the encrypted tree and what sops keeps of it.
struct SopsDocument: Sendable {
    var tree: ValueMap
    var metadata: Value

    private static let limits = YAMLLimits(bytes: 16 << 20, levels: 64, nodes: 200_000)

    /// Throws: a `SecretFailure` (`invalid`) that continues the file's name and quotes nothing of it.
    init(_ bytes: [UInt8], _ format: SopsFormat) throws(SecretFailure) {
        switch format {
        case .yaml: (tree, metadata) = try Self.divided(Self.yaml(bytes))
        case .json, .binary: (tree, metadata) = try Self.divided(try? JSONReader.value(bytes), "JSON")
        case .dotenv: (tree, metadata) = try Self.flat(DotenvReader.entries(bytes))
        case .ini:
            var sections = try INIReader.sections(bytes)
            guard case .map(let own)? = sections.removeValue(forKey: "sops") else { throw Self.notEncrypted }
            tree = sections
            metadata = try FlatMetadata.value(own)
        }
    }

    private static let notEncrypted = SecretFailure(
        .invalid, "is not encrypted with sops: it holds no metadata of sops",
        hint: "encrypt it with sops, or read it with file://")

    private static func yaml(_ bytes: [UInt8]) throws(SecretFailure) -> Value {
        do {
            return SopsYAML.value(try YAML.parse(bytes, file: "", limits: limits))
        } catch {
            let first = error.diagnostics.first
            let line = first?.range.map { " (line \($0.start.line))" } ?? ""
            throw SecretFailure(.invalid, "is no YAML that can be read: \(first?.code ?? "yaml-syntax")\(line)")
        }
    }

    private static func divided(_ value: Value?, _ name: String = "YAML") throws(SecretFailure) -> (ValueMap, Value) {
        guard let value else { throw SecretFailure(.invalid, "is not valid \(name)") }
        guard case .map(var map) = value, let metadata = map.removeValue(forKey: "sops"), case .map = metadata else {
            throw notEncrypted
        }
        return (map, metadata)
    }

    private static func flat(_ entries: ValueMap) throws(SecretFailure) -> (ValueMap, Value) {
        let prefix = "sops_"
        var (own, tree) = (ValueMap(), ValueMap())
        for (key, value) in entries {
            if key.hasPrefix(prefix) { own[String(key.dropFirst(prefix.count))] = value } else { tree[key] = value }
        }
        guard !own.isEmpty else { throw notEncrypted }
        return (tree, try FlatMetadata.value(own))
    }
}
