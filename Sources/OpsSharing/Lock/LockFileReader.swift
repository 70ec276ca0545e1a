package import OpsCore
import OpsRegistry
import OpsSystem
import OpsYAML
import OrderedCollections

extension LockFile {
    /// Past it a lock is no lock.
    private static let sizeLimit = 8 << 20

    /// The lock in a file; nil where there is none.
    ///
    /// - Parameter name: of the file, for messages.
    /// Throws: a `DiagnosticsError` with all that is wrong in it.
    package static func read(_ path: String, name: String) throws(DiagnosticsError) -> LockFile? {
        let bytes: [UInt8]
        do throws(OpsError) {
            bytes = try readFile(path, limit: sizeLimit)
        } catch {
            if error.code == .notFound { return nil }
            throw DiagnosticsError([Diagnostic(code: error.code.description, error.message, hint: error.hint)])
        }
        return try LockFile(bytes, file: name)
    }

    /// Reads a lock. Throws: a `DiagnosticsError` with all that is wrong in it.
    package init(_ bytes: [UInt8], file: String) throws(DiagnosticsError) {
        var reader = LockReader()
        let entries = reader.entries(try YAML.parse(bytes, file: file))
        guard reader.problems.isEmpty else { throw DiagnosticsError(reader.problems) }
        self.init(entries: entries)
    }
}

private struct LockReader {
    var problems: [Diagnostic] = []

    mutating func entries(_ node: Node) -> [LockEntry] {
        guard let fields = fields(node, "the lock", ["version"] + LockEntry.Kind.allCases.map(\.rawValue)) else {
            return []
        }
        guard let version = fields["version"], version.value == .integer(LockFile.version) else {
            report(
                "this ops knows locks of version \(LockFile.version)", fields["version"]?.range ?? node.range,
                hint: "use a newer ops, or remove the file and run 'ops lock'")
            return []
        }
        var entries: [LockEntry] = []
        for kind in LockEntry.Kind.allCases {
            guard let list = fields[kind.rawValue] else { continue }
            for item in self.mapping(list, "'\(kind.rawValue)'") {
                if let entry = entry(kind, item) { entries.append(entry) }
            }
        }
        return entries
    }

    private mutating func entry(_ kind: LockEntry.Kind, _ item: Node.Entry) -> LockEntry? {
        let place = "'\(item.key)'"
        do throws(OpsError) {
            _ = try RemoteSource(item.key)
        } catch {
            report("\(place) \(error.message)", item.keyRange, hint: error.hint)
            return nil
        }
        let keys = ["requested", "resolved", "tree", "platforms", "signer", "permissions"]
        guard let fields = fields(item.value, place, keys) else { return nil }
        var builds: OrderedDictionary<String, LockEntry.Build> = [:]
        for build in fields["platforms"].map({ mapping($0, "'platforms'") }) ?? [] {
            guard let fields = self.fields(build.value, "'\(build.key)'", ["resolved", "tree"]),
                let resolved = digest(fields["resolved"], "resolved", build.keyRange),
                let tree = digest(fields["tree"], "tree", build.keyRange)
            else { continue }
            builds[build.key] = LockEntry.Build(resolved: resolved, tree: tree)
        }
        guard let requested = text(fields["requested"], "requested", item.keyRange),
            let resolved = text(fields["resolved"], "resolved", item.keyRange)
        else { return nil }
        guard isCommit(resolved) || (try? Digest(resolved)) != nil else {
            report(
                "'resolved' of \(place) is neither a commit nor a digest", fields["resolved"]?.range ?? item.keyRange)
            return nil
        }
        guard !builds.isEmpty || fields["tree"] != nil else {
            report("\(place) has no 'tree'", item.keyRange)
            return nil
        }
        var permissions: OrderedDictionary<String, [String]> = [:]
        for permission in fields["permissions"].map({ mapping($0, "'permissions'") }) ?? [] {
            guard case .sequence(let items) = permission.value.content else {
                report("'\(permission.key)' needs a list", permission.value.range)
                continue
            }
            permissions[permission.key] = items.compactMap { $0.value.scalarText }
        }
        let problemCount = problems.count
        let tree = fields["tree"].flatMap { digest($0, "tree", item.keyRange) }
        let signer = fields["signer"].flatMap { text($0, "signer", item.keyRange) }
        guard problems.count == problemCount else { return nil }
        return LockEntry(
            kind: kind, source: item.key, requested: requested, resolved: resolved, tree: tree, builds: builds,
            signer: signer, permissions: permissions)
    }

    // MARK: Nodes

    private mutating func report(_ message: String, _ range: SourceRange, hint: String? = nil) {
        problems.append(Diagnostic(code: "invalid-lock", message, hint: hint, at: range))
    }

    private mutating func mapping(_ node: Node, _ place: String) -> [Node.Entry] {
        if case .mapping(let entries) = node.content { return entries }
        report("\(place) needs a map", node.range)
        return []
    }

    private mutating func fields(_ node: Node, _ place: String, _ keys: [String]) -> [String: Node]? {
        guard case .mapping(let entries) = node.content else {
            report("\(place) needs a map", node.range)
            return nil
        }
        var fields: [String: Node] = [:]
        for entry in entries {
            if keys.contains(entry.key) {
                fields[entry.key] = entry.value
            } else {
                let near = nearestName(to: entry.key, among: keys)
                report(
                    "unknown key '\(entry.key)' in \(place)", entry.keyRange, hint: near.map { "did you mean '\($0)'?" }
                )
            }
        }
        return fields
    }

    private mutating func text(_ node: Node?, _ key: String, _ owner: SourceRange) -> String? {
        guard let text = node?.value.scalarText, !text.isEmpty else {
            report("there is no text for '\(key)'", node?.range ?? owner)
            return nil
        }
        return text
    }

    private mutating func digest(_ node: Node?, _ key: String, _ owner: SourceRange) -> Digest? {
        guard let text = text(node, key, owner) else { return nil }
        do throws(OpsError) {
            let digest = try Digest(text)
            guard digest.algorithm == "sha256" else { throw OpsError(.invalid, "'\(key)' is no sha256 digest") }
            return digest
        } catch {
            report(error.message, node?.range ?? owner, hint: error.hint)
            return nil
        }
    }

    private func isCommit(_ text: String) -> Bool {
        (text.utf8.count == 40 || text.utf8.count == 64)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
