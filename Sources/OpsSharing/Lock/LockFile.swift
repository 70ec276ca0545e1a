import OpsCore
package import OpsRegistry
package import OrderedCollections

/// What the includes and plugins of one recipe are, exactly: `ops.lock` beside it (ops-recipe(5), "ops.lock").
package struct LockFile: Sendable, Equatable {
    /// The form of the file.
    package static let version = 1

    package var entries: [LockEntry]

    package init(entries: [LockEntry] = []) { self.entries = entries }

    /// The entry of a reference.
    package subscript(kind: LockEntry.Kind, source: String) -> LockEntry? {
        entries.first { $0.kind == kind && $0.source == source }
    }

    /// Puts an entry in the place of the one of its reference, or adds it.
    package mutating func set(_ entry: LockEntry) {
        entries.removeAll { $0.kind == entry.kind && $0.source == entry.source }
        entries.append(entry)
    }

    /// The file's text: sorted, a fact a line, and the same bytes for the same entries.
    package var text: String {
        var lines = [
            "# What this recipe includes from others, exactly. Written by 'ops lock'; review it as you review code.",
            "version: \(Self.version)",
        ]
        for kind in LockEntry.Kind.allCases {
            let own = entries.filter { $0.kind == kind }.sorted { $0.source < $1.source }
            guard !own.isEmpty else { continue }
            lines.append("\(kind.rawValue):")
            for entry in own { lines += entry.lines }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}

/// One include or plugin of others.
package struct LockEntry: Sendable, Equatable {
    /// By the key of the file that holds them.
    package enum Kind: String, Sendable, CaseIterable {
        case include = "includes"
        case plugin = "plugins"
    }

    /// What a plugin is on one platform.
    package struct Build: Sendable, Equatable {
        /// The manifest's.
        package var resolved: Digest
        package var tree: Digest
    }

    package var kind: Kind
    /// The reference as recipes write it.
    package var source: String
    /// The branch, tag, commit or digest that was asked for.
    package var requested: String
    /// The commit's full name, or the digest of the manifest or index.
    package var resolved: String
    /// Nil for a plugin that has a tree for each platform.
    package var tree: Digest?
    /// By platform, such as `linux-amd64`.
    package var builds: OrderedDictionary<String, Build> = [:]
    /// Who signed it, where that was checked.
    package var signer: String?
    /// What it declares that it may touch, for whoever reviews the file.
    package var permissions: OrderedDictionary<String, [String]> = [:]

    package init(
        kind: Kind, source: String, requested: String, resolved: String, tree: Digest?,
        builds: OrderedDictionary<String, Build> = [:], signer: String? = nil,
        permissions: OrderedDictionary<String, [String]> = [:]
    ) {
        self.kind = kind
        self.source = source
        self.requested = requested
        self.resolved = resolved
        self.tree = tree
        self.builds = builds
        self.signer = signer
        self.permissions = permissions
    }

    /// The tree that this machine uses; nil where the plugin has none for it.
    package var ownTree: Digest? { tree ?? builds[PlatformName.text(PlatformName.host)]?.tree }

    /// The trees of all platforms.
    package var trees: [Digest] { [tree].compactMap(\.self) + builds.values.map(\.tree) }

    /// What the entry is, whatever names it: the tree, or where there are several the index that names them all.
    var contentDigest: String { tree?.description ?? resolved }

    /// The names of the signer's key.
    package var signers: [String] { (signer ?? "").split(separator: ",").map(String.init) }

    fileprivate var lines: [String] {
        func quoted(_ text: String) -> String { JSONWriter.text(.string(text)) }
        var lines = [
            "  \(quoted(source)):", "    requested: \(quoted(requested))", "    resolved: \(quoted(resolved))",
        ]
        if let tree { lines.append("    tree: \(quoted(tree.description))") }
        if !builds.isEmpty {
            lines.append("    platforms:")
            for (platform, build) in builds.sorted(by: { $0.key < $1.key }) {
                lines.append("      \(quoted(platform)):")
                lines.append("        resolved: \(quoted(build.resolved.description))")
                lines.append("        tree: \(quoted(build.tree.description))")
            }
        }
        if let signer { lines.append("    signer: \(quoted(signer))") }
        if !permissions.isEmpty {
            lines.append("    permissions:")
            for (name, values) in permissions.sorted(by: { $0.key < $1.key }) {
                let list = values.isEmpty ? "" : " " + values.map(quoted).joined(separator: ", ") + " "
                lines.append("      \(quoted(name)): [\(list)]")
            }
        }
        return lines
    }
}
